package io.argosy.client.internal;

import io.argosy.client.internal.CallFailure.Kind;
import io.argosy.proto.v1.ProduceResponse;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Status;
import io.argosy.wire.batch.CompactBatchBuilder.Sealed;
import io.argosy.wire.bulk.BatchOut;
import io.argosy.wire.bulk.BulkMethods;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings one producer's batches to the leaders of their groups: one stream per server, opened with its first batch. A
 * batch goes to one server at a time and moves on when that one breaks, is silent or says that another leads, unchanged,
 * so that it is stored once; until its deadline. Thread-safe.
 */
public final class ProduceStreams implements AutoCloseable {

    /** How often batches under way are looked at; nothing runs while there are none. */
    private static final long LOOK_MILLIS = 50;

    private final ClusterLink link;
    private final ClientIdentity identity;
    private final Map<HostPort, Stream> streams = new ConcurrentHashMap<>();

    public ProduceStreams(ClusterLink link, ClientIdentity identity) {
        this.link = link;
        this.identity = identity;
    }

    /** Takes the one outcome of a batch, on a network thread or the timer thread; must not block. */
    public interface Outcome {

        /**
         * @param baseOffset of the first message; -1 if it is not known any more
         * @param untouched the first attempt succeeded: nobody will read the batch's arrays again
         */
        void stored(long baseOffset, boolean untouched);

        void failed(CallFailure failure);
    }

    /** @param deadlineNanos of System.nanoTime */
    public void send(Queue queue, Sealed batch, long deadlineNanos, Outcome outcome) {
        new Delivery(queue, batch, deadlineNanos, outcome).attempt();
    }

    /** No more batches come; what is under way is still answered. */
    @Override
    public void close() {
        streams.values().forEach(Stream::halfClose);
    }

    /**
     * One batch. Attempts follow each other, so fields need no lock: each hand-over between threads goes through a
     * stream's lock or the timer.
     */
    private final class Delivery {
        private final Queue queue;
        private final Target.Group target;
        private final Sealed batch;
        private final long deadlineNanos;
        private final Outcome outcome;
        private final Set<HostPort> tried = new HashSet<>(4);
        private int attempts;
        private int round;
        private boolean maybeDone;
        private @Nullable CallFailure last;
        private long sentNanos;
        private Optional<SilenceWatch.Open> watched = Optional.empty();

        Delivery(Queue queue, Sealed batch, long deadlineNanos, Outcome outcome) {
            this.queue = queue;
            this.target = new Target.Group(queue.group());
            this.batch = batch;
            this.deadlineNanos = deadlineNanos;
            this.outcome = outcome;
        }

        private String what() {
            return "sending to topic " + queue.topic();
        }

        void attempt() {
            if (link.isClosed()) {
                closed();
            } else if (deadlineNanos - System.nanoTime() <= 0) {
                expired();
            } else {
                Optional<HostPort> server = link.pick(target, tried);
                if (server.isEmpty()) {
                    tried.clear();
                    later();
                } else {
                    sendTo(server.get());
                }
            }
        }

        private void sendTo(HostPort server) {
            tried.add(server);
            attempts++;
            boolean taken = false;
            while (!taken) {
                taken = streams.computeIfAbsent(server, Stream::new).send(this);
            }
        }

        private void later() {
            long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
            if (!link.after(Math.max(1, Math.min(leftMillis, Backoff.millis(round++))), this::attempt)) {
                closed();
            }
        }

        private void closed() {
            outcome.failed(new CallFailure(Kind.CLOSED, 0, what() + " ended: the client was closed"));
        }

        void expired() {
            String reason = last == null ? "no server answered" : last.getMessage();
            if (maybeDone) {
                outcome.failed(new CallFailure(
                        Kind.UNKNOWN_OUTCOME,
                        last == null ? 0 : last.code(),
                        what() + " was not confirmed in time and may or may not have happened; last: " + reason));
            } else {
                outcome.failed(new CallFailure(
                        last == null ? Kind.NOT_REACHABLE : last.kind(),
                        last == null ? 0 : last.code(),
                        what() + " did not succeed in time: " + reason));
            }
        }

        void answered(ProduceResponse answer) {
            if (answer.getCode() == Code.OK_VALUE) {
                outcome.stored(answer.getBaseOffset(), attempts == 1);
                return;
            }
            Status status = Status.newBuilder()
                    .setCodeValue(answer.getCode())
                    .setMessage(answer.getMessage())
                    .build();
            CallFailure failure = StatusCodes.failure(status, what());
            if (!StatusCodes.isRetryable(status.getCode())) {
                outcome.failed(failure);
                return;
            }
            maybeDone |= StatusCodes.isUnknownOutcome(status.getCode());
            last = failure;
            Optional<HostPort> leader =
                    answer.getLeader().isEmpty() ? Optional.empty() : Optional.of(HostPort.parse(answer.getLeader()));
            link.doubtLeader(target);
            if (leader.isPresent() && !tried.contains(leader.get()) && deadlineNanos - System.nanoTime() > 0) {
                sendTo(leader.get());
                return;
            }
            tried.clear();
            later();
        }

