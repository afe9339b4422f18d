package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged survives orderly stops, of the leader alone and of everybody. */
final class BrokerRestartTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ClientServiceProvider provider = ClientServiceProvider.loadService();

    @TempDir
    private Path folder;

    @Test
    void messagesSurviveTheStopOfTheLeaderAndOfTheWholeGroup() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(folder, 3)) {
            ClientConfiguration configuration = ClientConfiguration.newBuilder()
                    .setEndpoints(cluster.endpoints())
                    .enableSsl(false)
                    .build();
            try (Producer producer = provider.newProducerBuilder()
                    .setClientConfiguration(configuration)
                    .setTopics("orders")
                    .build()) {
                send(producer, 0, 10);
                int first = cluster.awaitLeader();
                cluster.stopBroker(first);
                send(producer, 10, 20);
                cluster.startBroker(first);
                send(producer, 20, 30);
            }
            for (int id = 1; id <= 3; id++) {
                cluster.stopBroker(id);
            }
            for (int id = 1; id <= 3; id++) {
                cluster.startBroker(id);
            }
            cluster.awaitLeader();

            assertThat(receive(configuration, 30))
                    .containsExactlyElementsOf(IntStream.range(0, 30)
                            .mapToObj(BrokerRestartTest::text)
                            .collect(Collectors.toCollection(TreeSet::new)));
        }
    }

    private void send(Producer producer, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            producer.send(provider.newMessageBuilder()
                    .setTopic("orders")
                    .setBody(text(i).getBytes(StandardCharsets.UTF_8))
                    .build());
        }
    }

    private Set<String> receive(ClientConfiguration configuration, int count) throws Exception {
        Set<String> bodies = new TreeSet<>();
        try (SimpleConsumer consumer = provider.newSimpleConsumerBuilder()
                .setClientConfiguration(configuration)
                .setConsumerGroup("readers")
                .setAwaitDuration(Duration.ofSeconds(1))
                .setSubscriptionExpressions(Map.of("orders", FilterExpression.SUB_ALL))
                .build()) {
            await().atMost(PATIENCE).until(() -> {
                for (MessageView message : consumer.receive(16, Duration.ofSeconds(30))) {
                    bodies.add(StandardCharsets.UTF_8.decode(message.getBody()).toString());
                    consumer.ack(message);
                }
                return bodies.size() >= count;
            });
        }
        return bodies;
    }

    private static String text(int number) {
        return "message " + number;
    }
}
