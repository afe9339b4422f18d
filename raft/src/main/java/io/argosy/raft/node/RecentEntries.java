package io.argosy.raft.node;

import java.util.concurrent.TimeUnit;

/**
 * Which entries came lately. What followers and readers at the end of the log want is younger than a second; older entries
 * in memory would only survive one young collection after the other, each of which copies them. Belongs to the loop.
 */
final class RecentEntries {

    static final long SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private long markNanos;
    private long markIndex;
    private long oldIndex;

    RecentEntries(long nowNanos) {
        this.markNanos = nowNanos;
    }

    /** The newest index that was there one to two spans ago, 0 if none was. */
    long oldUpTo(long lastIndex, long nowNanos) {
        if (nowNanos - markNanos >= SPAN_NANOS) {
            oldIndex = markIndex;
            markIndex = lastIndex;
            markNanos = nowNanos;
        }
        return oldIndex;
    }
}
