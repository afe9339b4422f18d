package io.argosy.chaos;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.MessageListener;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.Message;
import org.apache.rocketmq.client.apis.producer.Producer;

/** The unmodified Java client of Apache RocketMQ 5, as its users set it up. */
public final class OfficialClient {

    private static final ClientServiceProvider PROVIDER = ClientServiceProvider.loadService();

    private final ClientConfiguration configuration;

    /** @param tls the client's own default is true */
    public OfficialClient(String endpoints, boolean tls) {
        configuration = ClientConfiguration.newBuilder()
                .setEndpoints(endpoints)
                .enableSsl(tls)
                .setRequestTimeout(Duration.ofSeconds(3))
                .build();
    }

    public Producer producer(String... topics) throws ClientException {
        return PROVIDER.newProducerBuilder()
                .setClientConfiguration(configuration)
                .setTopics(topics)
                .build();
    }

    public SimpleConsumer simpleConsumer(String group, String topic, Duration await) throws ClientException {
        return PROVIDER.newSimpleConsumerBuilder()
                .setClientConfiguration(configuration)
                .setConsumerGroup(group)
                .setAwaitDuration(await)
                .setSubscriptionExpressions(Map.of(topic, FilterExpression.SUB_ALL))
                .build();
    }

    public PushConsumer pushConsumer(String group, String topic, MessageListener listener) throws ClientException {
        return PROVIDER.newPushConsumerBuilder()
                .setClientConfiguration(configuration)
                .setConsumerGroup(group)
                .setSubscriptionExpressions(Map.of(topic, FilterExpression.SUB_ALL))
                .setMessageListener(listener)
                .build();
    }

    public static Message message(String topic, String body) {
        return PROVIDER.newMessageBuilder()
                .setTopic(topic)
                .setBody(body.getBytes(StandardCharsets.UTF_8))
                .build();
    }
}
