package io.argosy.chaos;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Compression;
import io.argosy.client.Message;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The unmodified Java client against real processes. */
class OfficialJavaClientIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static TestCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start("official-java");
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Test
    void simpleConsumerReceivesWhatWasSentOverTls() throws Exception {
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        Set<String> sent = send(client, "simple-tls", 100);

        assertThat(receive(client, "simple-tls-group", "simple-tls", sent.size()))
                .isEqualTo(sent);
    }

    @Test
    void simpleConsumerReceivesWhatWasSentInPlaintextThroughAnyReplica() throws Exception {
        Set<String> sent = send(new OfficialClient(cluster.replicaAddress(1), false), "simple-plain", 50);

        OfficialClient other = new OfficialClient(cluster.replicaAddress(3), false);

        assertThat(receive(other, "simple-plain-group", "simple-plain", sent.size()))
                .isEqualTo(sent);
    }

    @Test
    void pushConsumerReceivesEverything() throws Exception {
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        Set<String> sent = send(client, "push", 200);
        Set<String> received = ConcurrentHashMap.newKeySet();

        try (PushConsumer consumer = client.pushConsumer("push-group", "push", view -> {
            received.add(body(view));
            return ConsumeResult.SUCCESS;
        })) {
            assertThat(consumer.getConsumerGroup()).isEqualTo("push-group");
            await().atMost(PATIENCE).until(() -> received.containsAll(sent));
        }

        assertThat(received).isEqualTo(sent);
    }

    @Test
    void messagesOfOurBatchesArriveOneByOneHoweverTheyWereCompressed() throws Exception {
        for (Compression how : Compression.values()) {
            String topic = "batches-" + how;
            sendTogether(topic, how, 200);

            Map<String, MessageView> received = new ConcurrentHashMap<>();
            try (SimpleConsumer consumer = new OfficialClient(cluster.endpoints(), true)
                    .simpleConsumer("batches-group-" + how, topic, Duration.ofSeconds(2))) {
                await().atMost(PATIENCE).until(() -> {
                    for (MessageView view : consumer.receive(32, Duration.ofSeconds(20))) {
                        received.put(body(view), view);
                        consumer.ack(view);
                    }
                    return received.size() >= 200;
                });
            }
            MessageView one = requireNonNull(received.get("again and again the same 42"));
            assertThat(one.getTag()).contains("even");
            assertThat(one.getKeys()).containsExactly("key-42");
            assertThat(one.getProperties()).containsEntry("number", "42");
            assertThat(requireNonNull(received.get("again and again the same 43"))
                            .getTag())
                    .isEmpty();
        }
    }

    private static void sendTogether(String topic, Compression how, int count) {
        try (ArgosyClient client =
                        ArgosyClient.builder().endpoints(cluster.endpoints()).build();
                io.argosy.client.Producer producer = client.producer()
                        .compression(how)
                        .linger(Duration.ofMillis(20))
                        .build()) {
            for (int i = 0; i < count; i++) {
                Message.Builder message =
                        Message.builder(topic, ("again and again the same " + i).getBytes(StandardCharsets.UTF_8));
                if (i % 2 == 0) {
                    message.tag("even").keys("key-" + i).property("number", "" + i);
                }
                producer.sendOneWay(message.build());
            }
            producer.flush();
        }
    }

    @Test
    void messageThatIsNotAcknowledgedComesAgainWithTheNextAttempt() throws Exception {
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        send(client, "redelivery", 1);

        try (SimpleConsumer consumer = client.simpleConsumer("redelivery-group", "redelivery", Duration.ofSeconds(5))) {
            MessageView first = receiveOne(consumer);
            consumer.changeInvisibleDuration(first, Duration.ofMillis(500));
            MessageView second = receiveOne(consumer);
            consumer.ack(second);

            assertThat(first.getDeliveryAttempt()).isEqualTo(1);
            assertThat(second.getDeliveryAttempt()).isEqualTo(2);
            assertThat(second.getMessageId()).isEqualTo(first.getMessageId());
            assertThat(consumer.receive(1, Duration.ofSeconds(10))).isEmpty();
        }
    }

    @Test
    void everythingAcknowledgedIsReceivedAlthoughTheLeaderIsKilledInTheMiddle() throws Exception {
        OfficialClient client = new OfficialClient(cluster.endpoints(), true);
        Set<String> sent;
        int killed;
        try (Producer producer = client.producer("kill")) {
            sent = new java.util.HashSet<>(send(producer, "kill", 0, 300));
            killed = cluster.leader().orElseThrow();
            cluster.kill(killed);
            sent.addAll(send(producer, "kill", 300, 600));
        }
        cluster.restart(killed);

        assertThat(receive(client, "kill-group", "kill", sent.size())).isEqualTo(sent);
        await().atMost(PATIENCE).until(() -> cluster.leader().isPresent());
    }

    private static Set<String> send(OfficialClient client, String topic, int count) throws Exception {
        try (Producer producer = client.producer(topic)) {
            return send(producer, topic, 0, count);
        }
    }

    private static Set<String> send(Producer producer, String topic, int from, int to) throws Exception {
        List<CompletableFuture<SendReceipt>> receipts = new ArrayList<>();
        Set<String> bodies = ConcurrentHashMap.newKeySet();
        for (int i = from; i < to; i++) {
            String body = topic + "-" + i;
            bodies.add(body);
            if (i % 2 == 0) {
                producer.send(OfficialClient.message(topic, body));
            } else {
                receipts.add(producer.sendAsync(OfficialClient.message(topic, body)));
            }
        }
        for (CompletableFuture<SendReceipt> receipt : receipts) {
            assertThat(receipt.get().getMessageId()).isNotNull();
        }
        return bodies;
    }

    private static Set<String> receive(OfficialClient client, String group, String topic, int count) throws Exception {
        Set<String> received = ConcurrentHashMap.newKeySet();
        try (SimpleConsumer consumer = client.simpleConsumer(group, topic, Duration.ofSeconds(2))) {
            await().atMost(PATIENCE).until(() -> {
                for (MessageView view : consumer.receive(32, Duration.ofSeconds(20))) {
                    received.add(body(view));
                    consumer.ack(view);
                }
                return received.size() >= count;
            });
        }
        return received;
    }

    private static MessageView receiveOne(SimpleConsumer consumer) throws Exception {
        List<MessageView> views = new ArrayList<>();
        await().atMost(PATIENCE).until(() -> {
            views.addAll(consumer.receive(1, Duration.ofSeconds(10)));
            return !views.isEmpty();
        });
        return views.get(0);
    }

    private static String body(MessageView view) {
        return StandardCharsets.UTF_8.decode(view.getBody()).toString();
    }
}
