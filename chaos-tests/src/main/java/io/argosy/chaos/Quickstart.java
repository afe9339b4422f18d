package io.argosy.chaos;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What the quick start shows: the official client sends, the leader is killed with SIGKILL in the middle, everything
 * acknowledged is received. Exit code 0 only if nothing is lost.
 */
@Command(name = "quickstart", mixinStandardHelpOptions = true)
public final class Quickstart implements Callable<Integer> {

    private static final String TOPIC = "quickstart";
    private static final int SENDERS = 8;
    private static final Duration NEW_LEADER_WAIT_MAX = Duration.ofSeconds(30);
    private static final Duration RECEIVE_WAIT_MAX = Duration.ofMinutes(2);

    private final PrintStream out = System.out;

    @Option(names = "--home", required = true, description = "the checkout")
    private Path home = Path.of(".");

    @Option(names = "--dir", required = true, description = "folder of the cluster")
    private Path folder = Path.of("data");

    @Option(names = "--base-port", description = "0 for the default ports", defaultValue = "0")
    private int basePort;

    @Option(names = "--messages", defaultValue = "10000")
    private int messages;

    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AckTimes acks = new AckTimes();
    private int duplicates;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Quickstart()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        // Somebody else started it, and it goes on running afterwards.
        return run(new Cluster(home, folder, basePort, 3, Map.of()));
    }

    private int run(Cluster cluster) throws Exception {
        String run = Long.toString(System.currentTimeMillis(), 36);
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        int leaderBefore = cluster.leader().orElseThrow(() -> new IllegalStateException("no replica leads"));

        out.printf(
                "==> sending %,d messages with the official Java client; replica %d leads%n", messages, leaderBefore);
        long startNanos = System.nanoTime();
        CountDownLatch third = new CountDownLatch(messages / 3);
        AtomicInteger next = new AtomicInteger();
        ExecutorService senders = Executors.newFixedThreadPool(SENDERS);
        long killNanos;
        int leaderAfter;
        long sentNanos;
        try (Producer producer = client.producer(TOPIC)) {
            for (int i = 0; i < SENDERS; i++) {
                senders.execute(() -> send(producer, run, next, third));
            }
            third.await();
            killNanos = System.nanoTime();
            cluster.kill(leaderBefore);
            out.printf("==> %s replica %d killed with SIGKILL%n", since(startNanos, killNanos), leaderBefore);
            leaderAfter = awaitNewLeader(cluster, leaderBefore);
            out.printf("==> %s replica %d leads%n", since(startNanos, System.nanoTime()), leaderAfter);
            senders.shutdown();
            senders.awaitTermination(5, TimeUnit.MINUTES);
            sentNanos = System.nanoTime();
        } finally {
            senders.shutdownNow();
        }
        out.printf("==> %s all sent; restarting replica %d%n", since(startNanos, sentNanos), leaderBefore);
        cluster.restart(leaderBefore);
        out.printf("==> %s replica %d runs again; receiving%n", since(startNanos, System.nanoTime()), leaderBefore);

        Set<String> received = receive(client, run);
        long lost =
                acknowledged.stream().filter(body -> !received.contains(body)).count();

        out.println();
        out.printf("  leader before / after the kill     replica %d / replica %d%n", leaderBefore, leaderAfter);
        out.printf(
                "  longest gap in acknowledgements    %,d ms%n",
                TimeUnit.NANOSECONDS.toMillis(acks.longestGapNanos(killNanos, sentNanos)));
        out.printf("  sent                               %,d%n", messages);
        out.printf("  acknowledged                       %,d%n", acknowledged.size());
        out.printf("  failed                             %,d%n", failed.get());
        out.printf("  received                           %,d%n", received.size());
        out.printf("  received more than once            %,d%n", duplicates);
        out.printf("  lost                               %,d%n", lost);
        out.println();
        return lost == 0 && failed.get() == 0 ? 0 : 1;
    }

    private void send(Producer producer, String run, AtomicInteger next, CountDownLatch third) {
        for (int i = next.getAndIncrement(); i < messages; i = next.getAndIncrement()) {
            String body = run + "-" + i;
            try {
                producer.send(OfficialClient.message(TOPIC, body));
                acks.record(System.nanoTime());
                acknowledged.add(body);
            } catch (ClientException | RuntimeException e) {
                failed.incrementAndGet();
                out.println("    send failed: " + e);
            }
            third.countDown();
            int done = answered.incrementAndGet();
            if (done % 2500 == 0) {
                out.printf(Locale.ROOT, "    sent %,d of %,d%n", done, messages);
            }
        }
    }

    private int awaitNewLeader(Cluster cluster, int old) {
        long deadline = System.nanoTime() + NEW_LEADER_WAIT_MAX.toNanos();
        while (System.nanoTime() - deadline < 0) {
            var leader = cluster.leader();
            if (leader.isPresent() && leader.getAsInt() != old) {
                return leader.getAsInt();
            }
        }
        throw new IllegalStateException("no new leader within " + NEW_LEADER_WAIT_MAX.toSeconds() + " s");
    }

    private Set<String> receive(OfficialClient client, String run) throws Exception {
        Set<String> received = ConcurrentHashMap.newKeySet();
        long deadline = System.nanoTime() + RECEIVE_WAIT_MAX.toNanos();
        try (SimpleConsumer consumer = client.simpleConsumer("quickstart-" + run, TOPIC, Duration.ofSeconds(5))) {
            int shown = 0;
            while (!received.containsAll(acknowledged) && System.nanoTime() - deadline < 0) {
                List<CompletableFuture<Void>> confirmed = new ArrayList<>();
                for (MessageView view : consumer.receive(32, Duration.ofSeconds(30))) {
                    String body = StandardCharsets.UTF_8.decode(view.getBody()).toString();
                    // The topic keeps the messages of earlier runs; they are not what this run is about.
                    if (body.startsWith(run) && !received.add(body)) {
                        duplicates++;
                    }
                    confirmed.add(consumer.ackAsync(view));
                }
                confirmed.forEach(CompletableFuture::join);
                if (received.size() / 2500 > shown) {
                    shown = received.size() / 2500;
                    out.printf(Locale.ROOT, "    received %,d of %,d%n", received.size(), acknowledged.size());
                }
            }
        }
        return received;
    }

    private static String since(long startNanos, long nowNanos) {
        return String.format(Locale.ROOT, "%.1f s:", (nowNanos - startNanos) / 1e9);
    }
}
