package io.argosy.benchmarks;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/** What a measurement stands on. */
record Bed(Driver driver, Meter meter, Timing timing, Optional<Control> control, PrintStream progress) {

    /**
     * @param slices what was measured
     * @param latencies those of the slices that count, in nanoseconds
     */
    record Measured(Slices slices, Histogram latencies) {}

    /** Warms up, then measures what happens anyway in slices until enough of them were quiet. */
    Measured measure(Counters counters) {
        say("warming up for %d s", timing.warmUp().toSeconds());
        Pace.until(System.nanoTime() + timing.warmUp().toNanos());
        return measureWarm(counters);
    }

    Measured measureWarm(Counters counters) {
        Slices slices = new Slices();
        Histogram quiet = new Histogram(3);
        Histogram all = new Histogram(3);
        long startNanos = System.nanoTime();
        counters.takeLatencies();
        while (slices.quietSeconds() < timing.counted().toNanos() / 1e9 - 0.01
                && System.nanoTime() - startNanos
                        < timing.longest().toNanos() - timing.slice().toNanos() / 2) {
            long doneBefore = counters.doneCount();
            long failedBefore = counters.failedCount();
            Meter.Stretch stretch = meter.begin();
            Pace.until(System.nanoTime() + timing.slice().toNanos());
            Slice slice = stretch.end(counters.doneCount() - doneBefore, counters.failedCount() - failedBefore);
            Histogram latencies = counters.takeLatencies();
            slices.add(slice);
            all.add(latencies);
            if (slice.quiet()) {
                quiet.add(latencies);
            }
            say(
                    "%,12.0f/s%s%s%s",
                    slice.rate(),
                    latencies.getTotalCount() == 0
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    "  p50 %,.0f us, p99 %,.0f us",
                                    latencies.getValueAtPercentile(50) / 1e3,
                                    latencies.getValueAtPercentile(99) / 1e3),
                    slice.failures() == 0 ? "" : "  failed " + slice.failures(),
                    slice.quiet()
                            ? ""
                            : String.format(Locale.ROOT, "  noisy: others had %.0f %%", slice.othersShare() * 100));
        }
        return new Measured(slices, slices.quiet() ? quiet : all);
    }

    void say(String format, Object... arguments) {
        progress.printf(Locale.ROOT, "    " + format + "%n", arguments);
        progress.flush();
    }
}
