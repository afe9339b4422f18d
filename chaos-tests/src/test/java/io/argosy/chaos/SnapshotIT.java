package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A replica that was down while the others trimmed their logs is brought up by a snapshot, under load. */
class SnapshotIT {

    private static final String TOPIC = "snapshots";
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String FILLER = "x".repeat(8000);

    /** Small files, and a log that is soon too large. */
    private static final Map<String, String> SETTINGS = Map.of(
            "ARGOSY_RAFT_SEGMENT_SIZE", "1MiB",
            "ARGOSY_RAFT_MAX_BYTES", "12MiB",
            "ARGOSY_TOPIC_QUEUES", "1");

    @Test
    void aReplicaThatMissedATrimCatchesUpUnderLoadAndHasAllBodies() throws Exception {
        try (TestCluster cluster = TestCluster.start("snapshot", SETTINGS)) {
            send(cluster, 0, 300);
            int behind = cluster.leader().orElseThrow() % 3 + 1;
            cluster.kill(behind);
            long had = firstSegment(cluster, behind);
            int sent = 300;
            while (firstSegment(cluster, cluster.leader().orElseThrow()) <= had + 1) {
                send(cluster, sent, sent + 300);
                sent += 300;
                assertThat(sent).as("messages until the leader trims").isLessThan(20_000);
            }

            AtomicBoolean enough = new AtomicBoolean();
            int from = sent;
            CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
                for (int i = from; !enough.get(); i += 20) {
                    send(cluster, i, i + 20);
                }
            });
            cluster.restart(behind);
            await().atMost(PATIENCE).until(() -> cluster.log(behind).contains("a snapshot is installed"));
            enough.set(true);
            load.join(); // fails here if a send did

            await().atMost(PATIENCE).untilAsserted(() -> {
                String status = cluster.argosyResult("cluster", "status").output();
                assertThat(status).doesNotContain("fetches").doesNotContain("lacks the log");
            });
            List<String> expected = stored(cluster);
            assertThat(expected).isNotEmpty();
            cluster.argosy("raft", "transfer", "--timeout", "60s", "--to", Integer.toString(behind));
            assertThat(cluster.leader()).hasValue(behind);
            assertHasAllThatIsKept(cluster, expected);

            cluster.kill(behind);
            delete(cluster.replicaFolder(behind).resolve("state"));
            cluster.restart(behind);
            await().atMost(PATIENCE)
                    .until(() -> cluster.log(behind).matches("(?s).*the state is lost.*a snapshot is installed.*"));
            await().atMost(PATIENCE).until(() -> cluster.ready(behind));
            cluster.argosy("raft", "transfer", "--timeout", "60s", "--to", Integer.toString(behind));
            assertHasAllThatIsKept(cluster, expected);
            cluster.script("kill", "all");
            assertThat(LogComparison.of(cluster)).startsWith(LogComparison.EQUAL);
        }
    }

    /** The log stays near its limit, so that more of the oldest messages may go at any time, between two reads as well. */
    private static void assertHasAllThatIsKept(TestCluster cluster, List<String> expected) {
        List<String> stored = stored(cluster);
        assertThat(stored).hasSizeGreaterThan(expected.size() / 4);
        assertThat(expected).containsSubsequence(stored);
        assertThat(stored.get(stored.size() - 1)).isEqualTo(expected.get(expected.size() - 1));
    }

    private static void send(TestCluster cluster, int from, int to) {
        try (RawClient client =
                new RawClient(cluster.replicaAddress(cluster.leader().orElse(1)), "snapshot-client")) {
            for (int i = from; i < to; i++) {
                Message message =
                        RawClient.message(TOPIC, "ID" + i, i + "-" + FILLER).build();
                // A log that fills faster than it is trimmed refuses messages until the next look at it.
                await("message " + i + " is taken")
                        .atMost(PATIENCE)
                        .pollInterval(Duration.ofMillis(100))
                        .pollDelay(Duration.ZERO)
                        .until(() -> client.send(message).getStatus().getCode() == Code.OK);
            }
        }
    }

    private static List<String> stored(TestCluster cluster) {
        List<String> bodies = new ArrayList<>();
        try (RawClient client =
                new RawClient(cluster.replicaAddress(cluster.leader().orElseThrow()), "snapshot-reader")) {
            client.readQueue(TOPIC, 0)
                    .forEach(message -> bodies.add(message.getBody().toString(StandardCharsets.UTF_8)));
        }
        return bodies;
    }

    private static void delete(Path folder) throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static long firstSegment(TestCluster cluster, int replica) throws Exception {
        try (Stream<Path> files = Files.list(cluster.replicaFolder(replica))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("\\d{20}\\.log"))
                    .mapToLong(name -> Long.parseLong(name.substring(0, 20)))
                    .min()
                    .orElseThrow();
        }
    }
}
