package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;

/**
 * A transfer of leadership under way (thesis 3.10; R13): the leader takes no proposals, waits until the target has its
 * whole log, asks it to campaign, and goes on as before if nothing came of it within an election timeout.
 */
final class TransferProgress {

    private final ReplicaId target;
    private final long deadlineNanos;
    private boolean asked;

    TransferProgress(ReplicaId target, long deadlineNanos) {
        this.target = target;
        this.deadlineNanos = deadlineNanos;
    }

    ReplicaId target() {
        return target;
    }

    /** The target has everything and was not asked yet: now is the moment, once. */
    boolean shallAsk(long targetMatchIndex, long lastIndex) {
        if (asked || targetMatchIndex < lastIndex) {
            return false;
        }
        asked = true;
        return true;
    }

    /** The request may be lost: asks again. A target that campaigns already ignores it. */
    void askAgain() {
        asked = false;
    }

    boolean isOver(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }
}
