package io.argosy.chaos;

import io.argosy.proto.v2.Message;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
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

/**
 * One fault, again and again, on a fresh cluster under a steady load: measures the longest gap between acknowledgements
 * around each strike, then checks that nothing acknowledged is lost, that nothing is stored twice, that queue offsets are
 * dense, and that the logs of all replicas hold the same entries.
 */
final class FaultSeries {

    private static final String TOPIC = "failover";
    private static final int QUEUES = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Acknowledgements must have gone on for this long before a round is over. */
    private static final Duration QUIET = Duration.ofMillis(1500);

    /** Shorter than the pause between two rounds. */
    private static final Duration CALM = Duration.ofMillis(500);

    /**
     * @param rate messages per second
     * @param seed of the pauses between rounds
     */
    record Load(Client client, int rate, long seed) {}

    /**
     * @param gapsMillis one per round
     * @param calmMillis the longest gap in the calm before each strike: what machine and load cost by themselves
     */
    record Result(
            Fault fault,
            List<Long> gapsMillis,
            List<Long> calmMillis,
            int sent,
            int acknowledged,
            int failed,
            int stored,
            int lost,
            int duplicated,
            int offsetGaps,
            String replicas) {

        long median() {
            return median(gapsMillis);
        }

        long calmMedian() {
            return median(calmMillis);
        }

        private static long median(List<Long> millis) {
            List<Long> sorted = millis.stream().sorted().toList();
            return sorted.get((sorted.size() - 1) / 2);
        }

        long max() {
            return gapsMillis.stream().mapToLong(Long::longValue).max().orElseThrow();
        }

        /** Nothing was lost, duplicated or refused; says nothing about time. */
        boolean good() {
            return failed == 0
                    && lost == 0
                    && duplicated == 0
                    && offsetGaps == 0
                    && replicas.startsWith(LogComparison.EQUAL);
        }
    }

    enum Client {
        argosy,
        official
    }

    private final Cluster cluster;
    private final Fault fault;
    private final int rounds;
    private final Load load;
    private final PrintStream out;

    private final AckTimes acks = new AckTimes();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicInteger failed = new AtomicInteger();

    /** @param cluster runs */
    FaultSeries(Cluster cluster, Fault fault, int rounds, Load load, PrintStream out) {
        this.cluster = cluster;
        this.fault = fault;
        this.rounds = rounds;
        this.load = load;
        this.out = out;
    }

    /** Stops the cluster at the end. */
    Result run() throws Exception {
        Random random = new Random(load.seed);
        List<Long> gapsMillis = new ArrayList<>();
        List<Long> calmMillis = new ArrayList<>();
        ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        AtomicInteger next = new AtomicInteger();
        try (AdminPort admin = new AdminPort();
                SendLoop loop = load.client == Client.official
                        ? SendLoop.official(cluster.endpoints(), TOPIC)
                        : SendLoop.argosy(cluster.endpoints())) {
            if (fault == Fault.transfer) {
                admin.connect(cluster);
            }
            var sending = pace.scheduleAtFixedRate(
                    () -> send(loop, next.getAndIncrement()),
                    0,
                    TimeUnit.SECONDS.toNanos(1) / load.rate,
                    TimeUnit.NANOSECONDS);
            awaitAcks(1000 + load.rate);
            out.printf(
                    "%s, %d rounds under %d messages/s from the %s client%n",
                    fault.title, rounds, load.rate, load.client);
            for (int i = 1; i <= rounds; i++) {
                int leader = awaitLeader();
                long strikeNanos = System.nanoTime();
                long calm =
                        TimeUnit.NANOSECONDS.toMillis(acks.longestGapNanos(strikeNanos - CALM.toNanos(), strikeNanos));
                calmMillis.add(calm);
                fault.strike(cluster, admin, leader);
                awaitQuiet(strikeNanos);
                long gap = TimeUnit.NANOSECONDS.toMillis(acks.longestGapNanos(strikeNanos, System.nanoTime()));
                gapsMillis.add(gap);
                out.printf(
                        "  round %2d: replica %d, longest gap %,5d ms, %,d ms in the calm before%n",
                        i, leader, gap, calm);
                fault.heal(cluster, leader);
                awaitReady(leader);
                pause(500 + random.nextInt(1000));
            }
            sending.cancel(false);
            pace.shutdown();
            pace.awaitTermination(1, TimeUnit.MINUTES);
            awaitSettled(next.get());
        } finally {
            pace.shutdownNow();
        }
        return checked(gapsMillis, calmMillis, next.get());
    }

    private Result checked(List<Long> gapsMillis, List<Long> calmMillis, int sent) {
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
        cluster.stop();
        Result result = new Result(
                fault,
                List.copyOf(gapsMillis),
                List.copyOf(calmMillis),
                sent,
                acknowledged.size(),
                failed.get(),
                seen.size(),
                lost.size(),
                duplicated,
                gaps,
                LogComparison.of(cluster));
        out.printf(
                Locale.ROOT,
                "  sent %,d, acknowledged %,d, failed %,d; stored %,d, lost %,d, duplicated %,d, gaps in offsets %,d%n",
                sent,
                result.acknowledged,
                result.failed,
                result.stored,
                result.lost,
                duplicated,
                gaps);
        out.printf("  replicas: %s%n", result.replicas);
        return result;
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

    private int awaitLeader() {
        await("a leader", () -> cluster.leader().isPresent());
        return cluster.leader().orElseThrow(() -> new IllegalStateException("the leader is gone again"));
    }

    /** Until acknowledgements have come without a long pause for a while. */
    private void awaitQuiet(long strikeNanos) {
        await("acknowledgements go on", () -> {
            long now = System.nanoTime();
            // Until then the window still shows the calm before the strike.
            return now - strikeNanos > QUIET.toNanos()
                    && acks.longestGapNanos(now - QUIET.toNanos(), now) < QUIET.toNanos() / 3
                    && acks.countSince(now - QUIET.toNanos()) > load.rate * QUIET.toMillis() / 1000 / 2;
        });
    }

    private void awaitSettled(int sent) {
        await("answers to all sends", () -> acknowledged.size() + failed.get() >= sent);
    }

    private void awaitReady(int replica) {
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
}
