package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import io.argosy.broker.session.ClientRegistry;
import io.argosy.proto.v1.ClientReport;
import io.argosy.proto.v1.ClientReportAck;
import io.argosy.proto.v1.RelayGrpc;
import io.argosy.proto.v1.RelayRequest;
import io.argosy.proto.v1.RelayResponse;
import io.argosy.proto.v2.Code;
import io.argosy.wire.grpc.Rebinding;
import io.argosy.wire.protocol.ClientMethod;
import io.argosy.wire.protocol.Statuses;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's side of relay streams, on the peer port behind the cluster secret. A call that comes this way never
 * goes on to another replica.
 *
 * <p>Others hear of a new leader before it serves: it must first apply an entry of its own term. What they relay in that
 * moment waits here, in its order, instead of going back and forth; what waits is bounded by what they may relay.
 */
final class RelayService extends RelayGrpc.RelayImplBase {

    private static final Logger log = LoggerFactory.getLogger(RelayService.class);

    /** Then whoever relayed shall decide again. */
    private static final long ARRIVING_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(500);

    private final Map<String, LeaderCall> leaderCalls;
    private final Leadership leadership;
    private final ClientRegistry clients;
    private final Timers timers;
    private final InstantSource clock;
    private final Set<Incoming> streams = ConcurrentHashMap.newKeySet();

    RelayService(
            Map<String, LeaderCall> leaderCalls,
            Leadership leadership,
            ClientRegistry clients,
            Timers timers,
            InstantSource clock) {
        this.clock = clock;
        this.leaderCalls = Map.copyOf(leaderCalls);
        this.leadership = leadership;
        this.clients = clients;
        this.timers = timers;
        leadership.onChange(() -> timers.schedule(0, this::drainAll));
    }

    private void drainAll() {
        streams.forEach(Incoming::drain);
    }

    ServerServiceDefinition definition() {
        return Rebinding.aliasing(bindService());
    }

    @Override
    public void reportClients(ClientReport report, StreamObserver<ClientReportAck> answer) {
        boolean leading = leadership.view().self();
        if (leading) {
            clients.merge(report);
        }
        answer.onNext(ClientReportAck.newBuilder().setNotLeader(!leading).build());
        answer.onCompleted();
    }

    @Override
    public StreamObserver<RelayRequest> forward(StreamObserver<RelayResponse> answers) {
        ServerCallStreamObserver<RelayResponse> responses = (ServerCallStreamObserver<RelayResponse>) answers;
        Incoming incoming = new Incoming(responses);
        streams.add(incoming);
        responses.setOnCancelHandler(incoming::abandonAll);
        return incoming;
    }

    private final class Incoming implements StreamObserver<RelayRequest> {

        private final ServerCallStreamObserver<RelayResponse> responses;
        // Guarded by this, as are all writes.
        private final Map<Long, RelaySink> open = new HashMap<>();
        /** In order of arrival: for {@link #drain} to hand on, or for this replica to serve. */
        private final ArrayDeque<Arrived> arrived = new ArrayDeque<>();

        private boolean draining;
        private boolean timed;
        private boolean ended;

        private record Arrived(RelayRequest request, RelaySink sink, long atNanos) {}

        Incoming(ServerCallStreamObserver<RelayResponse> responses) {
            this.responses = responses;
        }

        @Override
        public void onNext(RelayRequest request) {
            if (request.getCancel()) {
                remove(request.getCallId()).ifPresent(RelaySink::abandon);
                return;
            }
            RelaySink sink = new RelaySink(this, request.getCallId());
            synchronized (this) {
                if (ended) {
                    return;
                }
                open.put(request.getCallId(), sink);
                arrived.add(new Arrived(request, sink, timers.nanoTime()));
            }
            drain();
        }

        /** One thread at a time hands on, so that the order stays; another one's news it sees in its next step. */
        void drain() {
            synchronized (this) {
                if (draining) {
                    return;
                }
                draining = true;
            }
            Optional<Arrived> next = next();
            while (next.isPresent()) {
                handle(next.get().request, next.get().sink);
                next = next();
            }
        }

        private synchronized Optional<Arrived> next() {
            Arrived first = arrived.peek();
            if (first == null || ended || mayServeSoon(first)) {
                draining = false;
                return Optional.empty();
            }
            return Optional.of(arrived.remove());
        }

        /** Whoever relays here takes this replica for the leader, and this one knows of no other. */
        private boolean mayServeSoon(Arrived first) {
            long leftNanos = first.atNanos + ARRIVING_NANOS_MAX - timers.nanoTime();
            if (leadership.view().leader().isPresent() || leftNanos <= 0) {
                return false;
            }
            if (!timed) {
                timed = true;
                timers.schedule(leftNanos, this::timeIsUp);
            }
            return true;
        }

