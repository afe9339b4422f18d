package io.argosy.raft.core;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What this replica lacks and is being brought: entries that are damaged on its disk, bodies below its log's beginning,
 * and the state itself while a snapshot is installed.
 */
final class Shortfall {

    /** Ascending. */
    private List<LostRange> damaged = List.of();
    /** From here on this replica's log is whole. */
    private long completeFrom;
    /** Bodies below it nobody asks for any more. */
    private long neededFrom = Long.MAX_VALUE;

    /** Since when this replica campaigns without success. */
    private OptionalLong leaderless = OptionalLong.empty();

    private boolean installing;
    /** Empty while the state can go on from the log. */
    private OptionalLong neededSnapshot = OptionalLong.empty();
    /** A lost entry stops the state. */
    private boolean stoppedByLoss;

    /**
     * Returns whether anything changed.
     *
     * @param durableIndex behind it nothing is on the disk yet: what is said of there is older than a truncation
     */
    boolean damaged(List<LostRange> ranges, long durableIndex) {
        List<LostRange> before = damaged;
        damaged = cut(ranges, durableIndex + 1);
        if (stoppedByLoss && neededSnapshot.isPresent() && !isLost(neededSnapshot.getAsLong())) {
            neededSnapshot = OptionalLong.empty(); // Somebody had the entry after all.
        }
        return !damaged.equals(before);
    }

    List<LostRange> damaged() {
        return damaged;
    }

    /** The log drops the index and all behind it, the damage there included. Returns whether that makes it whole. */
    boolean truncateFrom(long index) {
        if (damaged.isEmpty()) {
            return false;
        }
        damaged = cut(damaged, index);
        return damaged.isEmpty();
    }

    private static List<LostRange> cut(List<LostRange> ranges, long index) {
        List<LostRange> left = new ArrayList<>();
        for (LostRange range : ranges) {
            if (range.from() < index) {
                left.add(new LostRange(
                        range.from(), Math.min(range.to(), index - 1), range.termsKnown(), range.doubtful()));
            }
        }
        return List.copyOf(left);
    }

    /** First lost index behind the given one, 0 if there is none. */
    long firstLostBehind(long index) {
        for (LostRange range : damaged) {
            if (range.to() > index) {
                return Math.max(range.from(), index + 1);
            }
        }
        return 0;
    }

    /** As {@link #firstLostBehind}, of entries whose terms nobody here knows. */
    long firstUnknownBehind(long index) {
        for (LostRange range : damaged) {
            if (range.to() > index && !range.termsKnown()) {
                return Math.max(range.from(), index + 1);
            }
        }
        return 0;
    }

    private boolean isLost(long index) {
        return firstLostBehind(index - 1) == index;
    }

    /** Nobody here knows what term the entry was of. */
    boolean isUnknown(long index) {
        for (LostRange range : damaged) {
            if (range.from() <= index && index <= range.to()) {
                return !range.termsKnown();
            }
        }
        return false;
    }

    /** Behind the given index, the first that is not lost with its term. */
    long firstKnownBehind(long index) {
        long next = index + 1;
        for (LostRange range : damaged) {
            if (range.from() <= next && next <= range.to() && !range.termsKnown()) {
                next = range.to() + 1;
            }
        }
        return next;
    }

    /** The entry is lost, and nothing proves that it was ever durable here. */
    boolean isDoubtful(long index) {
        for (LostRange range : damaged) {
            if (range.from() <= index && index <= range.to()) {
                return range.doubtful();
            }
        }
        return false;
    }

    boolean isWhole() {
        return damaged.isEmpty();
    }

    /**
     * How far this replica may say that it holds the log. What was committed before it was damaged did its part and
     * counts; what is not known to be committed must not be counted from a disk that no longer has it (R32).
     */
    long claimable(long verified, long commitIndex) {
        long lost = firstLostBehind(commitIndex);
        return lost == 0 ? verified : Math.min(verified, lost - 1);
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
        stoppedByLoss = isLost(upToIndex) && (neededSnapshot.isEmpty() || stoppedByLoss);
        neededSnapshot = OptionalLong.of(Math.max(upToIndex, neededSnapshot.orElse(0)));
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
