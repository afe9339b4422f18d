package io.argosy.benchmarks;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/** What has happened so far. Thread-safe, except {@link #takeLatencies}. */
final class Counters {

    private final LongAdder done = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final AtomicReference<@Nullable Throwable> firstFailure = new AtomicReference<>();
    private final Recorder latencies = new Recorder(3);
    private @Nullable Histogram recycled;

    void done(int messages) {
        done.add(messages);
    }

    /** @param dueNanos when it should have begun */
    void doneSince(long dueNanos) {
        done.increment();
        latencies.recordValue(Math.max(0, System.nanoTime() - dueNanos));
    }

    void failed(int messages, Throwable failure) {
        failed.add(messages);
        firstFailure.compareAndSet(null, failure);
    }

    long doneCount() {
        return done.sum();
    }

    long failedCount() {
        return failed.sum();
    }

    Optional<Throwable> firstFailure() {
        return Optional.ofNullable(firstFailure.get());
    }

    /** Latencies recorded since the last call, in nanoseconds; valid until the next call. */
    Histogram takeLatencies() {
        Histogram taken = latencies.getIntervalHistogram(recycled);
        recycled = taken;
        return taken;
    }
}
