package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Publishing at a rate: calm, and while consumers drain a backlog that memory does not hold. */
final class MixedRun {

    private static final double FIRST_MESSAGE_SECONDS_MAX = 60;

    private final Bed bed;

    MixedRun(Bed bed) {
        this.bed = bed;
    }

    /**
     * @param paced what is published all the time
     * @param fill what makes the backlog, with its limit
     */
    Result run(Load.Shape paced, Load.Shape fill) throws Exception {
        Target target = paced.target();
        Target backlog = fill.target();
        target.create(bed.driver());
        backlog.create(bed.driver());
        Counters filled = new Counters();
        try (Sender sender = bed.driver().sender()) {
            bed.say("backlog of %,.1f GB", (double) fill.limit() * fill.bodyBytes() / 1e9);
            Load load = Load.start(fill, List.of(sender), filled);
            load.awaitLimit();
        }
        Counters published = new Counters();
        try (Sender sender = bed.driver().sender()) {
            Load load = Load.start(paced, List.of(sender), published);
            List<Closeable> consumers = new ArrayList<>();
            try {
                Bed.Measured calm = bed.measure(published);
                LongAdder drained = new LongAdder();
                bed.say("draining");
                consumers.add(bed.driver().consumer(backlog.topic(0), true, body -> drained.increment()));
                awaitFirst(drained);
                long before = drained.sum();
                long startNanos = System.nanoTime();
                Bed.Measured draining = bed.measureWarm(published);
                long read = drained.sum() - before;
                double seconds = (System.nanoTime() - startNanos) / 1e9;
                Result result =
                        new Result().with(draining.slices(), paced.bodyBytes()).with(draining.latencies());
                double calmMicros = calm.latencies().getValueAtPercentile(99) / 1e3;
                double drainMicros = draining.latencies().getValueAtPercentile(99) / 1e3;
                result.with("p99CalmMicros", calmMicros);
                result.with("p99DrainMicros", drainMicros);
                result.with("p99Ratio", drainMicros / calmMicros);
                result.with("drainPerSecond", read / seconds);
                result.with("publishPerSecond", draining.slices().total().rate());
                result.with("drainedToTheEnd", drained.sum() >= filled.doneCount() ? 1 : 0);
                result.with("backlogGigabytes", (double) filled.doneCount() * fill.bodyBytes() / 1e9);
                return result.withMemory(bed.meter().residentMebibytes());
            } finally {
                for (Closeable consumer : consumers) {
                    consumer.close();
                }
                load.stop();
            }
        } finally {
            target.delete(bed.driver());
            backlog.delete(bed.driver());
        }
    }

    private static void awaitFirst(LongAdder drained) {
        double deadline = System.nanoTime() + FIRST_MESSAGE_SECONDS_MAX * 1e9;
        while (drained.sum() == 0) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("no message of the backlog within " + FIRST_MESSAGE_SECONDS_MAX + " s");
            }
            Pace.seconds(0.05);
        }
    }
}
