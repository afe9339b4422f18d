package io.argosy.broker;

import io.argosy.raft.RaftStatus;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Ready: a leader is known, and everything is applied here that was committed when it first was. Later lag does not
 * matter: every replica serves every call, and a replica that forwards is as good as another.
 */
final class ReplicaReadiness {

    private final Supplier<RaftStatus> status;
    private Optional<Long> target = Optional.empty();
    private boolean caughtUp;

    ReplicaReadiness(Supplier<RaftStatus> status) {
        this.status = status;
    }

    /** What is missing, for people; empty if nothing. */
    synchronized Optional<String> problem() {
        RaftStatus now = status.get();
        if (now.failure().isPresent()) {
            return Optional.of("the replica has failed: " + now.failure().get());
        }
        if (now.groupUuid().isEmpty()) {
            return Optional.of("the store is empty and belongs to no group: bootstrap the group or add the replica");
        }
        if (now.stranger()) {
            return Optional.of("the store is no voter of its group: it waits to be added");
        }
        if (now.leader().isEmpty()) {
            return Optional.of("no leader is known, term " + now.term());
        }
        if (target.isEmpty()) {
            target = Optional.of(now.commitIndex());
        }
        caughtUp |= now.appliedIndex() >= target.get();
        return caughtUp
                ? Optional.empty()
                : Optional.of("applied " + now.appliedIndex() + " of " + target.get() + " entries");
    }
}
