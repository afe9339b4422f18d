package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged survives orderly stops, of the leader alone and of everybody. */
final class BrokerRestartTest {

    @TempDir
    private Path folder;

    @Test
    void messagesSurviveTheStopOfTheLeaderAndOfTheWholeGroup() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(folder, 3)) {
            OfficialOrders orders = new OfficialOrders(cluster.endpoints());
            try (Producer producer = orders.producer()) {
                orders.send(producer, 0, 10);
                int first = cluster.awaitLeader();
                cluster.stopBroker(first);
                orders.send(producer, 10, 20);
                cluster.startBroker(first);
                orders.send(producer, 20, 30);
            }
            for (int id = 1; id <= 3; id++) {
                cluster.stopBroker(id);
            }
            for (int id = 1; id <= 3; id++) {
                cluster.startBroker(id);
            }
            cluster.awaitLeader();

            assertThat(new HashSet<>(orders.receive(30)))
                    .isEqualTo(IntStream.range(0, 30)
                            .mapToObj(OfficialOrders::text)
                            .collect(Collectors.toSet()));
        }
    }
}
