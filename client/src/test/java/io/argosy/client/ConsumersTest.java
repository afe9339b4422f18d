package io.argosy.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import io.argosy.proto.v2.CustomizedBackoff;
import io.argosy.proto.v2.RetryPolicy;
import io.argosy.proto.v2.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ConsumersTest {

    private static final java.time.Duration INVISIBLE = java.time.Duration.ofSeconds(30);
    private static final java.time.Duration SOON = java.time.Duration.ofSeconds(10);

    private FakeCluster cluster;
    private ArgosyClient client;

    @BeforeEach
    void start() throws Exception {
        cluster = new FakeCluster(3);
        cluster.topic("t", 1);
        client = ArgosyClient.builder().endpoints(cluster.allEndpoints()).build();
    }

    @AfterEach
    void stop() {
        client.close();
        cluster.close();
    }

    @Test
    void aSimpleConsumerReceivesAndAcknowledges() {
        cluster.publish("t", "a");
        cluster.publish("t", "b");
        try (SimpleConsumer consumer =
                client.simpleConsumer("g").subscribe("t", Filter.tags("x", "y")).build()) {
            List<ReceivedMessage> messages = consumer.receive(10, INVISIBLE);

            assertThat(messages).extracting(m -> new String(m.body(), UTF_8)).containsExactly("a", "b");
            assertThat(messages.get(0).deliveryAttempt()).isEqualTo(1);
            consumer.ack(messages);
        }

        assertThat(cluster.acks).singleElement().satisfies(request -> {
            assertThat(request.getEntriesCount()).isEqualTo(2);
            assertThat(request.getGroup().getName()).isEqualTo("g");
        });
        assertThat(cluster.receives.peek().getFilterExpression().getExpression())
                .isEqualTo("x || y");
        assertThat(cluster.receives.peek().getInvisibleDuration().getSeconds()).isEqualTo(30);
        assertThat(cluster.terminated).hasSize(1);
    }

    @Test
    void receivingNothingReturnsAnEmptyListInTime() {
        try (SimpleConsumer consumer = client.simpleConsumer("g")
                .subscribe("t")
                .awaitDuration(java.time.Duration.ofMillis(200))
                .build()) {
            assertThat(consumer.receive(1, INVISIBLE)).isEmpty();
        }
    }

    @Test
    void aSimpleConsumerKeepsTheNewestHandle() {
        cluster.publish("t", "a");
        try (SimpleConsumer consumer = client.simpleConsumer("g").subscribe("t").build()) {
            ReceivedMessage message = consumer.receive(1, INVISIBLE).get(0);
            consumer.changeInvisible(message, INVISIBLE);
            consumer.ack(message);
        }

        assertThat(cluster.acks.peek().getEntries(0).getReceiptHandle()).startsWith("handle-new-");
    }

    @Test
    void aStaleHandleIsRefusedWithItsCode() {
        cluster.publish("t", "a");
        try (SimpleConsumer consumer = client.simpleConsumer("g").subscribe("t").build()) {
            ReceivedMessage message = consumer.receive(1, INVISIBLE).get(0);
            message.receiptHandle("stale");

            assertThatThrownBy(() -> consumer.ack(message))
                    .isInstanceOf(ArgosyException.Refused.class)
                    .hasMessageContaining("INVALID_RECEIPT_HANDLE");
        }
    }

    @Test
    void aReceiveSurvivesTheDeathOfItsReplica() throws Exception {
        try (SimpleConsumer consumer = client.simpleConsumer("g").subscribe("t").build()) {
            List<ReceivedMessage> received = new ArrayList<>();
            Thread waiting = new Thread(() -> received.addAll(consumer.receive(1, INVISIBLE)));
            waiting.start();
            await().until(() -> !cluster.receives.isEmpty());
            cluster.kill(1);
            cluster.leader(2);
            cluster.publish("t", "late");
            waiting.join(20_000);

            assertThat(received).hasSize(1);
        }
    }

    @Test
    void aPushConsumerAcknowledgesWhatSucceedsAndPutsBackTheRest() {
        cluster.settings(Settings.newBuilder()
                .setBackoffPolicy(RetryPolicy.newBuilder()
                        .setMaxAttempts(3)
                        .setCustomizedBackoff(CustomizedBackoff.newBuilder()
                                .addNext(Duration.newBuilder().setSeconds(7)))));
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        try (PushConsumer consumer = client.pushConsumer("g")
                .subscribe("t")
                .listener(message -> {
                    String body = new String(message.body(), UTF_8);
                    seen.add(body);
                    if (body.equals("bad")) {
                        throw new IllegalStateException("cannot do this one");
                    }
                    return body.equals("no") ? ConsumeResult.FAILURE : ConsumeResult.SUCCESS;
                })
                .build()) {
            await().until(() -> cluster.telemetry.size() >= 1);
            for (int i = 0; i < 100; i++) {
                cluster.publish("t", "m" + i);
            }
            cluster.publish("t", "bad");
            cluster.publish("t", "no");

            await().until(() -> seen.size() == 102 && cluster.changes.size() == 2);
            await().until(() -> acknowledged() == 100);
            // Two receives wait, each with room for a batch.
            await().until(() -> consumer.cachedMessages() <= 2 * 128);
        }

        assertThat(cluster.changes)
                .allSatisfy(change ->
                        assertThat(change.getInvisibleDuration().getSeconds()).isIn(1L, 7L));
        assertThat(cluster.receives)
                .allSatisfy(receive -> assertThat(receive.getAutoRenew()).isTrue());
    }

    @Test
    void aPushConsumerHoldsNoMoreThanItsCache() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        for (int i = 0; i < 200; i++) {
            cluster.publish("t", "m" + i);
        }
        Queue<String> done = new ConcurrentLinkedQueue<>();
        try (PushConsumer consumer = client.pushConsumer("g")
                .subscribe("t")
                .cache(50, 1 << 20)
                .concurrency(4)
                .listener(message -> {
                    go.await();
                    done.add(message.messageId());
                    return ConsumeResult.SUCCESS;
                })
                .build()) {
            await().until(() -> consumer.cachedMessages() == 50);
            go.countDown();
            await().until(() -> done.size() == 200);
            await().until(() -> acknowledged() == 200);
        }
    }

    @Test
    void closingAPushConsumerWaitsForRunningListenersAndTheirAcknowledgements() {
        cluster.publish("t", "a");
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        PushConsumer consumer = client.pushConsumer("g")
                .subscribe("t")
                .listener(message -> {
                    started.countDown();
                    go.await();
                    return ConsumeResult.SUCCESS;
                })
                .build();
        await().until(() -> started.getCount() == 0);
        Thread closing = new Thread(consumer::close);
        closing.start();
        go.countDown();
        await().until(() -> !closing.isAlive());

        assertThat(acknowledged()).isEqualTo(1);
    }

    @Test
    void aPushConsumerGoesOnAfterItsReplicaDied() {
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        try (PushConsumer consumer = client.pushConsumer("g")
                .subscribe("t")
                .listener(message -> {
                    seen.add(message.messageId());
                    return ConsumeResult.SUCCESS;
                })
                .build()) {
            cluster.publish("t", "a");
            await().until(() -> seen.size() == 1);
            cluster.kill(1);
            cluster.leader(2);
            cluster.publish("t", "b");

            await().until(() -> seen.size() == 2);
            assertThat(consumer.cachedMessages()).isGreaterThanOrEqualTo(0);
        }
    }

    @Test
    void aPullConsumerReadsInOrderSeeksAndCommits() {
        for (int i = 0; i < 1000; i++) {
            cluster.publish("t", "m" + i);
        }
        QueueRef queue = new QueueRef("t", "g1", 0);
        try (PullConsumer consumer = client.pullConsumer("g").batch(64).build()) {
            consumer.assignTopic("t");
            List<String> read = new ArrayList<>();
            while (read.size() < 1000) {
                consumer.poll(SOON).forEach(message -> read.add(new String(message.body(), UTF_8)));
            }
            for (int i = 0; i < 1000; i++) {
                assertThat(read.get(i)).isEqualTo("m" + i);
            }
            assertThat(consumer.position(queue)).isEqualTo(1000);
            consumer.commit();
            assertThat(consumer.committed(queue)).hasValue(1000);

            consumer.seek(queue, 990);
            assertThat(consumer.poll(SOON).get(0).queueOffset()).isEqualTo(990);
            consumer.seekToEnd(queue);
            assertThat(consumer.poll(java.time.Duration.ofMillis(100))).isEmpty();
            cluster.publish("t", "new");
            assertThat(consumer.poll(SOON))
                    .singleElement()
                    .satisfies(message -> assertThat(message.queueOffset()).isEqualTo(1000));
            consumer.seekToBeginning(queue);
            assertThat(consumer.poll(SOON).get(0).queueOffset()).isZero();
        }
        try (PullConsumer next = client.pullConsumer("g").build()) {
            next.assignTopic("t");
            assertThat(next.poll(SOON).get(0).queueOffset()).isEqualTo(1000);
        }
        assertThat(cluster.committed("g", "t", 0)).isEqualTo(1000);
    }

    @Test
    void aPullSurvivesTheDeathOfItsReplica() {
        cluster.publish("t", "a");
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assignTopic("t");
            assertThat(consumer.poll(SOON)).hasSize(1);
            cluster.kill(1);
            cluster.leader(3);
            cluster.publish("t", "b");

            assertThat(consumer.poll(SOON)).hasSize(1);
        }
    }

    @Test
    void theClusterIsDescribed() {
        ClusterDescription description = client.describeCluster();

        assertThat(description.groups()).singleElement().satisfies(group -> {
            assertThat(group.leader().orElseThrow().replicaId()).isEqualTo(1);
            assertThat(group.replicas()).hasSize(3);
        });
    }

    private long acknowledged() {
        return cluster.acks.stream()
                .mapToLong(request -> request.getEntriesCount())
                .sum();
    }
}
