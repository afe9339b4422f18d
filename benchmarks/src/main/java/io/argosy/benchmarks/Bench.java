package io.argosy.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.client.ArgosyClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Throughput, latency and CPU per message of a running cluster, as a table and as JSON. */
@Command(name = "bench", mixinStandardHelpOptions = true)
public final class Bench implements Callable<Integer> {

    private static final int JSON_VERSION = 1;

    private final PrintStream out = System.out;

    @Option(names = "--endpoints", defaultValue = "127.0.0.1:8081")
    private String endpoints = "";

    @Option(names = "--dir", required = true, description = "folder of the cluster; process ids are read from it")
    private Path folder = Path.of("data");

    @Option(names = "--warm-up", defaultValue = "10", description = "seconds before each counted run")
    private int warmUpSeconds;

    @Option(names = "--seconds", defaultValue = "20", description = "counted seconds of each run")
    private int seconds;

    @Option(names = "--sizes", split = ",", defaultValue = "10,100,1024", description = "body sizes, bytes")
    private List<Integer> sizes = List.of();

    @Option(names = "--rates", split = ",", defaultValue = "0,1000", description = "latency runs; 0 = one in flight")
    private List<Integer> rates = List.of();

    @Option(names = "--linger", defaultValue = "5", description = "of the throughput runs, milliseconds")
    private int lingerMillis;

    @Option(names = "--json", description = "where to write the results as JSON")
    private Optional<Path> json = Optional.empty();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        ProcessCpu cpu = new ProcessCpu(serverPids());
        Duration warmUp = Duration.ofSeconds(warmUpSeconds);
        Duration counted = Duration.ofSeconds(seconds);
        List<ThroughputRun.Result> throughput = new ArrayList<>();
        List<LatencyRun.Result> latency = new ArrayList<>();
        try (ArgosyClient client = ArgosyClient.builder().endpoints(endpoints).build()) {
            out.printf(
                    "%-28s %12s %9s %11s %11s %8s%n",
                    "produce, batched, acks=fsync", "msg/s", "MB/s", "client s/M", "servers s/M", "others");
            for (int size : sizes) {
                ThroughputRun.Result result = new ThroughputRun(client, cpu)
                        .run(new ThroughputRun.Load(
                                "bench-" + size, size, Duration.ofMillis(lingerMillis), warmUp, counted));
                throughput.add(result);
                out.printf(
                        Locale.ROOT,
                        "%-28s %,12.0f %9.1f %11.2f %11.2f %8.2f%s%n",
                        size + " B",
                        result.messagesPerSecond(),
                        result.megabytesPerSecond(),
                        result.clientCpuSecondsPerMillion(),
                        result.serverCpuSecondsPerMillion(),
                        result.otherProcessors(),
                        failures(result.failures()));
            }
            out.println();
            out.printf("%-28s %10s %10s %10s %10s %10s%n", "latency, 1 KiB, us", "count", "p50", "p99", "p99.9", "max");
            for (int rate : rates) {
                LatencyRun.Result result =
                        new LatencyRun(client).run(new LatencyRun.Load("bench-latency", 1024, rate, warmUp, counted));
                latency.add(result);
                out.printf(
                        Locale.ROOT,
                        "%-28s %,10d %,10.0f %,10.0f %,10.0f %,10.0f%s%n",
                        rate == 0 ? "one in flight" : rate + "/s, open loop",
                        result.nanos().getTotalCount(),
                        result.micros(50),
                        result.micros(99),
                        result.micros(99.9),
                        result.micros(100),
                        failures(result.failures()));
            }
        }
        if (json.isPresent()) {
            write(json.get(), throughput, latency);
        }
        return 0;
    }

    private static String failures(long count) {
        return count == 0 ? "" : "   " + count + " FAILED";
    }

    private List<Long> serverPids() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Long> pids = new ArrayList<>();
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".pid")).sorted().toList()) {
                pids.add(Long.parseLong(Files.readString(file).strip()));
            }
            if (pids.isEmpty()) {
                throw new IllegalStateException("no cluster runs in " + folder + "; start one with scripts/cluster.sh");
            }
            return pids;
        }
    }

    private static void write(Path file, List<ThroughputRun.Result> throughput, List<LatencyRun.Result> latency)
            throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode().put("version", JSON_VERSION);
        ArrayNode produce = root.putArray("produce");
        for (ThroughputRun.Result result : throughput) {
            produce.addObject()
                    .put("bodyBytes", result.load().bodyBytes())
                    .put("messages", result.messages())
                    .put("failures", result.failures())
                    .put("seconds", result.seconds())
                    .put("messagesPerSecond", result.messagesPerSecond())
                    .put("clientCpuSecondsPerMillion", result.clientCpuSecondsPerMillion())
                    .put("serverCpuSecondsPerMillion", result.serverCpuSecondsPerMillion())
                    .put("otherProcessors", result.otherProcessors());
        }
        ArrayNode sends = root.putArray("latency");
        for (LatencyRun.Result result : latency) {
            sends.addObject()
                    .put("bodyBytes", result.load().bodyBytes())
                    .put("ratePerSecond", result.load().ratePerSecond())
                    .put("count", result.nanos().getTotalCount())
                    .put("failures", result.failures())
                    .put("p50Micros", result.micros(50))
                    .put("p99Micros", result.micros(99))
                    .put("p999Micros", result.micros(99.9))
                    .put("maxMicros", result.micros(100));
        }
        mapper.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), root);
    }
}