        void broken(HostPort server, io.grpc.Status status, boolean certain) {
            last = new CallFailure(
                    Kind.NOT_REACHABLE,
                    0,
                    Explain.transport(server, status, link.settings().tls()));
            link.distrust(target, server);
            maybeDone |= !certain;
            switch (status.getCode()) {
                case UNIMPLEMENTED, UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT ->
                    outcome.failed(new CallFailure(Kind.REFUSED, 0, what() + " was refused: " + last.getMessage()));
                case RESOURCE_EXHAUSTED -> later();
                default -> attempt();
            }
        }
    }

    /** One stream to one server. */
    private final class Stream extends ClientCall.Listener<ProduceResponse> {
        private final HostPort server;
        private final ClientCall<BatchOut, ProduceResponse> call;

        // Guarded by this: senders, answers and the timer come here, and gRPC wants one sender at a time.
        private final Map<Long, Delivery> underWay = new HashMap<>();
        private long correlations;
        private boolean started;
        private boolean closing;
        private boolean ended;
        private boolean looking;
        /** Inside gRPC, which may end a stream that has nowhere to go before it returns. */
        private boolean sending;

        private io.grpc.Status end = io.grpc.Status.OK;

        Stream(HostPort server) {
            this.server = server;
            this.call = link.connections().channel(server).newCall(BulkMethods.PRODUCE_CLIENT, CallOptions.DEFAULT);
        }

        /** False if the stream has ended: another one is to be opened. */
        boolean send(Delivery delivery) {
            synchronized (this) {
                if (ended || closing) {
                    streams.remove(server, this);
                    return false;
                }
                sending = true;
                if (!started) {
                    started = true;
                    call.start(this, identity.headers());
                    call.request(Integer.MAX_VALUE);
                }
                long correlation = ++correlations;
                delivery.sentNanos = System.nanoTime();
                delivery.watched = Optional.of(link.watch(delivery.target, server, this::leave));
                underWay.put(correlation, delivery);
                if (!ended) {
                    call.sendMessage(new BatchOut(correlation, delivery.queue.topic(), delivery.batch));
                    lookLater();
                }
                sending = false;
                if (!ended) {
                    return true;
                }
            }
            // Not under the lock: what is under way goes to other streams now.
            leaveNothing();
            return true;
        }

        /** Somebody else leads, and this server is silent: frozen, or cut off. */
        private void leave() {
            call.cancel("another replica leads", null);
        }

        void halfClose() {
            synchronized (this) {
                if (!started || ended || closing) {
                    return;
                }
                closing = true;
                call.halfClose();
            }
        }

        private void lookLater() {
            if (!looking) {
                looking = link.after(LOOK_MILLIS, this::look);
            }
        }

        /** Fails what is over time; leaves a server that took too long for one batch. */
        private void look() {
            List<Delivery> over = new ArrayList<>(0);
            boolean silent = false;
            synchronized (this) {
                looking = false;
                long now = System.nanoTime();
                long patienceNanos = link.settings().requestTimeout().toNanos();
                for (var each = underWay.values().iterator(); each.hasNext(); ) {
                    Delivery delivery = each.next();
                    if (now - delivery.deadlineNanos >= 0) {
                        each.remove();
                        over.add(delivery);
                    } else if (now - delivery.sentNanos >= patienceNanos) {
                        silent = true;
                    }
                }
                if (!underWay.isEmpty()) {
                    lookLater();
                }
            }
            for (Delivery delivery : over) {
                delivery.watched.ifPresent(link::unwatch);
                delivery.maybeDone = true;
                delivery.expired();
            }
            if (silent) {
                call.cancel("no answer in " + link.settings().requestTimeout().toMillis() + " ms", null);
            }
        }

        @Override
        public void onMessage(ProduceResponse answer) {
            Delivery delivery;
            synchronized (this) {
                delivery = underWay.remove(answer.getCorrelation());
            }
            if (delivery != null) {
                delivery.watched.ifPresent(link::unwatch);
                delivery.answered(answer);
            }
        }

        @Override
        public void onClose(io.grpc.Status status, Metadata trailers) {
            streams.remove(server, this);
            synchronized (this) {
                ended = true;
                end = status;
                if (sending) {
                    return; // The same thread, further up, goes on.
                }
            }
            leaveNothing();
        }

        private void leaveNothing() {
            List<Delivery> open;
            io.grpc.Status why;
            synchronized (this) {
                open = List.copyOf(underWay.values());
                underWay.clear();
                why = end.isOk() ? io.grpc.Status.UNAVAILABLE.withDescription("the server ended the stream") : end;
            }
            boolean neverConnected = neverConnected(why);
            for (Delivery delivery : open) {
                delivery.watched.ifPresent(link::unwatch);
                delivery.broken(server, why, neverConnected);
            }
        }

        private boolean neverConnected(io.grpc.Status status) {
            for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof ConnectException || cause instanceof UnknownHostException) {
                    return true;
                }
            }
            return false;
        }
    }
}
