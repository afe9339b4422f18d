package io.argosy.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * A system with its settings and a client.
 *
 * @param system its program in benchmarks/systems
 * @param variant how its servers are started
 * @param durability what has happened before a message is acknowledged
 * @param throughput arguments for sending as fast as possible: the best that were found for it
 * @param latency arguments for sending what is due at once
 */
record Contestant(
        String name,
        String system,
        String variant,
        String durability,
        List<String> throughput,
        List<String> latency,
        List<String> consume) {

    private static final String MAJORITY_FSYNC = "fsync on a majority";
    private static final String MAJORITY_MEMORY = "memory of a majority, no fsync";
    private static final String ALL_MEMORY = "memory of all in-sync replicas, no fsync";
    private static final String ALL_FSYNC = "fsync on all in-sync replicas";

    private static final List<String> ARGOSY_BATCHED = options("lingerMillis=5");
    private static final List<String> ARGOSY_AT_ONCE = options("lingerMillis=0");
    private static final List<String> KAFKA_BATCHED = options("lingerMillis=20", "batchBytes=262144");
    private static final List<String> KAFKA_AT_ONCE = options("lingerMillis=0");
    private static final List<String> OFFICIAL = List.of("--driver", "official", "--in-flight", "1024");
    private static final List<String> ROCKETMQ_AT_ONCE = options("mode=async");

    static final List<Contestant> ALL = List.of(
            new Contestant("machine", "machine", "none", "-", List.of(), List.of(), List.of()),
            new Contestant(
                    "argosy",
                    "argosy",
                    "fsync",
                    MAJORITY_FSYNC,
                    ARGOSY_BATCHED,
                    ARGOSY_AT_ONCE,
                    options("consumer=pull")),
            new Contestant(
                    "argosy-async",
                    "argosy",
                    "async",
                    MAJORITY_MEMORY,
                    ARGOSY_BATCHED,
                    ARGOSY_AT_ONCE,
                    options("consumer=pull")),
            new Contestant(
                    "argosy-push",
                    "argosy",
                    "fsync",
                    MAJORITY_FSYNC,
                    ARGOSY_BATCHED,
                    ARGOSY_AT_ONCE,
                    options("consumer=push")),
            official("argosy-official", "argosy", "fsync", MAJORITY_FSYNC, List.of()),
            official("argosy-official-leader", "argosy", "fsync", MAJORITY_FSYNC, options("connect=leader")),
            official("argosy-official-follower", "argosy", "fsync", MAJORITY_FSYNC, options("connect=follower")),
            new Contestant("kafka", "kafka", "default", ALL_MEMORY, KAFKA_BATCHED, KAFKA_AT_ONCE, List.of()),
            new Contestant("kafka-fsync", "kafka", "fsync", ALL_FSYNC, KAFKA_BATCHED, KAFKA_AT_ONCE, List.of()),
            // 64 messages in a send, 16384 in flight: more of either gave nothing, less cost a lot.
            rocketmq("rocketmq-batch", "mode=batch", "16384"),
            rocketmq("rocketmq-autobatch", "mode=autobatch", "16384"),
            rocketmq("rocketmq", "mode=async", "4096"),
            official("rocketmq-official", "rocketmq", "proxy", MAJORITY_MEMORY, List.of()));

    private static Contestant official(
            String name, String system, String variant, String durability, List<String> more) {
        List<String> throughput = plus(OFFICIAL, more);
        List<String> atOnce = plus(List.of("--driver", "official"), more);
        return new Contestant(name, system, variant, durability, throughput, atOnce, atOnce);
    }

    private static Contestant rocketmq(String name, String mode, String inFlight) {
        return new Contestant(
                name,
                "rocketmq",
                "dledger",
                MAJORITY_MEMORY,
                plus(options(mode), List.of("--in-flight", inFlight, "--threads", "2")),
                ROCKETMQ_AT_ONCE,
                List.of());
    }

    static Contestant named(String name) {
        return ALL.stream()
                .filter(each -> each.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no contestant " + name));
    }

    String cluster() {
        return system + "/" + variant;
    }

    static List<String> options(String... settings) {
        List<String> arguments = new ArrayList<>();
        for (String setting : settings) {
            arguments.add("-O");
            arguments.add(setting);
        }
        return List.copyOf(arguments);
    }

    static List<String> plus(List<String> some, List<String> more) {
        List<String> all = new ArrayList<>(some);
        all.addAll(more);
        return List.copyOf(all);
    }
}
