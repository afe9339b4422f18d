package io.argosy.benchmarks;

import java.time.Duration;

/**
 * How long a measurement takes.
 *
 * @param warmUp before anything counts
 * @param counted quiet time wanted; if others disturb, up to {@link #longest()} is spent on getting it
 * @param slice stretch of time that counts or does not
 */
record Timing(Duration warmUp, Duration counted, Duration slice) {

    private static final double PATIENCE = 1.5;

    Timing {
        if (counted.compareTo(slice) < 0) {
            slice = counted;
        }
    }

    Duration longest() {
        return Duration.ofNanos((long) (counted.toNanos() * PATIENCE));
    }
}
