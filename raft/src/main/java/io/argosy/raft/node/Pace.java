package io.argosy.raft.node;

import java.util.concurrent.TimeUnit;

/** Spreads bytes over time: at most so many per second, with no right to catch up on idle time. */
final class Pace {

    private final long bytesPerSecond;
    private long freeNanos;
    private boolean used;

    Pace(long bytesPerSecond) {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException(bytesPerSecond + " bytes per second");
        }
        this.bytesPerSecond = bytesPerSecond;
    }

    /** When bytes that were just moved let the next ones go. */
    void moved(long bytes, long nowNanos) {
        long from = used && freeNanos - nowNanos > 0 ? freeNanos : nowNanos;
        used = true;
        freeNanos = from + (long) ((double) bytes / bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
    }

    /** Nanos to wait before the next bytes, 0 if none. */
    long waitNanos(long nowNanos) {
        return used ? Math.max(0, freeNanos - nowNanos) : 0;
    }
}
