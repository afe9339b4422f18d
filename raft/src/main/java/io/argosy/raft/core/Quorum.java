package io.argosy.raft.core;

import java.util.Arrays;

/** Majority arithmetic over the voters of a group. */
final class Quorum {

    private final long[] scratch;

    Quorum(int voters) {
        this.scratch = new long[voters];
    }

    int majority() {
        return scratch.length / 2 + 1;
    }

    /** To be filled with one value per voter, in any order. */
    long[] slots() {
        return scratch;
    }

    /** Highest value that a majority of the slots has reached. */
    long reached() {
        Arrays.sort(scratch);
        return scratch[scratch.length - majority()];
    }
}
