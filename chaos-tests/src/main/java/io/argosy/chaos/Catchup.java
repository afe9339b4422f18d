package io.argosy.chaos;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Fills a log, then exchanges every replica of the group under a steady load, and counts the sends that failed. */
@Command(name = "catchup", mixinStandardHelpOptions = true)
public final class Catchup implements Callable<Integer> {

    private static final int REPLICAS = 3;
    private static final String FILL = "fill";
    private static final String LOAD = "load";
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration SETTLE = Duration.ofSeconds(2);

    /** A log is trimmed at this share of its largest size, and then once more a little further down. */
    private static final double TRIM_SHARE = 0.75;

    private static final int SEGMENT_MIB_MAX = 256;

    /** Sends are acknowledged a little out of order: so many at the trimmed end of the queue prove nothing. */
    private static final int ORDER_SLACK = 1000;

    private final PrintStream out = System.out;

    @Option(names = "--home", required = true, description = "the checkout")
    private Path home = Path.of(".");

    @Option(names = "--dir", required = true, description = "folder of the cluster, wiped first")
    private Path folder = Path.of("data");

    @Option(names = "--base-port", required = true)
    private int basePort;

    @Option(names = "--mib", defaultValue = "5120", description = "size of the log")
    private int logMib;

    @Option(names = "--body", defaultValue = "4096", description = "bytes per message that fills the log")
    private int bodyBytes;

    @Option(names = "--rate", defaultValue = "200", description = "messages per second of the steady load")
    private int rate;

    @Option(names = "--trimmed", description = "fill until the log was trimmed: who is new needs a snapshot")
    private boolean trimmed;

