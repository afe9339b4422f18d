package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Name servers hold no state: running clients do without them, and a fresh one knows everything in a heartbeat. */
class NameServersIT {

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
}