        private void timeIsUp() {
            synchronized (this) {
                timed = false;
            }
            drain();
        }

        @Override
        public void onError(Throwable failure) {
            abandonAll();
        }

        @Override
        public void onCompleted() {
            abandonAll();
            synchronized (this) {
                if (!responses.isCancelled()) {
                    responses.onCompleted();
                }
            }
        }

        private void handle(RelayRequest request, RelaySink sink) {
            if (!leadership.view().self()) {
                sink.notLeader();
                return;
            }
            LeaderCall handler = leaderCalls.get(request.getMethod());
            Optional<ClientMethod> method = ClientMethod.named(request.getMethod());
            if (handler == null || method.isEmpty()) {
                // The two replicas run different versions.
                sink.fail(Status.UNIMPLEMENTED.withDescription("the leader does not know " + request.getMethod()));
                return;
            }
            clients.touch(request.getClientId());
            CallContext context = new CallContext(
                    request.getClientId(),
                    request.getLanguage(),
                    request.getClientVersion(),
                    request.getNamespace(),
                    request.getUserAgent(),
                    timers.nanoTime() + TimeUnit.MILLISECONDS.toNanos(request.getDeadlineMillis()));
            try {
                handler.handle(context, request.getRequest(), sink);
            } catch (RuntimeException e) {
                log.error("leader call failed method={} clientId={}", request.getMethod(), request.getClientId(), e);
                sink.refuse(
                        method.get(),
                        request.getRequest(),
                        Statuses.of(Code.INTERNAL_ERROR, "see the server's log"),
                        clock.instant());
            }
        }

        private synchronized Optional<RelaySink> remove(long callId) {
            return Optional.ofNullable(open.remove(callId));
        }

        /** @param last the call ends with this frame */
        void write(RelaySink sink, RelayResponse.Builder frame, boolean last) {
            synchronized (this) {
                if (ended || open.get(sink.callId) != sink) {
                    return;
                }
                if (last) {
                    open.remove(sink.callId);
                }
                responses.onNext(frame.setCallId(sink.callId).build());
            }
        }

        private void abandonAll() {
            List<RelaySink> abandoned;
            streams.remove(this);
            synchronized (this) {
                ended = true;
                arrived.clear();
                abandoned = new ArrayList<>(open.values());
                open.clear();
            }
            abandoned.forEach(RelaySink::abandon);
        }
    }

    /** Keeps one response back, so that the last one travels in one frame with the end of the call. */
    private static final class RelaySink implements ResponseSink {

        private final Incoming incoming;
        private final long callId;
        // Guarded by this.
        private final List<Runnable> whenAbandoned = new ArrayList<>(1);
        private Optional<ByteString> pending = Optional.empty();
        private volatile boolean abandoned;

        RelaySink(Incoming incoming, long callId) {
            this.incoming = incoming;
            this.callId = callId;
        }

        @Override
        public synchronized void next(ByteString response) {
            pending.ifPresent(
                    earlier -> incoming.write(this, RelayResponse.newBuilder().setResponse(earlier), false));
            pending = Optional.of(response);
        }

        @Override
        public synchronized void complete() {
            RelayResponse.Builder frame = RelayResponse.newBuilder().setCompleted(true);
            pending.ifPresent(frame::setResponse);
            incoming.write(this, frame, true);
        }

        @Override
        public void notLeader() {
            incoming.write(this, RelayResponse.newBuilder().setNotLeader(true), true);
        }

        @Override
        public void outcomeUnknown() {
            incoming.write(this, RelayResponse.newBuilder().setOutcomeUnknown(true), true);
        }

        void fail(Status status) {
            RelayResponse.Builder frame =
                    RelayResponse.newBuilder().setGrpcStatus(status.getCode().value());
            if (status.getDescription() != null) {
                frame.setGrpcMessage(status.getDescription());
            }
            incoming.write(this, frame, true);
        }

        /** Ends with an answer that says nothing but a status. */
        void refuse(ClientMethod method, ByteString request, io.argosy.proto.v2.Status status, Instant now) {
            method.refusal(status, request, now).forEach(this::next);
            complete();
        }

        @Override
        public boolean cancelled() {
            return abandoned;
        }

        @Override
        public void onCancel(Runnable action) {
            synchronized (whenAbandoned) {
                if (!abandoned) {
                    whenAbandoned.add(action);
                    return;
                }
            }
            action.run();
        }

        void abandon() {
            List<Runnable> actions;
            synchronized (whenAbandoned) {
                abandoned = true;
                actions = List.copyOf(whenAbandoned);
                whenAbandoned.clear();
            }
            actions.forEach(Runnable::run);
        }
    }
}
