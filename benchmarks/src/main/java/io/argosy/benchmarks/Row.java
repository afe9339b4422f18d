package io.argosy.benchmarks;

import static io.argosy.benchmarks.Contestant.options;
import static io.argosy.benchmarks.Contestant.plus;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One comparison.
 *
 * @param alone each contestant gets a cluster of its own, for it changes it for good
 * @param figures to show, the first one first
 * @param extraSeconds what it takes beside warming up and counting
 * @param command the arguments for a contestant
 */
record Row(
        String id,
        String title,
        boolean alone,
        List<String> contestants,
        List<String> figures,
        int extraSeconds,
        Function<Contestant, List<String>> command) {

    private static final List<String> THROUGHPUT =
            List.of("messagesPerSecond", "megabytesPerSecond", "cpuSecondsPerMillion", "diskLimitMessagesPerSecond");
    private static final List<String> LATENCY = List.of("p50Micros", "p99Micros", "p999Micros", "messagesPerSecond");

    static final List<Row> ALL = all();

    private static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.add(new Row(
                "limits",
                "what the machine can do",
                true,
                List.of("machine"),
                List.of(
                        "memcpyGigabytesPerSecond",
                        "loopbackMegabytesPerSecond",
                        "fsyncsPerSecond",
                        "fsyncP50Micros",
                        "fsyncP99Micros",
                        "diskMegabytesPerSecond",
                        "threeWritersMegabytesPerSecond"),
                60,
                contestant -> List.of("limits")));
        for (int queues : List.of(4, 64)) {
            for (int bytes : List.of(10, 100, 1024)) {
                rows.add(produce(bytes, queues));
            }
        }
        rows.add(official("leader"));
        rows.add(official("follower"));
        rows.add(new Row(
                "sync-1k",
                "one in flight, 1 KiB",
                false,
                List.of("argosy", "kafka", "kafka-fsync", "rocketmq"),
                LATENCY,
                10,
                contestant -> plus(List.of("produce", "--in-flight", "1", "--queues", "4"), contestant.latency())));
        rows.add(new Row(
                "open-2000",
                "open loop, 2,000/s, 1 KiB",
                false,
                List.of("argosy", "kafka", "rocketmq"),
                LATENCY,
                10,
                contestant -> plus(List.of("produce", "--rate", "2000", "--queues", "4"), contestant.latency())));
        rows.add(new Row(
                "e2e-1000",
                "produce to consumer, 1,000/s, 1 KiB",
                false,
                List.of("argosy", "argosy-push", "kafka", "rocketmq"),
                LATENCY,
                20,
                contestant -> plus(
                        plus(List.of("e2e", "--rate", "1000", "--queues", "4"), contestant.latency()),
                        contestant.consume().contains("--driver") ? List.of() : contestant.consume())));
        rows.add(new Row(
                "drain-2m",
                "drain 2 million messages of 1 KiB (RocketMQ 1 million, official client half a million)",
                false,
                List.of("argosy", "argosy-push", "argosy-official", "kafka", "rocketmq"),
                List.of("messagesPerSecond", "megabytesPerSecond", "firstMessageMillis"),
                180,
                contestant -> {
                    // RocketMQ gives no disk space back, and the official client is slow to fill.
                    String messages = contestant.system().equals("rocketmq")
                            ? "1000000"
                            : contestant.name().equals("argosy-official") ? "500000" : "2000000";
                    List<String> fill = contestant.name().equals("argosy-official")
                            ? List.of("--in-flight", "1024")
                            : contestant.name().equals("rocketmq")
                                    ? plus(options("mode=batch"), List.of("--in-flight", "4096"))
                                    : contestant.throughput();
                    return plus(
                            plus(List.of("consume", "--messages", messages, "--queues", "4"), fill),
                            contestant.consume());
                }));
        rows.add(new Row(
                "failover",
                "longest gap at kill -9 of the leader",
                true,
                List.of("argosy", "kafka", "rocketmq"),
                List.of("gapMedianMillis", "gapMaxMillis", "lost", "duplicated", "errors"),
                240,
                contestant -> plus(
                        List.of(
                                "failover",
                                "--queues",
                                contestant.system().equals("kafka") ? "1" : "4",
                                "--kills",
                                "5"),
                        contestant.latency())));
        rows.add(many("many-8", 1, 8, List.of("argosy")));
        rows.add(many("many-50000", 1, 50_000, List.of("argosy")));
        rows.add(many("many-peers", 5, 1000, List.of("kafka")));
        rows.add(many("many-peers-rocketmq", 15, 1000, List.of("rocketmq")));
        rows.add(many("many-1m", 20, 50_000, List.of("argosy")));
        rows.add(new Row(
                "mixed",
                "a backlog that does not fit into memory, and its drain, beside publishing at a rate",
                true,
                List.of("argosy"),
                List.of(
                        "p99CalmMicros",
                        "p99DrainMicros",
                        "p99Ratio",
                        "drainPerSecond",
                        "publishPerSecond",
                        "backlogGigabytes"),
                1800,
                contestant -> plus(List.of("mixed", "--queues", "4"), contestant.throughput())));
        rows.add(new Row(
                "overload",
                "three times the peak, 1 KiB",
                true,
                List.of("argosy"),
                List.of(
                        "goodputShare",
                        "peakPerSecond",
                        "goodputPerSecond",
                        "refusedRetryable",
                        "refusedForGood",
                        "residentMaxMiB"),
                60,
                contestant -> plus(List.of("overload", "--queues", "4"), contestant.throughput())));
        rows.add(new Row(
                "idle",
                "idle, warm",
                true,
                List.of("argosy", "kafka"),
                List.of("cpuPercentOfACore", "residentMiB"),
                60,
                contestant -> plus(List.of("idle", "--queues", "4"), contestant.throughput())));
        return List.copyOf(rows);
    }

    private static Row produce(int bytes, int queues) {
        String size = bytes == 1024 ? "1k" : Integer.toString(bytes);
        return new Row(
                "produce-" + size + "-" + queues,
                "produce " + (bytes == 1024 ? "1 KiB" : bytes + " B") + ", " + queues + " queues, batched",
                false,
                List.of("argosy", "argosy-async", "kafka", "kafka-fsync", "rocketmq-batch", "rocketmq-autobatch"),
                THROUGHPUT,
                20,
                contestant -> {
                    List<String> arguments = plus(
                            List.of(
                                    "produce",
                                    "--size",
                                    Integer.toString(bytes),
                                    "--queues",
                                    Integer.toString(queues),
                                    "--slice",
                                    "4"),
                            contestant.throughput());
                    return contestant.name().equals("argosy")
                            ? plus(arguments, List.of("--disk-limit", "DATA"))
                            : arguments;
                });
    }

    private static Row official(String where) {
        return new Row(
                "official-1k-" + where,
                "official Java client, async, single messages, 1 KiB, connected to "
                        + (where.equals("leader") ? "the leader" : "a follower"),
                false,
                List.of("argosy-official-" + where, "rocketmq-official"),
                THROUGHPUT,
                20,
                contestant -> plus(List.of("produce", "--queues", "8", "--slice", "4"), contestant.throughput()));
    }

    private static Row many(String id, int topics, int queues, List<String> contestants) {
        boolean rocketmq = contestants.contains("rocketmq");
        boolean kafka = contestants.contains("kafka");
        return new Row(
                id,
                String.format("%,d queues, 20,000/s spread over them, 1 KiB", topics * queues),
                true,
                contestants,
                List.of(
                        "messagesPerSecond",
                        "p99Micros",
                        "peakPerSecond",
                        "idlePercentOfACore",
                        "residentMaxMiB",
                        "restartMillis"),
                300,
                contestant -> {
                    List<String> arguments = plus(
                            List.of(
                                    "many",
                                    "--topics",
                                    Integer.toString(topics),
                                    "--queues",
                                    Integer.toString(queues),
                                    "--every-queue",
                                    "--rate",
                                    "20000"),
                            rocketmq ? contestant.throughput() : contestant.latency());
                    // A batch per partition: large ones would need more memory than the client has.
                    return kafka ? plus(arguments, options("batchBytes=4096", "bufferBytes=134217728")) : arguments;
                });
    }

    static Row named(String id) {
        return ALL.stream()
                .filter(each -> each.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no row " + id + "; there are "
                        + String.join(", ", ALL.stream().map(Row::id).toList())));
    }
}
