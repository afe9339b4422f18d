package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;

/**
 * Votes of one round. Only an explicit grant counts; this replica's own counts once it is durable (R1, R7). Beside them
 * who answered that its log went further and that nothing is left of what goes beyond the candidate's.
 */
final class Ballot {

    private final ReplicaId[] voters;
    private final boolean[] granted;
    private final boolean[] lostMore;
    private final boolean[] answered;
    private int grants;

    Ballot(ReplicaId[] voters) {
        this.voters = voters;
        this.granted = new boolean[voters.length];
        this.lostMore = new boolean[voters.length];
        this.answered = new boolean[voters.length];
    }

    void grant(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            if (voters[i].equals(voter) && !granted[i]) {
                granted[i] = true;
                grants++;
            }
        }
    }

    void lostMore(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            if (voters[i].equals(voter)) {
                lostMore[i] = true;
            }
        }
    }

    boolean hasLostMore(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            if (voters[i].equals(voter)) {
                return lostMore[i] && !granted[i];
            }
        }
        return false;
    }

    void answered(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            answered[i] |= voters[i].equals(voter);
        }
    }

    /** Nothing was heard of this voter. */
    boolean waitsFor(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            if (voters[i].equals(voter)) {
                return !answered[i];
            }
        }
        return false;
    }

    /** All voters answered, and nobody has anything that goes beyond the candidate's log. */
    boolean nobodyHasMore() {
        for (int i = 0; i < voters.length; i++) {
            if (!granted[i] && !lostMore[i]) {
                return false;
            }
        }
        return voters.length > 0;
    }

    boolean won() {
        return grants >= voters.length / 2 + 1;
    }
}
