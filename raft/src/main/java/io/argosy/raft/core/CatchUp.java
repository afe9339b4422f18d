package io.argosy.raft.core;

/**
 * How far a replica may be behind to count as caught up (raft-rules R51): at most {@link #ENTRIES_MAX} entries, and no
 * further than the leader's log reached one to two seconds ago. The second condition makes the first mean something when
 * entries are large, the first when nothing is written.
 */
final class CatchUp {

    static final long ENTRIES_MAX = 1_000;
    private static final long MARK_NANOS = 1_000_000_000;

    private long markedNanos;
    private long olderMark = Long.MAX_VALUE;
    private long newerMark = Long.MAX_VALUE;

    /** A leadership begins: what was written before it counts as recent. */
    void begin(long lastIndex, long nowNanos) {
        markedNanos = nowNanos;
        olderMark = lastIndex;
        newerMark = lastIndex;
    }

    void tick(long lastIndex, long nowNanos) {
        if (nowNanos - markedNanos >= MARK_NANOS) {
            markedNanos = nowNanos;
            olderMark = newerMark;
            newerMark = lastIndex;
        }
    }

    boolean reached(long matchIndex, long lastIndex) {
        return matchIndex >= olderMark && lastIndex - matchIndex <= ENTRIES_MAX;
    }
}
