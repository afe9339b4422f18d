package io.argosy.client.internal;

import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.proto.v2.Code;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The Fetch stream of one consumer to one broker group. Any replica can serve it, so that what is asked is asked again
 * elsewhere when a stream breaks or a replica lacks a message; the leader comes first, because it knows of new messages
 * first. Thread-safe; replies are told without a lock, on network threads.
 */
public final class FetchLink implements AutoCloseable {

    private static final MethodDescriptor<FetchRequest, FetchedAnswer> FETCH = BulkGrpc.getFetchMethod().toBuilder(
                    BulkGrpc.getFetchMethod().getRequestMarshaller(), new FetchedAnswer.Marshaller())
            .build();

    /** Answers that may be on their way; more only once these were taken. */
    private static final int INBOUND_MESSAGES = 4;

    private static final Duration LEADER_CHECK = Duration.ofSeconds(1);
    private static final long SOON_MILLIS = 20;
    /** A replica that lacks or garbles a message isn't asked for this long. */
    private static final long AVOID_NANOS = Duration.ofSeconds(10).toNanos();
    /** Refusals for want of a message, from replicas in turn, before it counts as lost. */
    private static final int LACKING_MAX = 9;

    private final ClusterLink link;
    private final String group;
    private final ClientIdentity identity;
    private final Runnable stopChecking;

    // Guarded by this; gRPC calls aren't thread-safe either.
    private final Map<Long, Ask> open = new LinkedHashMap<>();
    private final Map<HostPort, Long> avoidedUntilNanos = new HashMap<>();
    private @Nullable Stream stream;
    private long lastCorrelation;
    private int failures;
    private boolean reopening;
    private boolean closed;

    /** A request that is not answered yet. */
    public static final class Ask {
        private final long correlation;
        private final FetchRequest request;
        private final Reply<FetchedAnswer> reply;
        /** Replicas that said they lack the message. */
        private int lacking;

        private Ask(long correlation, FetchRequest request, Reply<FetchedAnswer> reply) {
            this.correlation = correlation;
            this.request = request;
            this.reply = reply;
        }
    }

    public FetchLink(ClusterLink link, String group, ClientIdentity identity) {
        this.link = link;
        this.group = group;
        this.identity = identity;
        this.stopChecking = link.every(LEADER_CHECK, this::followLeader);
    }

    /**
     * Asks until there is an answer, whatever its code, or {@link #forget}.
     *
     * @param request without correlation
     */
    public synchronized Ask ask(FetchRequest.Builder request, Reply<FetchedAnswer> reply) {
        long correlation = ++lastCorrelation;
        Ask ask = new Ask(correlation, request.setCorrelation(correlation).build(), reply);
        if (!closed) {
            open.put(correlation, ask);
            Stream current = stream;
            if (current != null) {
                current.call.sendMessage(ask.request);
            } else if (!reopening) {
                start();
            }
        }
        return ask;
    }

    /** Its reply is not told any more, unless it is being told right now. */
    public synchronized void forget(Ask ask) {
        open.remove(ask.correlation);
    }

    /** What came from the replica that serves now was not what had been stored: another one is asked for a while. */
    public synchronized void distrustServer() {
        Stream current = stream;
        if (current != null) {
            avoid(current.server);
            move();
        }
    }

    @Override
    public void close() {
        stopChecking.run();
        synchronized (this) {
            closed = true;
            open.clear();
            drop();
        }
    }

    private void avoid(HostPort server) {
        avoidedUntilNanos.put(server, System.nanoTime() + AVOID_NANOS);
    }

    private Set<HostPort> avoided() {
        long now = System.nanoTime();
        avoidedUntilNanos.values().removeIf(until -> until - now <= 0);
        return avoidedUntilNanos.keySet();
    }

    private Optional<HostPort> pick() {
        Target target = new Target.Group(group);
        Optional<HostPort> server = link.pick(target, avoided());
        if (server.isPresent()) {
            return server;
        }
        avoidedUntilNanos.clear();
        return link.pick(target, Set.of());
    }

    /** A leader that was elected elsewhere hears of new messages first. */
    private synchronized void followLeader() {
        Stream current = stream;
        Optional<HostPort> leader = link.leader(group);
        if (current != null
                && leader.isPresent()
                && !leader.get().equals(current.server)
                && !avoided().contains(leader.get())) {
            move();
        }
    }

    private void move() {
        drop();
        start();
    }

    private void drop() {
        Stream current = stream;
        stream = null;
        if (current != null) {
            current.call.cancel("no longer wanted", null);
        }
    }

    /** Opens a stream and asks everything that is open. */
    private void start() {
        if (closed || stream != null) {
            return;
        }
        Optional<HostPort> server = link.isClosed() ? Optional.empty() : pick();
        if (server.isEmpty()) {
            startLater();
            return;
        }
        ClientCall<FetchRequest, FetchedAnswer> call =
                link.connections().channel(server.get()).newCall(FETCH, CallOptions.DEFAULT);
        Stream started = new Stream(server.get(), call);
        stream = started;
        call.start(started, identity.headers());
        call.request(INBOUND_MESSAGES);
        for (Ask ask : open.values()) {
            if (stream != started) {
                return; // It broke at once.
            }
            call.sendMessage(ask.request);
        }
    }

    private void startLater() {
        if (reopening || closed) {
            return;
        }
        reopening = link.after(Math.max(SOON_MILLIS, Backoff.millis(failures)), () -> {
            synchronized (this) {
                reopening = false;
                if (stream == null && !open.isEmpty()) {
                    start();
                }
            }
        });
    }

    private final class Stream extends ClientCall.Listener<FetchedAnswer> {

        private final HostPort server;
        private final ClientCall<FetchRequest, FetchedAnswer> call;

        Stream(HostPort server, ClientCall<FetchRequest, FetchedAnswer> call) {
            this.server = server;
            this.call = call;
        }

        @Override
        public void onMessage(FetchedAnswer answer) {
            Ask ask;
            boolean lost = false;
            synchronized (FetchLink.this) {
                if (stream != this) {
                    return; // What was open is asked elsewhere.
                }
                failures = 0;
                ask = open.get(answer.correlation());
                if (ask != null && answer.code() == Code.HA_NOT_AVAILABLE_VALUE) {
                    lost = ++ask.lacking >= LACKING_MAX;
                    if (!lost) {
                        avoid(server);
                        drop();
                        startLater();
                        return;
                    }
                }
                open.remove(answer.correlation());
            }
            if (ask != null) {
                ask.reply.answered(answer);
            }
            synchronized (FetchLink.this) {
                call.request(1);
            }
        }

        @Override
        public void onClose(io.grpc.Status status, Metadata trailers) {
            List<Ask> refused = new ArrayList<>();
            boolean broken = false;
            synchronized (FetchLink.this) {
                if (stream != this) {
                    return;
                }
                stream = null;
                failures++;
                switch (status.getCode()) {
                    case UNIMPLEMENTED, UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT -> {
                        refused.addAll(open.values());
                        open.clear();
                    }
                    default -> {
                        broken = !status.isOk();
                        startLater();
                    }
                }
            }
            if (broken) {
                link.distrust(new Target.Group(group), server);
            }
            refused.forEach(ask -> ask.reply.failed(new CallFailure(
                    CallFailure.Kind.REFUSED,
                    0,
                    "fetching was refused: "
                            + Explain.transport(server, status, link.settings().tls()))));
        }
    }
}