    private final AckTimes acknowledgements = new AckTimes();
    private final Set<Integer> acknowledged = new ConcurrentSkipListSet<>();
    private final Set<String> failures = new ConcurrentSkipListSet<>();
    private final AtomicInteger failed = new AtomicInteger();
    private int sent;
    private long startedNanos;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Catchup()).execute(args));
    }

    private interface Step {
        void run() throws Exception;
    }

    @Override
    public Integer call() throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("ARGOSY_TOPIC_QUEUES", "1"));
        if (trimmed) {
            settings.put("ARGOSY_RAFT_MAX_BYTES", (int) (logMib / TRIM_SHARE) + "MiB");
            // Whole files are trimmed: of few large ones the log would be full first.
            settings.put("ARGOSY_RAFT_SEGMENT_SIZE", Math.max(1, Math.min(SEGMENT_MIB_MAX, logMib / 32)) + "MiB");
        }
        boolean good;
        try (Cluster cluster = new Cluster(home, folder, basePort, REPLICAS, settings)) {
            cluster.start();
            startedNanos = System.nanoTime();
            try (ArgosyClient client = ArgosyClient.builder()
                            .endpoints(cluster.endpoints())
                            .build();
                    Producer producer = client.producer().build()) {
                fill(cluster, producer);
                ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
                try {
                    var unused = pace.scheduleAtFixedRate(
                            () -> send(producer), 0, TimeUnit.SECONDS.toNanos(1) / rate, TimeUnit.NANOSECONDS);
                    exchange(cluster);
                } finally {
                    pace.shutdown();
                    pace.awaitTermination(10, TimeUnit.SECONDS);
                    producer.flush();
                }
            }
            good = report(cluster);
        }
        return good ? 0 : 1;
    }

    private void fill(Cluster cluster, Producer producer) throws Exception {
        byte[] body = "x".repeat(bodyBytes).getBytes(StandardCharsets.UTF_8);
        int leader = cluster.leader().orElseThrow();
        long wantedBytes = (long) logMib << 20;
        long bytes = 0;
        long saidNanos = System.nanoTime();
        List<CompletableFuture<?>> underWay = new ArrayList<>();
        while (bytes < wantedBytes || (trimmed && !cluster.log(leader).contains("trimmed the log"))) {
            for (int i = 0; i < 256; i++) {
                underWay.add(producer.sendAsync(Message.of(FILL, body)));
                bytes += bodyBytes;
            }
            CompletableFuture.allOf(underWay.toArray(CompletableFuture[]::new)).join();
            underWay.clear();
            long now = System.nanoTime();
            if (now - saidNanos > LOOK.toNanos()) {
                saidNanos = now;
                say("filled %,d of %,d MiB", bytes >> 20, logMib);
            }
        }
        say("filled %,d MiB", bytes >> 20);
    }

    private void send(Producer producer) {
        int number = sent++;
        var unused = producer.sendAsync(
                        Message.of(LOAD, Integer.toString(number).getBytes(StandardCharsets.UTF_8)))
                .whenComplete((receipt, failure) -> {
                    if (failure == null) {
                        acknowledgements.record(System.nanoTime());
                        acknowledged.add(number);
                    } else {
                        failed.incrementAndGet();
                        failures.add(String.valueOf(failure.getMessage()));
                    }
                });
    }

    private void exchange(Cluster cluster) throws Exception {
        step(cluster, "a moment of load alone", () -> TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos()));
        int wiped = cluster.leader().orElseThrow() % REPLICAS + 1;
        step(cluster, "replica " + wiped + " is killed, wiped and started: a stranger", () -> {
            cluster.kill(wiped);
            cluster.wipe(wiped);
            cluster.restart(wiped);
            if (!cluster.log(wiped).contains("store is empty and belongs to no group")) {
                throw new IllegalStateException("replica " + wiped + " does not say that it is a stranger");
            }
        });
        step(cluster, "replica 4 takes its place", () -> cluster.replace(wiped, 4));
        step(cluster, "it leads: a voter that is not hollow may", () -> transfer(cluster, 4));
        step(cluster, "replica 5 is added", () -> cluster.add(5));
        step(cluster, "replica 6 is added", () -> cluster.add(6));
        int leader = wiped % REPLICAS + 1;
        step(cluster, "replica " + leader + " leads again", () -> transfer(cluster, leader));
        step(cluster, "the leader, replica " + leader + ", is removed", () -> leave(cluster, leader));
        int last = leader % REPLICAS + 1;
        step(cluster, "replica " + last + " is removed, the last of the three founders", () -> leave(cluster, last));
    }

    private static void transfer(Cluster cluster, int to) {
        cluster.argosy("raft", "transfer", "--to", Integer.toString(to));
    }

    /** Its data is of no more use, and takes as much room as the log. */
    private static void leave(Cluster cluster, int replica) {
        cluster.remove(replica);
        try (Stream<Path> files = Files.walk(cluster.replicaFolder(replica))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says what is being fetched while it runs, and what it did to the load. */
    private void step(Cluster cluster, String what, Step step) throws Exception {
        say("%s", what);
        long begunNanos = System.nanoTime();
        CompletableFuture<Void> running = CompletableFuture.runAsync(() -> {
            try {
                step.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        while (true) {
            try {
                running.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                break;
            } catch (TimeoutException e) {
                cluster.argosyResult("cluster", "status")
                        .output()
                        .lines()
                        .filter(line -> line.startsWith("!!"))
                        .forEach(line -> say("    %s", line));
            }
        }
        long doneNanos = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos());
        say(
                "    took %,.1f s; longest write gap %,d ms; %,d sends failed so far",
                (doneNanos - begunNanos) / 1e9,
                acknowledgements.longestGapNanos(begunNanos, System.nanoTime()) / 1_000_000,
                failed.get());
    }

    private boolean report(Cluster cluster) {
        TreeSet<Integer> stored = new TreeSet<>();
        try (RawClient reader =
                new RawClient(cluster.replicaAddress(cluster.leader().orElseThrow()), "catchup-reader")) {
            reader.readQueue(LOAD, 0)
                    .forEach(message ->
                            stored.add(Integer.valueOf(message.getBody().toString(StandardCharsets.UTF_8))));
        }
        int from = stored.isEmpty() ? 0 : stored.first();
        // What was trimmed meanwhile is not lost.
        int judgedFrom = from == 0 ? 0 : from + ORDER_SLACK;
        long lost = acknowledged.stream()
                .filter(number -> number >= judgedFrom && !stored.contains(number))
                .count();
        say(
                "sent %,d, acknowledged %,d, failed %,d, lost %,d of those from %,d on",
                sent, acknowledged.size(), failed.get(), lost, judgedFrom);
        failures.forEach(failure -> say("    failed: %s", failure));
        return failed.get() == 0 && lost == 0 && !acknowledged.isEmpty();
    }

    private void say(String format, Object... arguments) {
        out.printf(
                Locale.ROOT,
                "%7.1f s  %s%n",
                (System.nanoTime() - startedNanos) / 1e9,
                String.format(Locale.ROOT, format, arguments));
    }
}
