package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.proto.v2.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whoever lacks the cluster secret cannot join, append or vote, though it has the disk of a voter. */
class WrongSecretIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static TestCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start("wrong-secret");
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Test
    void replicaWithAnotherSecretHasNoPartInItsGroupUntilItHasTheRightOne() throws Exception {
        int leader = cluster.leader().orElseThrow();
        int stranger = leader % 3 + 1;
        long term = metric(leader, "argosy_raft_term");
        Path configuration = cluster.folder().resolve("broker-" + stranger + ".yaml");
        String good = Files.readString(configuration);
        cluster.kill(stranger);
        useAnotherSecret(configuration, good);

        cluster.restart(stranger);

        send(leader, 100);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(cluster.log(leader))
                        .containsPattern("peer=" + stranger + " .*cluster secrets of the two sides differ"));
        await().during(Duration.ofSeconds(3)).atMost(PATIENCE).until(() -> !cluster.ready(stranger));
        assertThat(metric(stranger, "argosy_raft_last_index"))
                .as("entries that reached it")
                .isLessThan(metric(leader, "argosy_raft_commit_index"));
        assertThat(cluster.leader()).hasValue(leader);
        assertThat(metric(leader, "argosy_raft_term")).isEqualTo(term);

        cluster.kill(leader);
        await().during(Duration.ofSeconds(3))
                .atMost(PATIENCE)
                .until(() -> cluster.leader().isEmpty());

        Files.writeString(configuration, good);
        cluster.restart(stranger);
        await().atMost(PATIENCE).until(() -> cluster.leader().isPresent());
        cluster.restart(leader);
        await().atMost(PATIENCE).until(() -> cluster.ready(stranger) && cluster.ready(leader));
    }

    private static void useAnotherSecret(Path configuration, String good) throws IOException {
        Path secret = Files.writeString(cluster.folder().resolve("another.secret"), "f".repeat(64));
        String right = cluster.folder().resolve("cluster.secret").toString();
        assertThat(good).contains("secretFile: " + right);
        Files.writeString(configuration, good.replace(right, secret.toString()));
    }

    private static void send(int leader, int count) {
        try (RawClient client = new RawClient(cluster.replicaAddress(leader), "wrong-secret-sender")) {
            for (int i = 0; i < count; i++) {
                assertThat(client.send(RawClient.message("secrets", "M" + i, "x")
                                        .build())
                                .getStatus()
                                .getCode())
                        .isEqualTo(Code.OK);
            }
        }
    }

    private static long metric(int replica, String name) {
        return cluster.metrics(replica)
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }
}
