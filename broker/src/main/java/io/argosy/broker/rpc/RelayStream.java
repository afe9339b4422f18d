package io.argosy.broker.rpc;

import io.argosy.broker.rpc.RoutedCall.Attempt;
import io.argosy.proto.v1.RelayRequest;
import io.argosy.proto.v1.RelayResponse;
import io.argosy.raft.ReplicaId;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls of one client connection on their way to one leader, and the answers on their way back. */
final class RelayStream extends ClientCall.Listener<RelayResponse> {

    private static final Logger log = LoggerFactory.getLogger(RelayStream.class);

    /** Answers that may arrive before the client has taken earlier ones. */
    private static final int ANSWERS_AHEAD = 8;

    private final ReplicaId leader;
    private final ClientLane lane;
    private final RelayLink link;
    private final Timers timers;

    // Guarded by this, as is every use of the gRPC call.
    private final Map<Long, Attempt> unanswered = new HashMap<>();
    private long callIds;
    private boolean ended;
    private int answersOwed;
    private volatile @Nullable ClientCall<RelayRequest, RelayResponse> call;
    private @Nullable CompletableFuture<Void> proof;

    RelayStream(ReplicaId leader, ClientLane lane, RelayLink link, Timers timers) {
        this.leader = leader;
        this.lane = lane;
        this.link = link;
        this.timers = timers;
    }

    ReplicaId leader() {
        return leader;
    }

    void open() {
        CompletableFuture<Void> proving = link.proved();
        synchronized (this) {
            proof = proving;
        }
        CompletableFuture<Void> unused = proving.whenComplete((nothing, failure) -> {
            if (failure == null) {
                start();
            } else {
                end(Status.fromThrowable(failure), false);
            }
        });
    }

    private void start() {
        ClientCall<RelayRequest, RelayResponse> started = link.newStream();
        started.start(this, new Metadata());
        started.request(ANSWERS_AHEAD);
        synchronized (this) {
            if (ended) {
                started.cancel("not needed any more", null);
                return;
            }
            // Only now: gRPC may not be asked about a call that has not started.
            call = started;
        }
        lane.drain();
    }

    /** Whether a request would leave now; only then it is sent, so that what was not sent stays with the lane. */
    boolean ready() {
        ClientCall<RelayRequest, RelayResponse> started = call;
        return started != null && started.isReady();
    }

    void send(Attempt attempt) {
        RoutedCall routed = attempt.routed;
        CallContext context = routed.context;
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(context.deadlineNanos() - timers.nanoTime());
        RelayRequest.Builder request = RelayRequest.newBuilder()
                .setMethod(routed.call.method().bareName())
                .setClientId(context.clientId())
                .setLanguage(context.language())
                .setClientVersion(context.clientVersion())
                .setNamespace(context.namespace())
                .setUserAgent(context.userAgent())
                .setDeadlineMillis((int) Math.max(0, Math.min(Integer.MAX_VALUE, leftMillis)))
                .setRequest(routed.request());
        synchronized (this) {
            ClientCall<RelayRequest, RelayResponse> started = call;
            if (!ended && started != null && !attempt.abandoned) {
                long callId = ++callIds;
                unanswered.put(callId, attempt);
                started.sendMessage(request.setCallId(callId).build());
                return;
            }
        }
        lane.bounced(attempt, false);
    }

    /** The client is gone: the leader need not go on. */
    synchronized void cancel(Attempt attempt) {
        ClientCall<RelayRequest, RelayResponse> started = call;
        if (ended || started == null) {
            return;
        }
        for (Map.Entry<Long, Attempt> entry : unanswered.entrySet()) {
            if (entry.getValue() == attempt) {
                long callId = entry.getKey();
                unanswered.remove(callId);
                started.sendMessage(RelayRequest.newBuilder()
                        .setCallId(callId)
                        .setCancel(true)
                        .build());
                break;
            }
        }
    }

    /** Ends the stream from this side; what it carried goes back to the lane. */
    void close(String reason) {
        ClientCall<RelayRequest, RelayResponse> started = call;
        end(Status.CANCELLED.withDescription(reason), true);
        if (started != null) {
            synchronized (this) {
                started.cancel(reason, null);
            }
        }
    }

    @Override
    public void onReady() {
        lane.drain();
    }

    @Override
    public void onMessage(RelayResponse response) {
        Attempt attempt = take(response);
        if (attempt == null) {
            replenish();
        } else if (response.getNotLeader() || response.getOutcomeUnknown()) {
            lane.bounced(attempt, response.getOutcomeUnknown());
            replenish();
        } else if (response.getGrpcStatus() != 0) {
            if (lane.finish(attempt)) {
                attempt.routed.call.fail(
                        Status.fromCodeValue(response.getGrpcStatus()).withDescription(response.getGrpcMessage()));
            }
            replenish();
        } else {
            pass(attempt, response);
        }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        end(status, status.getCode() != Status.Code.UNAUTHENTICATED);
    }

    /** The attempt it answers, null if nobody waits for it any more. */
    private synchronized @Nullable Attempt take(RelayResponse response) {
        boolean last = response.getCompleted()
                || response.getNotLeader()
                || response.getOutcomeUnknown()
                || response.getGrpcStatus() != 0;
        return last ? unanswered.remove(response.getCallId()) : unanswered.get(response.getCallId());
    }

    private void pass(Attempt attempt, RelayResponse response) {
        RoutedCall routed = attempt.routed;
        if (!response.getResponse().isEmpty() && lane.beginAnswer(attempt)) {
            routed.call.next(response.getResponse());
        }
        if (response.getCompleted()) {
            if (lane.finish(attempt)) {
                routed.call.complete();
            }
            replenish();
            payOwed();
            return;
        }
        if (routed.call.ready()) {
            replenish();
            return;
        }
        // A client that doesn't read stops its own stream only, and nothing piles up here.
        synchronized (this) {
            answersOwed++;
        }
        routed.call.onReady(this::payOwed);
        routed.call.onCancel(this::payOwed);
        if (routed.call.ready() || attempt.abandoned) {
            payOwed();
        }
    }

    private synchronized void payOwed() {
        ClientCall<RelayRequest, RelayResponse> started = call;
        int owed = answersOwed;
        answersOwed = 0;
        if (owed > 0 && started != null && !ended) {
            started.request(owed);
        }
    }

    private synchronized void replenish() {
        ClientCall<RelayRequest, RelayResponse> started = call;
        if (started != null && !ended) {
            started.request(1);
        }
    }

    private void end(Status status, boolean reachedLeader) {
        List<Attempt> left;
        CompletableFuture<Void> under;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            // In order of sending, so that the lane sees them as they arrived.
            left = new ArrayList<>(unanswered.values());
            unanswered.clear();
            under = proof;
        }
        if (status.getCode() != Status.Code.CANCELLED) {
            log.debug("relay stream ended leader={} unanswered={} status={}", leader, left.size(), status);
            if (under != null) {
                link.failed(under);
            }
        }
        lane.streamEnded(this, left, reachedLeader);
    }
}
