package io.argosy.raft.core;

/**
 * Time as the core sees it: monotonic, and without the spans in which this process did not run. A replica that was
 * stopped for a second learned nothing in that second, so it must not conclude that its leader fell silent (R48).
 */
final class PauseGuard {

    /** A longer gap between two inputs is an own pause, not silence of the others. */
    private final long pauseNanos;
    /** What a pause counts for. */
    private final long tickNanos;

    private long lastSeenNanos;
    private long skippedNanos;

    PauseGuard(long pauseNanos, long tickNanos, long nowNanos) {
        this.pauseNanos = pauseNanos;
        this.tickNanos = tickNanos;
        this.lastSeenNanos = nowNanos;
    }

    /** The core's time at this moment; never goes back. */
    long advance(long nowNanos) {
        long passedNanos = nowNanos - lastSeenNanos;
        if (passedNanos > 0) {
            lastSeenNanos = nowNanos;
            if (passedNanos > pauseNanos) {
                skippedNanos += passedNanos - tickNanos;
            }
        }
        return lastSeenNanos - skippedNanos;
    }
}
