package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import java.util.HashSet;
import java.util.Set;

/**
 * Votes of one round. Only an explicit grant counts; this replica's own counts once it is durable (R1, R7). Beside them
 * who answered that its log went further and that nothing is left of what goes beyond the candidate's.
 */
final class Ballot {

    private final Set<ReplicaId> voters;
    private final Set<ReplicaId> granted = new HashSet<>();
    private final Set<ReplicaId> lostMore = new HashSet<>();
    private final Set<ReplicaId> answered = new HashSet<>();

    Ballot(Set<ReplicaId> voters) {
        this.voters = voters;
    }

    void grant(ReplicaId voter) {
        if (voters.contains(voter)) {
            granted.add(voter);
        }
    }

    void lostMore(ReplicaId voter) {
        if (voters.contains(voter)) {
            lostMore.add(voter);
        }
    }

    boolean hasLostMore(ReplicaId voter) {
        return lostMore.contains(voter) && !granted.contains(voter);
    }

    void answered(ReplicaId voter) {
        answered.add(voter);
    }

    /** Nothing was heard of this voter. */
    boolean waitsFor(ReplicaId voter) {
        return voters.contains(voter) && !answered.contains(voter);
    }

    /** All voters answered, and nobody has anything that goes beyond the candidate's log. */
    boolean nobodyHasMore() {
        return !voters.isEmpty()
                && voters.stream().allMatch(voter -> granted.contains(voter) || lostMore.contains(voter));
    }

    boolean won() {
        return granted.size() >= voters.size() / 2 + 1;
    }
}
