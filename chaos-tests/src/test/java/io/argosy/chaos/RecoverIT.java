package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A group that lost two of its three replicas goes on with the third, by force, and never mixes with the lost ones. */
class RecoverIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int REFUSED = 4;
    private static final String TOPIC = "recovered";

    private TestCluster cluster;

    @BeforeEach
    void startCluster() {
        cluster = TestCluster.start("recover");
    }

    @AfterEach
    void stopCluster() {
        cluster.close();
    }

    @Test
    void lastReplicaGoesOnByForceAndRefusesTheOthersForGood() {
        List<String> acknowledged = send(0, 100);
        assertThat(recover().exitCode()).isEqualTo(REFUSED);
        assertThat(recover().output()).contains("in use");
        cluster.kill(1);
        assertThat(recover().output()).contains("something answers");
        cluster.kill(2);
        cluster.kill(3);

        Cluster.ScriptResult dryRun = recover();
        assertThat(dryRun.exitCode()).as(dryRun.output()).isZero();
        assertThat(dryRun.output()).contains("would go on with").contains("Nothing was changed");
        assertThat(recover("--execute", "--group", "another").exitCode()).isEqualTo(REFUSED);
        Cluster.ScriptResult done = recover("--execute", "--group", "g1");
        assertThat(done.exitCode()).as(done.output()).isZero();

        cluster.restart(1);
        await().atMost(PATIENCE).until(() -> cluster.ready(1));
        acknowledged.addAll(send(100, 150));

        // Together these two were a majority, and elect a leader among themselves.
        cluster.restart(2);
        cluster.restart(3);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(cluster.log(2) + cluster.log(3)).contains("recovery epoch 1"));
        acknowledged.addAll(send(150, 200));
        assertThat(stored()).isEqualTo(acknowledged);
    }

    private Cluster.ScriptResult recover(String... more) {
        List<String> command = new ArrayList<>(List.of(
                "raft",
                "recover",
                "--data",
                cluster.replicaFolder(1).toString(),
                "--dead",
                "2=127.0.0.1:" + (cluster.replicaPort(2) + 1),
                "--dead",
                "3=127.0.0.1:" + (cluster.replicaPort(3) + 1)));
        command.addAll(List.of(more));
        return cluster.argosyResult(command.toArray(String[]::new));
    }

    private List<String> send(int from, int to) {
        List<String> ids = new ArrayList<>();
        // Through the name server: it must not believe the replicas of the older epoch.
        try (ArgosyClient client =
                        ArgosyClient.builder().endpoints(cluster.endpoints()).build();
                Producer producer = client.producer().build()) {
            for (int i = from; i < to; i++) {
                producer.send(Message.builder(TOPIC, ("m" + i).getBytes(StandardCharsets.UTF_8))
                        .queueIndex(0)
                        .build());
                ids.add("m" + i);
            }
        }
        return ids;
    }

    private List<String> stored() {
        try (RawClient reader = new RawClient(cluster.replicaAddress(1), "recover-reader")) {
            return reader.readQueue(TOPIC, 0).stream()
                    .map(message -> message.getBody().toStringUtf8())
                    .toList();
        }
    }
}
