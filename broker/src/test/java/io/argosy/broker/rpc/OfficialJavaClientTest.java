package io.argosy.broker.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.Message;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The unmodified client of Apache RocketMQ against three replicas whose leader the test moves. */
final class OfficialJavaClientTest {

    private static final String TOPIC = "known";
    private static final ClientServiceProvider PROVIDER = ClientServiceProvider.loadService();

    private ToyGroup group;

    @BeforeEach
    void start() throws Exception {
        group = new ToyGroup(RelayLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        group.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsAndReceivesWithAndWithoutTls(boolean tls) throws Exception {
        group.elect(2);

        try (Producer producer = producer(tls)) {
            for (int i = 0; i < 10; i++) {
                assertThat(producer.send(message("body " + i)).getMessageId().toString())
                        .isNotEmpty();
            }
        }
        List<String> received = new ArrayList<>();
        try (SimpleConsumer consumer = PROVIDER.newSimpleConsumerBuilder()
                .setClientConfiguration(configuration(tls))
                .setConsumerGroup("group-1")
                .setAwaitDuration(Duration.ofSeconds(1))
                .setSubscriptionExpressions(Map.of(TOPIC, FilterExpression.SUB_ALL))
                .build()) {
            for (MessageView message : consumer.receive(32, Duration.ofSeconds(30))) {
                received.add(StandardCharsets.UTF_8.decode(message.getBody()).toString());
                consumer.ack(message);
            }
        }

        assertThat(received).containsExactlyElementsOf(group.store.bodies()).hasSize(10);
    }

    @Test
    void pushConsumerGetsMessages() throws Exception {
        group.elect(1);
        java.util.Set<String> received = ConcurrentHashMap.newKeySet();

        try (Producer producer = producer(false);
                var consumer = PROVIDER.newPushConsumerBuilder()
                        .setClientConfiguration(configuration(false))
                        .setConsumerGroup("group-1")
                        .setSubscriptionExpressions(Map.of(TOPIC, FilterExpression.SUB_ALL))
                        .setMessageListener(message -> {
                            received.add(StandardCharsets.UTF_8
                                    .decode(message.getBody())
                                    .toString());
                            return ConsumeResult.SUCCESS;
                        })
                        .build()) {
            assertThat(consumer.getConsumerGroup()).isEqualTo("group-1");
            producer.send(message("first"));
            producer.send(message("second"));

            await().atMost(Duration.ofSeconds(30)).until(() -> received.size() == 2);
        }
    }

    @Test
    void startsDuringAnElectionAndLosesNoSendWhenTheLeaderChanges() throws Exception {
        AtomicInteger sent = new AtomicInteger();
        List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());
        try (Producer producer = producer(false)) {
            group.elect(1);
            CompletableFuture<Void> sends = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 60; i++) {
                    acknowledged.add(sent(producer, "body " + i));
                    sent.incrementAndGet();
                }
            });
            for (int next : new int[] {2, 3, 1, 2}) {
                int before = sent.get();
                await().until(() -> sent.get() > before + 5 || sends.isDone());
                group.loseLeader();
                await().until(() ->
                        sends.isDone() || group.replicas.stream().anyMatch(replica -> replica.plane.heldBytes() > 0));
                group.elect(next);
            }
            sends.join();
        }

        assertThat(acknowledged).hasSize(60);
        assertThat(group.store.messageIds()).containsExactlyElementsOf(acknowledged);
    }

    @Test
    void sendSurvivesTheEndOfTheReplicaThatHoldsTheConnection() throws Exception {
        group.elect(1);
        try (Producer producer = producer(false)) {
            sent(producer, "before");
            for (int id = 1; id <= 2; id++) {
                group.replica(id).close();
            }
            group.elect(3);

            sent(producer, "after");
        }

        assertThat(group.store.bodies()).containsExactly("before", "after");
    }

    private static String sent(Producer producer, String body) {
        try {
            SendReceipt receipt = producer.send(message(body));
            return receipt.getMessageId().toString();
        } catch (org.apache.rocketmq.client.apis.ClientException e) {
            throw new AssertionError(e);
        }
    }

    private static Message message(String body) {
        return PROVIDER.newMessageBuilder()
                .setTopic(TOPIC)
                .setBody(body.getBytes(StandardCharsets.UTF_8))
                .build();
    }

    private Producer producer(boolean tls) throws Exception {
        return PROVIDER.newProducerBuilder()
                .setClientConfiguration(configuration(tls))
                .setTopics(TOPIC)
                .build();
    }

    private ClientConfiguration configuration(boolean tls) {
        return ClientConfiguration.newBuilder()
                .setEndpoints(group.endpoints())
                .enableSsl(tls)
                .build();
    }
}
