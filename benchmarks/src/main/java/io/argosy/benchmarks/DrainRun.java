package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Fills a topic, then lets one consumer after the other, each of a new group, read all of it. */
final class DrainRun {

    private static final long SECONDS_MAX = 300;

    private final Bed bed;

    DrainRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Load.Shape fill, int times) throws Exception {
        Target target = fill.target();
        target.create(bed.driver());
        try {
            Counters counters = new Counters();
            bed.say("filling with %,d messages", fill.limit());
            try (Sender sender = bed.driver().sender()) {
                Load load = Load.start(fill, List.of(sender), counters);
                load.awaitLimit();
            }
            long stored = counters.doneCount();
            Slices slices = new Slices();
            List<Double> first = new ArrayList<>();
            for (int i = 1; i <= times; i++) {
                Drained drained = drain(target.topic(0), stored);
                bed.say(
                        "%,12.0f/s, the first message after %,.0f ms%s",
                        drained.slice.rate(), drained.firstMillis, drained.slice.quiet() ? "" : "  noisy");
                // The first one warms up the client.
                if (i > 1 || times == 1) {
                    slices.add(drained.slice);
                    first.add(drained.firstMillis);
                }
            }
            first.sort(null);
            return new Result()
                    .with(slices, fill.bodyBytes())
                    .with("firstMessageMillis", Report.median(first).orElse(0))
                    .with("failures", (double) counters.failedCount())
                    .withMemory(bed.meter().residentMebibytes());
        } finally {
            target.delete(bed.driver());
        }
    }

    /** @param slice from the first message to the last */
    private record Drained(Slice slice, double firstMillis) {}

    private Drained drain(String topic, long expected) throws Exception {
        LongAdder received = new LongAdder();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        AtomicLong counted = new AtomicLong();
        long startNanos = System.nanoTime();
        Closeable consumer = bed.driver().consumer(topic, true, body -> {
            received.increment();
            if (begun.getCount() > 0) {
                begun.countDown();
            }
            if (counted.incrementAndGet() == expected) {
                done.countDown();
            }
        });
        try {
            if (!begun.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no message within " + SECONDS_MAX + " s");
            }
            double firstMillis = (System.nanoTime() - startNanos) / 1e6;
            Meter.Stretch stretch = bed.meter().begin();
            boolean complete = done.await(SECONDS_MAX, TimeUnit.SECONDS);
            Slice slice = stretch.end(received.sum(), 0);
            if (!complete) {
                bed.say("only %,d of %,d messages within %d s", received.sum(), expected, SECONDS_MAX);
            }
            return new Drained(slice, firstMillis);
        } finally {
            consumer.close();
        }
    }
}
