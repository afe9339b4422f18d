package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.proto.v2.Code;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Losses of power, frozen processes, damaged, wiped and full disks, on real processes and files. */
class FaultsIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOPIC = "faults";

    private TestCluster cluster;

    @BeforeEach
    void startCluster(TestInfo test) {
        cluster = TestCluster.start(
                "faults-" + test.getTestMethod().orElseThrow().getName(), Map.of("ARGOSY_RAFT_SEGMENT_SIZE", "1MiB"));
    }

    @AfterEach
    void stopCluster() {
        cluster.close();
    }

    @Test
    void everythingAcknowledgedIsThereAfterAllReplicasWereKilledAtOnce() {
        List<String> acknowledged = send(500);

        cluster.script("kill", "all");
        cluster.script("start");

        await().atMost(PATIENCE).untilAsserted(() -> assertThat(stored()).isEqualTo(acknowledged));
    }

    @Test
    void flippedByteInASealedSegmentIsNamedAndRepairedFromPeers() throws Exception {
        List<String> acknowledged = send(4000);
        int victim = cluster.leader().orElseThrow();
        cluster.kill(victim);
        Path sealed = segments(victim).get(0);
        flipByteInTheMiddle(sealed);

        cluster.restart(victim);

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(cluster.log(victim))
                        .contains("log entries damaged file=" + sealed.getFileName())
                        .contains("the log is whole"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(
                                cluster.argosyResult("cluster", "status").output())
                        .doesNotContainIgnoringCase("damage"));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(stored()).isEqualTo(acknowledged));
    }

    @Test
    void tornLastWriteIsCutAndTheReplicaBoots() throws Exception {
        List<String> acknowledged = send(100);
        int victim = cluster.leader().orElseThrow() % 3 + 1;
        cluster.kill(victim);
        List<Path> segments = segments(victim);
        appendHalfAWrite(segments.get(segments.size() - 1));

        cluster.restart(victim);

        acknowledged.addAll(send(100, 150));
        assertThat(stored()).isEqualTo(acknowledged);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(
                                cluster.argosyResult("cluster", "status").output())
                        .doesNotContainIgnoringCase("damage"));
    }

    @Test
    void twoWipedReplicasOfThreeNeverOutvoteTheThird() throws Exception {
        send(100);
        cluster.script("kill", "all");
        wipe(2);
        wipe(3);

        cluster.script("restart", "all");

        await().during(Duration.ofSeconds(5))
                .atMost(PATIENCE)
                .until(() -> cluster.leader().isEmpty());
    }

    @Test
    void wipedGroupCanBeCreatedAgainUnderItsNameAtOnce() throws Exception {
        send(100);
        cluster.script("kill", "all");
        wipe(1);
        wipe(2);
        wipe(3);

        cluster.script("start");

        List<String> acknowledged = send(10);
        assertThat(stored()).isEqualTo(acknowledged);
        try (org.apache.rocketmq.client.apis.producer.Producer producer =
                new OfficialClient(cluster.endpoints(), true).producer(TOPIC)) {
            assertThat(producer.send(OfficialClient.message(TOPIC, "official")).getMessageId())
                    .isNotNull();
        }
    }

    @Test
    void sendsGoOnWhileTheLeaderIsFrozenAndNothingIsStoredTwice() {
        List<String> acknowledged = new ArrayList<>();
        int frozen = cluster.leader().orElseThrow();
        try (ArgosyClient client =
                        ArgosyClient.builder().endpoints(cluster.endpoints()).build();
                Producer producer = client.producer().build()) {
            send(producer, 50, acknowledged);

            cluster.pause(frozen);
            send(producer, 50, acknowledged);
            assertThat(cluster.leader().orElseThrow()).isNotEqualTo(frozen);
            cluster.resume(frozen);
            send(producer, 50, acknowledged);
        }

        await().atMost(PATIENCE).until(() -> cluster.ready(frozen));
        assertThat(stored()).isEqualTo(acknowledged);
    }

    private static void send(Producer producer, int count, List<String> acknowledged) {
        for (int i = 0; i < count; i++) {
            String body = "p" + acknowledged.size();
            producer.send(Message.builder(TOPIC, body.getBytes(StandardCharsets.UTF_8))
                    .queueIndex(0)
                    .build());
            acknowledged.add(body);
        }
    }

    private List<String> send(int count) {
        return send(0, count);
    }

    private List<String> send(int from, int to) {
        List<String> acknowledged = new ArrayList<>();
        long deadline = System.nanoTime() + 2 * PATIENCE.toNanos();
        try (RawClient client = new RawClient(cluster.replicaAddress(1), "faults-client")) {
            for (int i = from; i < to; i++) {
                String body = "m" + i + "-" + "x".repeat(1000);
                io.argosy.proto.v2.Message message =
                        RawClient.message(TOPIC, "ID" + i, body).build();
                while (client.send(message).getStatus().getCode() != Code.OK) {
                    assertThat(System.nanoTime() - deadline).as("time to send").isNegative();
                }
                acknowledged.add(body);
            }
        }
        return acknowledged;
    }

    private List<String> stored() {
        int replica = cluster.leader().orElse(1);
        try (RawClient client = new RawClient(cluster.replicaAddress(replica), "faults-reader")) {
            return client.readQueue(TOPIC, 0).stream()
                    .map(message -> message.getBody().toString(StandardCharsets.UTF_8))
                    .toList();
        }
    }

    private List<Path> segments(int replica) throws Exception {
        try (Stream<Path> files = Files.walk(cluster.replicaFolder(replica))) {
            return files.filter(file -> file.getFileName().toString().matches("\\d{20}\\.log"))
                    .sorted()
                    .toList();
        }
    }

    /** Inside a body, because what lies between records means nothing. */
    private static void flipByteInTheMiddle(Path file) throws Exception {
        byte[] content = Files.readAllBytes(file);
        int position = content.length / 2;
        while (content[position] != 'x') {
            position++;
        }
        content[position] ^= 0x10;
        Files.write(file, content);
    }

    /** What a crash in the middle of a write leaves: the first bytes of the last batch once more, behind it. */
    private static void appendHalfAWrite(Path file) throws Exception {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long end = bytes.length();
            byte[] half = new byte[100];
            bytes.seek(0);
            bytes.readFully(half);
            while (end > 0) {
                bytes.seek(end - 1);
                if (bytes.read() != 0) {
                    break;
                }
                end--;
            }
            bytes.seek(end);
            bytes.write(half);
        }
    }

    private void wipe(int replica) throws Exception {
        try (Stream<Path> files = Files.walk(cluster.replicaFolder(replica))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
