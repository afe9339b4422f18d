package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import io.argosy.broker.rpc.RoutedCall.Attempt;
import java.util.ArrayList;
import java.util.List;

/** The answer of a call whose client is connected to the leader itself. */
final class LocalSink implements ResponseSink {

    private final ClientLane lane;
    private final Attempt attempt;
    private final List<Runnable> whenAbandoned = new ArrayList<>(1);

    LocalSink(ClientLane lane, Attempt attempt) {
        this.lane = lane;
        this.attempt = attempt;
    }

    @Override
    public void next(ByteString response) {
        if (lane.beginAnswer(attempt)) {
            attempt.routed.call.next(response);
        }
    }

    @Override
    public void complete() {
        if (lane.finish(attempt)) {
            attempt.routed.call.complete();
        }
    }

    @Override
    public void notLeader() {
        lane.bounced(attempt, false);
    }

    @Override
    public void outcomeUnknown() {
        lane.bounced(attempt, true);
    }

    @Override
    public boolean cancelled() {
        return attempt.abandoned;
    }

    @Override
    public void onCancel(Runnable action) {
        synchronized (whenAbandoned) {
            if (!attempt.abandoned) {
                whenAbandoned.add(action);
                return;
            }
        }
        action.run();
    }

    /** Whoever abandons the attempt calls this once, holding no lock. */
    void abandoned() {
        List<Runnable> actions;
        synchronized (whenAbandoned) {
            actions = List.copyOf(whenAbandoned);
            whenAbandoned.clear();
        }
        actions.forEach(Runnable::run);
    }
}
