package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import java.util.Arrays;

/** Votes of one round. Only an explicit grant counts; this replica's own counts once it is durable (R1, R7). */
final class Ballot {

    private final ReplicaId[] voters;
    private final boolean[] granted;
    private int grants;

    Ballot(ReplicaId[] voters) {
        this.voters = voters;
        this.granted = new boolean[voters.length];
    }

    void clear() {
        Arrays.fill(granted, false);
        grants = 0;
    }

    void grant(ReplicaId voter) {
        for (int i = 0; i < voters.length; i++) {
            if (voters[i].equals(voter) && !granted[i]) {
                granted[i] = true;
                grants++;
            }
        }
    }

    boolean won() {
        return grants >= voters.length / 2 + 1;
    }
}
