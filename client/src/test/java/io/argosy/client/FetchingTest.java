package io.argosy.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.Run;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.wire.batch.MessageIds;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pull consumer on Fetch streams. */
@Timeout(60)
final class FetchingTest {

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final QueueRef QUEUE = new QueueRef("t", "g1", 0);

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

    private static List<ReceivedMessage> read(PullConsumer consumer, int count) {
        List<ReceivedMessage> messages = new ArrayList<>();
        while (messages.size() < count) {
            messages.addAll(consumer.poll(SOON));
        }
        return messages;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void messagesSayWhatTheirProducerSaid(boolean compact) {
        cluster.compact = compact;
        for (int i = 0; i < 25; i++) {
            cluster.publish(Message.newBuilder()
                    .setTopic(io.argosy.client.internal.Queue.resource("", "t"))
                    .setBody(ByteString.copyFromUtf8("body " + i))
                    .putAllUserProperties(i % 2 == 0 ? Map.of() : Map.of("a", "b" + i, "c", "d"))
                    .setSystemProperties(SystemProperties.newBuilder()
                            .setTag("tag" + i)
                            .addAllKeys(i % 3 == 0 ? List.of() : List.of("k1", "k" + i))
                            .setBornHost("host")
                            .setBornTimestamp(
                                    com.google.protobuf.Timestamp.newBuilder().setSeconds(1))
                            .setMessageId("id" + i))
                    .build());
        }
        try (PullConsumer consumer = client.pullConsumer("g").batch(4).build()) {
            consumer.assign(QUEUE, 3);
            List<ReceivedMessage> messages = read(consumer, 22);

            for (int i = 3; i < 25; i++) {
                ReceivedMessage message = messages.get(i - 3);
                assertThat(new String(message.body(), UTF_8)).isEqualTo("body " + i);
                assertThat(message.bodySizeBytes()).isEqualTo(message.body().length);
                assertThat(message.bodyBuffer().remaining()).isEqualTo(message.body().length);
                assertThat(message.queueOffset()).isEqualTo(i);
                assertThat(message.queue()).isEqualTo(QUEUE);
                assertThat(message.tag()).hasValue("tag" + i);
                assertThat(message.keys()).isEqualTo(i % 3 == 0 ? List.of() : List.of("k1", "k" + i));
                assertThat(message.properties()).isEqualTo(i % 2 == 0 ? Map.of() : Map.of("a", "b" + i, "c", "d"));
                assertThat(message.bornHost()).isEqualTo("host");
                assertThat(message.bornAt()).isEqualTo(Instant.ofEpochSecond(1));
                assertThat(message.storedAt()).isEqualTo(Instant.ofEpochSecond(2));
                assertThat(message.deliveryAttempt()).isZero();
                assertThat(message.messageId())
                        .isEqualTo(compact ? MessageIds.text(77, 5, 100 + i % FakeBulk.BATCH) : "id" + i);
            }
            assertThat(consumer.position(QUEUE)).isEqualTo(25);
        }
    }

    @Test
    void aGarbledBatchIsFetchedFromAnotherReplica() {
        cluster.compact = true;
        publish(100);
        Set<Integer> asked = ConcurrentHashMap.newKeySet();
        cluster.fetchScript = (replica, answer) -> {
            asked.add(replica);
            return replica == 1 ? garbled(answer) : answer;
        };
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assignTopic("t");

            assertInOrder(read(consumer, 100));
            assertThat(asked).contains(1).hasSizeGreaterThan(1);
        }
    }

