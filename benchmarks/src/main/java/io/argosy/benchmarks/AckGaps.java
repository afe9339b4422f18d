package io.argosy.benchmarks;

/** The longest silence between two acknowledgements. Thread-safe. */
final class AckGaps {

    private long lastNanos;
    private boolean any;
    private long longestNanos;
    private long count;

    synchronized void acknowledged(long nowNanos) {
        if (any) {
            longestNanos = Math.max(longestNanos, nowNanos - lastNanos);
        }
        any = true;
        lastNanos = nowNanos;
        count++;
    }

    /** Forgets the gaps so far; the one that is under way counts in full. */
    synchronized void forget() {
        longestNanos = 0;
    }

    synchronized long longestNanos() {
        return longestNanos;
    }

    synchronized long count() {
        return count;
    }
}
