package io.argosy.broker;

import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** The official client with a topic of numbered messages. */
final class OfficialOrders {

    static final String TOPIC = "orders";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final ClientConfiguration configuration;

    OfficialOrders(String endpoints) {
        configuration = ClientConfiguration.newBuilder()
                .setEndpoints(endpoints)
                .enableSsl(false)
                .build();
    }

    static String text(int number) {
        return "message " + number;
    }

    Producer producer() throws ClientException {
        return provider.newProducerBuilder()
                .setClientConfiguration(configuration)
                .setTopics(TOPIC)
                .build();
    }

    void send(Producer producer, int from, int to) throws ClientException {
        for (int i = from; i < to; i++) {
            producer.send(provider.newMessageBuilder()
                    .setTopic(TOPIC)
                    .setBody(text(i).getBytes(StandardCharsets.UTF_8))
                    .build());
        }
    }

    /** Texts in the order in which they came, at least so many; acknowledged as group {@code readers}. */
    List<String> receive(int count) throws Exception {
        List<String> texts = new ArrayList<>();
        try (SimpleConsumer consumer = provider.newSimpleConsumerBuilder()
                .setClientConfiguration(configuration)
                .setConsumerGroup("readers")
                .setAwaitDuration(Duration.ofSeconds(1))
                .setSubscriptionExpressions(Map.of(TOPIC, FilterExpression.SUB_ALL))
                .build()) {
            await().atMost(PATIENCE).until(() -> {
                for (MessageView message : consumer.receive(16, Duration.ofSeconds(30))) {
                    texts.add(StandardCharsets.UTF_8.decode(message.getBody()).toString());
                    consumer.ack(message);
                }
                return texts.size() >= count;
            });
        }
        return texts;
    }
}