    @Test
    void aBatchThatIsGarbledEverywhereIsReportedAndCanBeSkipped() {
        cluster.compact = true;
        publish(30);
        cluster.fetchScript = (replica, answer) ->
                answer.getRunsCount() > 0 && answer.getRuns(0).getBaseOffset() < 10 ? garbled(answer) : answer;
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assign(QUEUE, 0);

            assertThatThrownBy(() -> read(consumer, 1)).isInstanceOf(ArgosyException.Refused.class);
            consumer.seek(QUEUE, 10);
            assertThat(read(consumer, 20).get(0).queueOffset()).isEqualTo(10);
        }
    }

    @Test
    void aReplicaThatLacksAMessageIsLeftForAnother() {
        publish(100);
        cluster.fetchScript = (replica, answer) -> replica == 1
                ? answer.toBuilder()
                        .clearRuns()
                        .setCode(Code.HA_NOT_AVAILABLE_VALUE)
                        .build()
                : answer;
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assignTopic("t");

            assertInOrder(read(consumer, 100));
        }
    }

    @Test
    void aMessageThatAllLackIsReported() {
        publish(10);
        cluster.fetchScript = (replica, answer) -> answer.toBuilder()
                .clearRuns()
                .setCode(Code.INTERNAL_ERROR_VALUE)
                .build();
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assign(QUEUE, 0);

            assertThatThrownBy(() -> consumer.poll(SOON)).isInstanceOf(ArgosyException.Refused.class);
        }
    }

    @Test
    void anOffsetOutsideOfTheQueueIsReportedAndASeekHelps() {
        publish(10);
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assign(QUEUE, 11);

            assertThatThrownBy(() -> consumer.poll(SOON))
                    .isInstanceOf(ArgosyException.Refused.class)
                    .hasMessageContaining("OFFSET_NOT_FOUND");
            consumer.seek(QUEUE, 9);
            assertThat(consumer.poll(SOON)).hasSize(1);
        }
    }

    @Test
    void readingAheadStaysWithinTheBuffer() {
        cluster.topic("t", 4);
        publish(5_000);
        AtomicLong sent = new AtomicLong();
        cluster.fetchScript = (replica, answer) -> {
            sent.addAndGet(
                    answer.getRunsList().stream().mapToLong(Run::getCount).sum());
            return answer;
        };
        try (PullConsumer consumer = client.pullConsumer("g")
                .bufferBytes(1)
                .longPolling(Duration.ofSeconds(1))
                .build()) {
            consumer.assignTopic("t");
            await().until(() -> sent.get() > 0);
            List<ReceivedMessage> first = consumer.poll(SOON);

            assertThat(sent.get()).isLessThan(5_000);
            List<ReceivedMessage> all = new ArrayList<>(first);
            all.addAll(read(consumer, 5_000 - first.size()));
            assertInOrder(all);
        }
    }

    @Test
    void aNewLeaderIsFollowed() {
        publish(10);
        Set<Integer> asked = ConcurrentHashMap.newKeySet();
        cluster.fetchScript = (replica, answer) -> {
            asked.add(replica);
            return answer;
        };
        try (PullConsumer consumer = client.pullConsumer("g").build()) {
            consumer.assignTopic("t");
            assertThat(read(consumer, 10)).hasSize(10);

            cluster.leader(3);
            await().until(() -> {
                publish(1);
                consumer.poll(SOON);
                return asked.contains(3);
            });
        }
    }

    private int published;

    private void publish(int count) {
        for (int i = 0; i < count; i++) {
            cluster.publish("t", "m" + published++);
        }
    }

    private static void assertInOrder(List<ReceivedMessage> messages) {
        for (int i = 0; i < messages.size(); i++) {
            assertThat(messages.get(i).queueOffset()).isEqualTo(i);
            assertThat(new String(messages.get(i).body(), UTF_8)).isEqualTo("m" + i);
        }
    }

    private static FetchResponse garbled(FetchResponse answer) {
        FetchResponse.Builder result = answer.toBuilder().clearRuns();
        for (Run run : answer.getRunsList()) {
            byte[] payload = run.getPayload().toByteArray();
            payload[payload.length - 1] ^= 1;
            result.addRuns(run.toBuilder().setPayload(ByteString.copyFrom(payload)));
        }
        return result.build();
    }
}
