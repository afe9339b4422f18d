package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.argosy.chaos.Cluster.ScriptResult;
import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Bits flip in any file of one replica: it is repaired from its peers, or does not start and names the way out. What was
 * flipped is never served, and no send fails.
 */
class BitFlipIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOPIC = "rotting";
    private static final int MESSAGES = 1500;
    private static final String FILLER = "-" + "x".repeat(4000);

    /** Behind the header of a file of the log, and within its first entries. */
    private static final long FIRST_ENTRIES = 20_000;

    private static TestCluster cluster;
    private int victim;

    @BeforeAll
    static void startAndFill() {
        cluster = TestCluster.start("bitflip", Map.of("ARGOSY_RAFT_SEGMENT_SIZE", "1MiB"));
        try (ArgosyClient client =
                        ArgosyClient.builder().endpoints(cluster.endpoints()).build();
                Producer producer = client.producer().build()) {
            List<CompletableFuture<?>> sends = new ArrayList<>();
            for (int i = 0; i < MESSAGES; i++) {
                sends.add(producer.sendAsync(Message.builder(TOPIC, (i + FILLER).getBytes(StandardCharsets.UTF_8))
                        .queueIndex(0)
                        .build()));
            }
            CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new)).join();
        }
    }

    @BeforeEach
    void chooseAFollower() {
        victim = cluster.leader().orElseThrow() % 3 + 1;
    }

    @AfterAll
    static void allLogsAreEqual() {
        try (TestCluster stopped = cluster) {
            stopped.stop();
            assertThat(LogComparison.of(stopped)).startsWith(LogComparison.EQUAL);
        }
    }

    @Test
    void scrubFindsAndRepairsWhatRotsUnderARunningReplica() throws Exception {
        try (SteadyLoad load = new SteadyLoad(cluster, "load")) {
            List<Path> sealed = files(".log");
            sealed.remove(sealed.size() - 1);
            long before = scrub().get("damaged").asLong();
            flip(sealed.get(0), Files.size(sealed.get(0)) / 2);
            flip(sealed.get(sealed.size() - 1), FIRST_ENTRIES);
            flip(files(".index").get(1), 50);
            flip(cluster.replicaFolder(victim).resolve("hardstate"), 9);
            flip(cluster.replicaFolder(victim).resolve("tailmark"), 9);
            flip(cluster.replicaFolder(victim).resolve("membership"), 9);

            JsonNode scrubbed = scrub();

            assertThat(scrubbed.get("damaged").asLong()).isGreaterThanOrEqualTo(before + 2);
            assertThat(scrubbed.get("repaired")).isEqualTo(scrubbed.get("damaged"));
            assertThat(scrubbed.get("open")).isEmpty();
            awaitHealthy();
            victimLeadsAndServesWhatWasSent();
            assertThat(load.finish()).isNotEmpty();
        }
    }

    @Test
    void whatRotsInFilesInUseIsRepairedNowOrAtTheNextStart() throws Exception {
        Path folder = cluster.replicaFolder(victim);
        try (SteadyLoad load = new SteadyLoad(cluster, "load")) {
            List<Path> log = files(".log");
            flip(log.get(log.size() - 1), FIRST_ENTRIES);
            flip(state("MANIFEST-\\d+"), 9);
            flip(state("CURRENT"), 9);
            flip(state("OPTIONS-\\d+"), 9);
            flip(state("IDENTITY"), 9);
            flip(folder.resolve("identity"), 9);

            JsonNode scrubbed = scrub();

            assertThat(scrubbed.get("repaired")).isEqualTo(scrubbed.get("damaged"));
            assertThat(scrubbed.get("open")).isEmpty();
            victimLeadsAndServesWhatWasSent();

            // The scrub wrote the identity again; RocksDB reads these files of its own at a start only.
            stopVictim();
            startVictim();
            victimLeadsAndServesWhatWasSent();
            assertThat(load.finish()).isNotEmpty();
        }
    }

    @Test
    void aStoppedReplicaWhoseFilesRottedIsRepairedOrNamesTheWayOut() throws Exception {
        Path folder = cluster.replicaFolder(victim);
        try (SteadyLoad load = new SteadyLoad(cluster, "load")) {
            stopVictim();
            flip(files(".log").get(0), FIRST_ENTRIES);
            flip(files(".index").get(0), 50);
            flip(folder.resolve("tailmark"), 9);
            flip(folder.resolve("membership"), 9);
            Files.writeString(folder.resolve("LOCK"), "?");
            startVictim();

            stopVictim();
            List<Path> log = files(".log");
            flip(log.get(log.size() - 1), FIRST_ENTRIES);
            flip(folder.resolve("hardstate"), 9);
            startVictim();

            stopVictim();
            flip(folder.resolve("identity"), 9);
            ScriptResult refused = cluster.scriptResult("restart", Integer.toString(victim));
            assertThat(refused.exitCode()).isNotZero();
            assertThat(refused.output())
                    .contains(
                            folder.resolve("identity") + " is damaged: the store no longer knows who it is. Restore the"
                                    + " file, or remove the replica from its group and add it again empty.");
            flip(folder.resolve("identity"), 9);
            startVictim();

            victimLeadsAndServesWhatWasSent();
            assertThat(load.finish()).isNotEmpty();
        }
    }

    @Test
    void aStateThatRottedIsBroughtFromPeers() throws Exception {
        try (SteadyLoad load = new SteadyLoad(cluster, "load")) {
            // An orderly stop leaves tables.
            stopVictim();
            startVictim();
            flip(state("\\d+\\.sst"), 9);
            cluster.argosyResult("raft", "scrub", "--replica", Integer.toString(victim), "--rate", "1000");
            await().atMost(PATIENCE)
                    .until(() -> cluster.scriptResult("status").output().contains("broker-" + victim + ": down"));
            startVictim();

            stopVictim();
            flip(state("OPTIONS-\\d+"), 9);
            flip(state("IDENTITY"), 9);
            flip(state("\\d+\\.sst"), 9);
            startVictim();

            stopVictim();
            flip(state("MANIFEST-\\d+"), 9);
            startVictim();

            stopVictim();
            flip(state("CURRENT"), 9);
            startVictim();

            victimLeadsAndServesWhatWasSent();
            assertThat(load.finish()).isNotEmpty();
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            assertThat(position).as("%s is long enough", file).isLessThan(bytes.length());
            bytes.seek(position);
            int old = bytes.read();
            bytes.seek(position);
            bytes.write(old ^ 4);
        }
    }

    /** Of the victim's log, the oldest first. */
    private List<Path> files(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(cluster.replicaFolder(victim))) {
            return new ArrayList<>(files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList());
        }
    }

    private Path state(String name) throws IOException {
        try (Stream<Path> files = Files.list(cluster.replicaFolder(victim).resolve("state"))) {
            return files.filter(file -> file.getFileName().toString().matches(name))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
    }

    private JsonNode scrub() throws IOException {
        ScriptResult scrub = cluster.argosyResult(
                "raft", "scrub", "--replica", Integer.toString(victim), "--rate", "1000", "-o", "json");
        assertThat(scrub.exitCode()).as(scrub.output()).isZero();
        // Progress stands before it, for people.
        String json = scrub.output().substring(scrub.output().indexOf('{'));
        return new ObjectMapper().readTree(json).get("replicas").get(0);
    }

    private void stopVictim() {
        cluster.script("stop", Integer.toString(victim));
    }

    private void startVictim() {
        cluster.restart(victim);
        await().atMost(PATIENCE).until(() -> cluster.ready(victim));
        awaitHealthy();
    }

    private void awaitHealthy() {
        await().atMost(PATIENCE).untilAsserted(() -> {
            ScriptResult status = cluster.argosyResult("cluster", "status", "--timeout", "60s");
            assertThat(status.output()).doesNotContain("!!");
            assertThat(status.exitCode()).isZero();
        });
    }

    private void victimLeadsAndServesWhatWasSent() {
        cluster.argosy("raft", "transfer", "--timeout", "60s", "--to", Integer.toString(victim));
        List<String> bodies;
        try (RawClient client = new RawClient(cluster.replicaAddress(victim), "reader")) {
            bodies = client.readQueue(TOPIC, 0).stream()
                    .map(message -> message.getBody().toString(StandardCharsets.UTF_8))
                    .toList();
        }
        assertThat(bodies).hasSize(MESSAGES);
        for (int i = 0; i < MESSAGES; i++) {
            assertThat(bodies.get(i)).isEqualTo(i + FILLER);
        }
    }
}
