package io.argosy.benchmarks;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waiting on the monotonic clock. */
final class Pace {

    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Pace() {}

    static void until(long deadlineNanos) {
        for (long left = deadlineNanos - System.nanoTime(); left > 0; left = deadlineNanos - System.nanoTime()) {
            LockSupport.parkNanos(Math.min(left, STEP_NANOS));
        }
    }

    static void seconds(double seconds) {
        until(System.nanoTime() + (long) (seconds * 1e9));
    }
}
