package io.argosy.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * What a row must show.
 *
 * @param row the row under which it is printed
 * @param text what is compared with what
 * @param atLeast else at most
 * @param value empty while something is not measured
 */
record Aim(String row, String text, boolean atLeast, double bound, Function<Medians, OptionalDouble> value) {

    /** The medians of all runs. */
    interface Medians {
        OptionalDouble of(String row, String contestant, String figure);
    }

    boolean met(double measured) {
        return atLeast ? measured >= bound : measured <= bound;
    }

    static final List<Aim> ALL = all();

    private static List<Aim> all() {
        List<Aim> aims = new ArrayList<>();
        for (String queues : List.of("4", "64")) {
            produce(aims, "produce-10-" + queues, 1.0, 3, 10);
            produce(aims, "produce-100-" + queues, 1.3, 3, 10);
            produce(aims, "produce-1k-" + queues, 1.3, 1.2, 4);
        }
        for (String where : List.of("leader", "follower")) {
            String row = "official-1k-" + where;
            aims.add(new Aim(
                    row,
                    "argosy-official-" + where + " / rocketmq-official",
                    true,
                    3,
                    ratio(row, "argosy-official-" + where, "rocketmq-official", "messagesPerSecond")));
        }
        for (String figure : List.of("p50Micros", "p99Micros")) {
            aims.add(atMost("sync-1k", "argosy", "kafka-fsync", figure, 0.6));
            aims.add(atMost("sync-1k", "argosy", "kafka", figure, 1.3));
        }
        aims.add(atMost("open-2000", "argosy", "kafka", "p99Micros", 0.5));
        aims.add(atMost("open-2000", "argosy", "kafka", "p999Micros", 0.5));
        for (String client : List.of("argosy", "argosy-push")) {
            aims.add(atMost("e2e-1000", client, "kafka", "p50Micros", 1.2));
            aims.add(atMost("e2e-1000", client, "kafka", "p99Micros", 0.5));
        }
        aims.add(new Aim(
                "drain-2m", "argosy / kafka", true, 1, ratio("drain-2m", "argosy", "kafka", "messagesPerSecond")));
        aims.add(atMost("failover", "argosy", "kafka", "gapMedianMillis", 1 / 40.0));
        aims.add(atMost("failover", "argosy", "rocketmq", "gapMedianMillis", 1 / 40.0));
        aims.add(new Aim(
                "many-50000",
                "50,000 queues / 8 queues, peak rate",
                true,
                0.95,
                medians -> divide(
                        medians.of("many-50000", "argosy", "peakPerSecond"),
                        medians.of("many-8", "argosy", "peakPerSecond"))));
        aims.add(new Aim(
                "many-50000",
                "50,000 queues / 8 queues, p99 at 20,000/s",
                false,
                1.2,
                medians -> divide(
                        medians.of("many-50000", "argosy", "p99Micros"), medians.of("many-8", "argosy", "p99Micros"))));
        aims.add(own("many-1m", "restart, ms", false, 30_000, "restartMillis"));
        aims.add(own("many-1m", "memory of a replica, MiB", false, 2048, "residentMaxMiB"));
        aims.add(own("mixed", "publish p99 beside the drain / without", false, 1.5, "p99Ratio"));
        aims.add(new Aim(
                "mixed",
                "drain rate / publish rate",
                true,
                1,
                medians -> divide(
                        medians.of("mixed", "argosy", "drainPerSecond"),
                        medians.of("mixed", "argosy", "publishPerSecond"))));
        aims.add(own("overload", "goodput / peak", true, 0.9, "goodputShare"));
        aims.add(own("overload", "refusals that a retry cannot cure", false, 0, "refusedForGood"));
        aims.add(atMost("idle", "argosy", "kafka", "cpuPercentOfACore", 0.5));
        aims.add(atMost("idle", "argosy", "kafka", "residentMiB", 0.5));
        return List.copyOf(aims);
    }

    private static void produce(List<Aim> aims, String row, double kafka, double kafkaFsync, double rocketmq) {
        String rate = "messagesPerSecond";
        aims.add(new Aim(row, "argosy-async / kafka", true, kafka, ratio(row, "argosy-async", "kafka", rate)));
        aims.add(new Aim(
                row,
                "argosy / smaller of argosy-async and the disk's limit",
                true,
                0.9,
                medians -> divide(
                        medians.of(row, "argosy", rate),
                        smaller(
                                medians.of(row, "argosy-async", rate),
                                medians.of(row, "argosy", "diskLimitMessagesPerSecond")))));
        aims.add(new Aim(row, "argosy / kafka-fsync", true, kafkaFsync, ratio(row, "argosy", "kafka-fsync", rate)));
        aims.add(new Aim(
                row,
                "argosy / better of rocketmq-batch and rocketmq-autobatch",
                true,
                rocketmq,
                medians -> divide(
                        medians.of(row, "argosy", rate),
                        larger(medians.of(row, "rocketmq-batch", rate), medians.of(row, "rocketmq-autobatch", rate)))));
        aims.add(atMost(row, "argosy-async", "kafka", "cpuSecondsPerMillion", 0.8));
        aims.add(atMost(row, "argosy", "kafka", "cpuSecondsPerMillion", 0.8));
    }

    private static Aim atMost(String row, String ours, String theirs, String figure, double bound) {
        return new Aim(row, ours + " / " + theirs + ", " + figure, false, bound, ratio(row, ours, theirs, figure));
    }

    private static Aim own(String row, String text, boolean atLeast, double bound, String figure) {
        return new Aim(row, text, atLeast, bound, medians -> medians.of(row, "argosy", figure));
    }

    private static Function<Medians, OptionalDouble> ratio(String row, String ours, String theirs, String figure) {
        return medians -> divide(medians.of(row, ours, figure), medians.of(row, theirs, figure));
    }

    private static OptionalDouble divide(OptionalDouble above, OptionalDouble below) {
        return above.isPresent() && below.isPresent() && below.getAsDouble() != 0
                ? OptionalDouble.of(above.getAsDouble() / below.getAsDouble())
                : OptionalDouble.empty();
    }

    /** Of two that are both known: the half of a comparison says nothing. */
    private static OptionalDouble smaller(OptionalDouble one, OptionalDouble other) {
        return one.isPresent() && other.isPresent()
                ? OptionalDouble.of(Math.min(one.getAsDouble(), other.getAsDouble()))
                : OptionalDouble.empty();
    }

    private static OptionalDouble larger(OptionalDouble one, OptionalDouble other) {
        return one.isPresent() && other.isPresent()
                ? OptionalDouble.of(Math.max(one.getAsDouble(), other.getAsDouble()))
                : OptionalDouble.empty();
    }
}
