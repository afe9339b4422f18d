package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.wire.plane.IncomingCall;
import io.argosy.wire.protocol.ClientHeaders;
import io.argosy.wire.protocol.ClientMethod;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client's call on its way to the leader. Mutable fields are guarded by the call's {@link ClientLane}. */
final class RoutedCall {

    /** Where it is. */
    enum State {
        /** For a leader, or for room on the way to it. */
        WAITING,
        /** At the leader, which may be here. */
        DISPATCHED,
        /** Answered, or the client is gone. */
        DONE
    }

    /** What a call costs beside its request. */
    private static final int OVERHEAD_BYTES = 512;

    private static final long POLLING_SECONDS_MAX = 3600;
    private static final long POLLING_DEFAULT_NANOS = TimeUnit.SECONDS.toNanos(20);

    final IncomingCall call;
    final CallContext context;
    final LeaderCall handler;
    /** Of arrival on the connection. */
    final long sequence;

    final long arrivalNanos;

    State state = State.WAITING;

    @Nullable
    Attempt attempt;

    /** Some leader may have carried it out. */
    boolean outcomeUnknown;

    /** The client has got a part of the answer: no other leader can take over. */
    boolean answering;

    /** Its bytes are taken from the budget of held calls. */
    boolean holding;

    boolean relayed;
    boolean holdBegun;
    long holdUntilNanos;

    Timers.@Nullable Handle holdTimer;

    RoutedCall(IncomingCall call, LeaderCall handler, long sequence, long arrivalNanos) {
        this.call = call;
        this.handler = handler;
        this.sequence = sequence;
        this.arrivalNanos = arrivalNanos;
        ClientHeaders headers = call.headers();
        this.context = new CallContext(
                headers.clientId(),
                headers.language(),
                headers.clientVersion(),
                headers.namespace(),
                headers.userAgent(),
                call.deadlineNanos());
    }

    /** One try at one leader; what comes from an older one is ignored. */
    static final class Attempt {
        final RoutedCall routed;

        /** At this replica itself; otherwise the attempt runs on the lane's relay stream. */
        @Nullable
        LocalSink local;

        /** The client is gone or the call has moved on. Volatile: read without the lane's lock. */
        volatile boolean abandoned;

        Attempt(RoutedCall routed) {
            this.routed = routed;
        }
    }

    ByteString request() {
        return call.request();
    }

    long sizeBytes() {
        return (long) request().size() + OVERHEAD_BYTES;
    }

    /** When a hold that begins now ends. */
    long holdEndNanos(long nowNanos, RelayLimits limits) {
        long patience = nowNanos + limits.holdMax().toNanos();
        long latest = call.deadlineNanos() - limits.answerMargin().toNanos();
        if (polls()) {
            patience = arrivalNanos + pollingNanos();
        }
        return latest - patience < 0 ? latest : patience;
    }

    /** Answers a call whose hold is over (client-plane 2). */
    void answerHoldOver() {
        switch (call.method()) {
            case RECEIVE_MESSAGE -> call.refuse(Code.MESSAGE_NOT_FOUND, "no message while there was no leader");
            case SEND_MESSAGE -> {
                if (outcomeUnknown) {
                    call.refuse(Code.PROXY_TIMEOUT, "the leader was lost on the way, the message may be stored");
                } else {
                    call.refuse(Code.TOO_MANY_REQUESTS, "no leader now, nothing was stored, send again");
                }
            }
            case ACK_MESSAGE,
                    CHANGE_INVISIBLE_DURATION,
                    FORWARD_MESSAGE_TO_DEAD_LETTER_QUEUE,
                    PULL_MESSAGE,
                    UPDATE_OFFSET,
                    GET_OFFSET,
                    QUERY_OFFSET,
                    END_TRANSACTION,
                    RECALL_MESSAGE,
                    SYNC_LITE_SUBSCRIPTION,
                    QUERY_ROUTE,
                    HEARTBEAT,
                    QUERY_ASSIGNMENT,
                    NOTIFY_CLIENT_TERMINATION -> {
                if (outcomeUnknown) {
                    call.refuse(Code.PROXY_TIMEOUT, "the leader was lost on the way, repeat the call");
                } else {
                    call.refuse(Code.HA_NOT_AVAILABLE, "no leader now, repeat the call");
                }
            }
        }
    }

    /** Answers a call for which there is no room; it has reached no leader. */
    void answerNoRoom() {
        call.refuse(Code.TOO_MANY_REQUESTS, "too many calls wait for the leader, nothing was done");
    }

    private boolean polls() {
        return call.method() == ClientMethod.RECEIVE_MESSAGE;
    }

    /** Go sends none. A request that is broken waits like the others: the leader says what is wrong with it. */
    private long pollingNanos() {
        try {
            ReceiveMessageRequest receive = ReceiveMessageRequest.parseFrom(request());
            if (receive.hasLongPollingTimeout()) {
                com.google.protobuf.Duration polling = receive.getLongPollingTimeout();
                // Clamped: the client may send any number.
                long seconds = Math.max(0, Math.min(POLLING_SECONDS_MAX, polling.getSeconds()));
                return Duration.ofSeconds(seconds, polling.getNanos()).toNanos();
            }
            return POLLING_DEFAULT_NANOS;
        } catch (InvalidProtocolBufferException e) {
            return POLLING_DEFAULT_NANOS;
        }
    }
}
