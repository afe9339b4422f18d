package io.argosy.raft.core;

import java.util.List;

/**
 * What this replica lacks and is being brought: entries that are damaged on its disk, bodies below its log's beginning,
 * and the state itself while a snapshot is installed.
 */
final class Shortfall {

    /** How often a hollow replica lets its election timer pass, so that a complete one campaigns first (D2). */
    private static final int WAITS_MAX = 2;

    private List<IndexRange> damaged = List.of();
    private boolean hollow;
    private int waits;
    private boolean installing;

    void damaged(List<IndexRange> ranges) {
        damaged = List.copyOf(ranges);
    }

    boolean isWhole() {
        return damaged.isEmpty();
    }

    /**
     * How far this replica may say that it holds the log. What was committed before it was damaged did its part and
     * counts; what is not known to be committed must not be counted from a disk that no longer has it (R32).
     */
    long claimable(long verified, long commitIndex) {
        for (IndexRange range : damaged) {
            if (range.to() > commitIndex) {
                long first = Math.max(range.from(), commitIndex + 1);
                if (first <= verified) {
                    return first - 1;
                }
            }
        }
        return verified;
    }

    void hollow(boolean lacksBodies) {
        hollow = lacksBodies;
    }

    /** Whether to let a complete replica go first; a few times, then this one counts as the only one left. */
    boolean letsOthersCampaign() {
        return hollow && waits++ < WAITS_MAX;
    }

    void leaderHeard() {
        waits = 0;
    }

    boolean installing() {
        return installing;
    }

    void installing(boolean begun) {
        installing = begun;
    }
}
