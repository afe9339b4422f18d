package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.ClusterDescription.Group;
import java.time.Duration;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Name servers hold no state: running clients do without them, and a fresh one knows everything in a heartbeat. */
class NameServersIT {

    /** Brokers register once a second. */
    private static final Duration HEARTBEATS = Duration.ofSeconds(5);

    private static TestCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start("name-servers");
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Test
    void runningClientGoesOnWithoutNameServersAndAFreshOneHasTheRoutesAgain() throws Exception {
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        try (Producer producer = client.producer("routes")) {
            producer.send(OfficialClient.message("routes", "before"));

            cluster.killNameServers();
            for (int i = 0; i < 50; i++) {
                assertThat(producer.send(OfficialClient.message("routes", "without-" + i))
                                .getMessageId())
                        .isNotNull();
            }

            cluster.restartNameServers();
        }
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().untilAsserted(() -> {
            try (Producer fresh = client.producer("routes")) {
                assertThat(fresh.send(OfficialClient.message("routes", "after")).getMessageId())
                        .isNotNull();
            }
        });
    }

    @Test
    void deposedLeaderDoesNotWinTheRouteBack() {
        try (ArgosyClient client =
                ArgosyClient.builder().endpoints(cluster.endpoints()).build()) {
            Group before = await().ignoreExceptions()
                    .until(() -> group(client), group -> group.leaderId().isPresent());
            int deposed = before.leaderId().orElseThrow();

            cluster.pause(deposed);
            Group after = await().atMost(Duration.ofSeconds(30))
                    .until(
                            () -> group(client),
                            group -> group.term() > before.term()
                                    && group.leaderId().isPresent());
            assertThat(after.leaderId().orElseThrow()).isNotEqualTo(deposed);
            cluster.resume(deposed);

            // It says what it thinks as soon as it runs again, and once per heartbeat later.
            await().during(HEARTBEATS).atMost(HEARTBEATS.multipliedBy(2)).until(() -> {
                Group now = group(client);
                return now.term() > after.term()
                        || (now.term() == after.term() && now.leaderId().equals(after.leaderId()));
            });
        }
    }

    private static Group group(ArgosyClient client) {
        return client.describeCluster().groups().get(0);
    }
}
