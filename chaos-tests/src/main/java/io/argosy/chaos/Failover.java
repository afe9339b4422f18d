package io.argosy.chaos;

import io.argosy.proto.v2.Message;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Kills the leader with SIGKILL again and again under a steady load and prints the longest gap between
 * acknowledgements of each kill; then checks that nothing acknowledged is lost, that queue offsets are dense, and that
 * the logs of all replicas hold the same entries.
 */
@Command(name = "failover", mixinStandardHelpOptions = true)
public final class Failover implements Callable<Integer> {

    private static final String TOPIC = "failover";
    private static final int QUEUES = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Acknowledgements must have gone on for this long before a kill is over. */
    private static final Duration QUIET = Duration.ofMillis(1500);

    private final PrintStream out = System.out;

    enum Client {
        argosy,
        official
    }

    @Option(names = "--home", required = true, description = "the checkout")
    private Path home = Path.of(".");

    @Option(names = "--dir", required = true, description = "folder of the cluster, wiped first")
    private Path folder = Path.of("data");

    @Option(names = "--base-port", required = true)
    private int basePort;

    @Option(names = "--kills", defaultValue = "20")
    private int kills;

    @Option(names = "--rate", defaultValue = "500", description = "messages per second")
    private int rate;

    @Option(names = "--client", defaultValue = "argosy", description = "${COMPLETION-CANDIDATES}")
    private Client client = Client.argosy;

    @Option(names = "--seed", description = "of the pauses between kills", defaultValue = "1")
    private long seed;

    private final AckTimes acks = new AckTimes();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicInteger failed = new AtomicInteger();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Failover()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        try (Cluster cluster = new Cluster(home, folder, basePort, 3, Map.of())) {
            cluster.start();
            return run(cluster);
        }
    }

    private int run(Cluster cluster) throws Exception {
        Random random = new Random(seed);
        List<Long> gapsMillis = new ArrayList<>();
        ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        AtomicInteger next = new AtomicInteger();
        try (SendLoop loop = client == Client.official
                ? SendLoop.official(cluster.endpoints(), TOPIC)
                : SendLoop.argosy(cluster.endpoints())) {
            var sending = pace.scheduleAtFixedRate(
                    () -> send(loop, next.getAndIncrement()),
                    0,
                    TimeUnit.SECONDS.toNanos(1) / rate,
                    TimeUnit.NANOSECONDS);
            awaitAcks(1000 + rate);
            out.printf("%d kills under %d messages/s from the %s client%n", kills, rate, client);
            for (int i = 1; i <= kills; i++) {
                int leader = cluster.leader().orElseThrow(() -> new IllegalStateException("no leader"));
                long killNanos = System.nanoTime();
                cluster.kill(leader);
                awaitQuiet(killNanos);
                long gap = TimeUnit.NANOSECONDS.toMillis(acks.longestGapNanos(killNanos, System.nanoTime()));
                gapsMillis.add(gap);
                out.printf("  kill %2d: replica %d, longest gap %,5d ms%n", i, leader, gap);
                cluster.restart(leader);
                awaitReady(cluster, leader);
                pause(500 + random.nextInt(1000));
            }
            sending.cancel(false);
            pace.shutdown();
            pace.awaitTermination(1, TimeUnit.MINUTES);
            awaitSettled(next.get());
        } finally {
            pace.shutdownNow();
        }
        Check check = readBack(cluster);
        cluster.stop();
        String replicas = LogComparison.of(cluster);

        List<Long> sorted = gapsMillis.stream().sorted().toList();
        out.println();
        out.printf(
                Locale.ROOT,
                "  gap between acknowledgements   p50 %,d ms, max %,d ms%n",
                sorted.get((sorted.size() - 1) / 2),
                sorted.get(sorted.size() - 1));
        out.printf("  sent %,d, acknowledged %,d, failed %,d%n", next.get(), acknowledged.size(), failed.get());
        out.printf(
                "  stored %,d, lost %,d, duplicated %,d, gaps in offsets %,d%n",
                check.stored, check.lost, check.duplicated, check.offsetGaps);
        out.printf("  replicas: %s%n", replicas);
        boolean good = failed.get() == 0
                && check.lost == 0
                && check.duplicated == 0
                && check.offsetGaps == 0
                && replicas.startsWith(LogComparison.EQUAL);
        return good ? 0 : 1;
    }

    private void send(SendLoop loop, int number) {
        String body = "f-" + number;
        var unused = loop.send(TOPIC, body).whenComplete((receipt, failure) -> {
            if (failure == null) {
                acks.record(System.nanoTime());
                acknowledged.add(body);
            } else {
                failed.incrementAndGet();
                out.println("    send failed: " + failure);
            }
        });
    }

    private void awaitAcks(int count) {
        await("first acknowledgements", () -> acks.count() >= count);
    }

    /** Until acknowledgements have come without a long pause for a while. */
    private void awaitQuiet(long killNanos) {
        await("acknowledgements go on", () -> {
            long now = System.nanoTime();
            // Until then the window still shows the calm before the kill.
            return now - killNanos > QUIET.toNanos()
                    && acks.longestGapNanos(now - QUIET.toNanos(), now) < QUIET.toNanos() / 3
                    && acks.countSince(now - QUIET.toNanos()) > rate * QUIET.toMillis() / 1000 / 2;
        });
    }

    private void awaitSettled(int sent) {
        await("answers to all sends", () -> acknowledged.size() + failed.get() >= sent);
    }

    private void awaitReady(Cluster cluster, int replica) {
        await("replica " + replica + " is ready", () -> cluster.ready(replica));
    }

    private static void await(String what, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (!condition.call()) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("waited " + PATIENCE.toSeconds() + " s in vain: " + what);
                }
                pause(20);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(what, e);
        }
    }

    private static void pause(long millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private record Check(int stored, long lost, int duplicated, int offsetGaps) {}

    private Check readBack(Cluster cluster) {
        Map<String, Integer> seen = new HashMap<>();
        int gaps = 0;
        try (RawClient reader = new RawClient(cluster.replicaAddress(1), "failover-reader")) {
            for (int queue = 0; queue < QUEUES; queue++) {
                long expected = 0;
                for (Message message : reader.readQueue(TOPIC, queue)) {
                    if (message.getSystemProperties().getQueueOffset() != expected) {
                        gaps++;
                    }
                    expected = message.getSystemProperties().getQueueOffset() + 1;
                    seen.merge(message.getBody().toString(StandardCharsets.UTF_8), 1, Integer::sum);
                }
            }
        }
        Set<String> lost = new HashSet<>(acknowledged);
        lost.removeAll(seen.keySet());
        int duplicated = (int) seen.values().stream().filter(count -> count > 1).count();
        new TreeMap<>(seen).forEach((body, count) -> {
            if (count > 1) {
                out.println("    stored " + count + " times: " + body);
            }
        });
        lost.forEach(body -> out.println("    lost: " + body));
        return new Check(seen.size(), lost.size(), duplicated, gaps);
    }
}
