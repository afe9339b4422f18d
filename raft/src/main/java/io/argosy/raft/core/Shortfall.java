package io.argosy.raft.core;

import java.util.List;
import java.util.OptionalLong;

/**
 * What this replica lacks and is being brought: entries that are damaged on its disk, bodies below its log's beginning,
 * and the state itself while a snapshot is installed.
 */
final class Shortfall {

    private List<IndexRange> damaged = List.of();
    /** From here on this replica's log is whole. */
    private long completeFrom;
    /** Bodies below it nobody asks for any more. */
    private long neededFrom = Long.MAX_VALUE;

    /** Since when this replica campaigns without success. */
    private OptionalLong leaderless = OptionalLong.empty();

    private boolean installing;
    /** Empty while the state can go on from the log. */
    private OptionalLong neededSnapshot = OptionalLong.empty();

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

    void holds(long completeFromIndex, long neededFromIndex) {
        completeFrom = completeFromIndex;
        neededFrom = Math.max(1, neededFromIndex);
    }

    /** What to say to others: nothing that is read comes from here while the state waits for a snapshot. */
    long completeFrom() {
        return needsSnapshot() ? Long.MAX_VALUE - 1 : completeFrom;
    }

    /** Whoever is complete only from the index on lacks something that is needed. */
    boolean isNeededBelow(long index) {
        return index > neededFrom;
    }

    boolean isHollow() {
        return isNeededBelow(completeFrom);
    }

    /** Whether to ask complete replicas to lead instead; for a while, then none of them seems able to (R10). */
    boolean letsOthersLead(long nowNanos, long spanNanos) {
        if (leaderless.isEmpty()) {
            leaderless = OptionalLong.of(nowNanos);
        }
        return isHollow() && nowNanos - leaderless.getAsLong() < spanNanos;
    }

    void leaderHeard() {
        leaderless = OptionalLong.empty();
    }

    /** The state must pass the index by a snapshot: what leads there from here nobody has any more. */
    void needSnapshot(long upToIndex) {
        neededSnapshot = OptionalLong.of(upToIndex);
    }

    boolean needsSnapshot() {
        return neededSnapshot.isPresent();
    }

    boolean isHelpedBy(long snapshotIndex) {
        return neededSnapshot.isPresent() && snapshotIndex >= neededSnapshot.getAsLong();
    }

    void installed() {
        neededSnapshot = OptionalLong.empty();
        installing = false;
    }

    boolean installing() {
        return installing;
    }

    void installing(boolean begun) {
        installing = begun;
    }
}
