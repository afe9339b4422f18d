package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.util.List;

/** What the servers use when nothing happens, after they have worked. */
final class IdleRun {

    private static final double SETTLE_SECONDS = 20;

    private final Bed bed;

    IdleRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Load.Shape shape) throws Exception {
        shape.target().create(bed.driver());
        Counters counters = new Counters();
        bed.say("load for %d s", bed.timing().warmUp().toSeconds());
        try (Sender sender = bed.driver().sender()) {
            Load load = Load.start(shape, List.of(sender), counters);
            Pace.until(System.nanoTime() + bed.timing().warmUp().toNanos());
            load.stop();
        }
        bed.say("settling for %.0f s", SETTLE_SECONDS);
        Pace.seconds(SETTLE_SECONDS);
        return measure(new Result());
    }

    /** Nothing is sent meanwhile. */
    Result measure(Result result) {
        Bed.Measured measured = bed.measureWarm(new Counters());
        result.with(measured.slices(), 0).withMemory(bed.meter().residentMebibytes());
        Slice total = measured.slices().total();
        return result.with("cpuPercentOfACore", 100 * total.serversTotal() / total.seconds());
    }
}
