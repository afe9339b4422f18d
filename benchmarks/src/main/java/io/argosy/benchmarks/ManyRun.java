package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Many queues: idle, at a rate spread over all of them, as fast as possible, and from the death of all servers to the
 * first acknowledgement. */
final class ManyRun {

    private static final double SETTLE_SECONDS = 20;
    private static final double FIRST_ACKNOWLEDGEMENT_SECONDS_MAX = 600;

    private final Bed bed;

    ManyRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Load.Shape paced, Load.Shape flatOut) throws Exception {
        Target target = paced.target();
        long createNanos = System.nanoTime();
        target.create(bed.driver());
        double createSeconds = (System.nanoTime() - createNanos) / 1e9;
        bed.say("created in %.1f s; settling", createSeconds);
        Pace.seconds(SETTLE_SECONDS);
        Result idle = new IdleRun(bed).measure(new Result());

        Result result = new Result();
        try (Sender sender = bed.driver().sender()) {
            Counters counters = new Counters();
            Load load = Load.start(paced, List.of(sender), counters);
            Bed.Measured measured;
            try {
                measured = bed.measure(counters);
            } finally {
                load.stop();
            }
            result.with(measured.slices(), paced.bodyBytes()).with(measured.latencies());
            counters.firstFailure().ifPresent(failure -> bed.say("first failure: %s", failure));
        }
        try (Sender sender = bed.driver().sender()) {
            Counters counters = new Counters();
            Load load = Load.start(flatOut, List.of(sender), counters);
            try {
                bed.say("as fast as possible");
                result.with(
                        "peakPerSecond", bed.measure(counters).slices().total().rate());
            } finally {
                load.stop();
            }
        }
        Map<String, Double> resident = bed.meter().residentMebibytes();
        result.withMemory(resident);
        result.with("residentMaxMiB", resident.isEmpty() ? 0 : Collections.max(resident.values()));
        result.with("createSeconds", createSeconds);
        result.with("idlePercentOfACore", idle.figures.getOrDefault("cpuPercentOfACore", 0.0));
        result.with("idleResidentMiB", idle.figures.getOrDefault("residentMiB", 0.0));
        if (bed.control().isPresent()) {
            result.with("restartMillis", restart(bed.control().get(), target));
            result.with(
                    "residentAfterRestartMaxMiB",
                    bed.meter().residentMebibytes().values().stream()
                            .mapToDouble(Double::doubleValue)
                            .max()
                            .orElse(0));
        }
        return result;
    }

    /** From the start of all servers, after all were killed, to the first acknowledgement, milliseconds. */
    private double restart(Control control, Target target) throws Exception {
        control.run("kill", "all");
        bed.say("killed all, starting them again");
        long startNanos = System.nanoTime();
        control.run("restart", "all");
        byte[] body = {1};
        try (Sender sender = bed.driver().sender()) {
            while (true) {
                try {
                    sender.sendAndWait(target.topic(0), body);
                    return (System.nanoTime() - startNanos) / 1e6;
                } catch (Exception e) {
                    if (System.nanoTime() - startNanos > FIRST_ACKNOWLEDGEMENT_SECONDS_MAX * 1e9) {
                        throw e;
                    }
                    Pace.seconds(0.02);
                }
            }
        }
    }
}
