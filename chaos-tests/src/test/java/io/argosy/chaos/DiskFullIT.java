package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.argosy.client.ArgosyClient;
import io.argosy.client.ReceivedMessage;
import io.argosy.client.SimpleConsumer;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.Status;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A log that may not grow further refuses messages, stores nothing of them, and serves what it has. */
class DiskFullIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOPIC = "disk-full";
    private static final int BODY_BYTES = 64 << 10;

    private static TestCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start(
                "disk-full", Map.of("ARGOSY_RAFT_SEGMENT_SIZE", "1MiB", "ARGOSY_RAFT_MAX_BYTES", "16MiB"));
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Test
    void fullLogRefusesMessagesWhileConsumersGoOnAndTakesThemAgainWhenThereIsRoom() {
        List<String> acknowledged = new ArrayList<>();
        try (RawClient client =
                new RawClient(cluster.replicaAddress(cluster.leader().orElseThrow()), "full-sender")) {
            Status refusal = sendUntilRefused(client, acknowledged);

            assertThat(refusal.getCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
            assertThat(refusal.getMessage()).contains("disk full");
            // What is refused is not stored. The oldest messages make room meanwhile, perhaps between two reads.
            List<String> stored = ids(client);
            assertThat(last(stored)).isEqualTo(last(acknowledged));
            assertThat(acknowledged).containsSubsequence(stored);
            assertThat(acknowledged).containsSubsequence(consumeUpTo(last(acknowledged)));

            await().atMost(PATIENCE).until(() -> send(client, "after").getCode() == Code.OK);
        }
    }

    private static String last(List<String> ids) {
        return ids.get(ids.size() - 1);
    }

    private static Status sendUntilRefused(RawClient client, List<String> acknowledged) {
        for (int i = 0; i < 3000; i++) {
            Status status = send(client, "M" + i);
            if (status.getCode() != Code.OK) {
                return status;
            }
            acknowledged.add("M" + i);
        }
        throw new AssertionError("the log took " + acknowledged.size() + " messages and is not full");
    }

    private static Status send(RawClient client, String id) {
        SendMessageResponse answer = client.send(RawClient.message(TOPIC, id, "")
                .setBody(ByteString.copyFrom("x".repeat(BODY_BYTES), StandardCharsets.US_ASCII))
                .build());
        return answer.getStatus();
    }

    private static List<String> ids(RawClient client) {
        return client.readQueue(TOPIC, 0).stream()
                .map(message -> message.getSystemProperties().getMessageId())
                .toList();
    }

    private static List<String> consumeUpTo(String lastId) {
        List<String> ids = new ArrayList<>();
        try (ArgosyClient client =
                        ArgosyClient.builder().endpoints(cluster.endpoints()).build();
                SimpleConsumer consumer = client.simpleConsumer("disk-full-readers")
                        .subscribe(TOPIC)
                        .build()) {
            while (ids.isEmpty() || !last(ids).equals(lastId)) {
                List<ReceivedMessage> messages = consumer.receive(32, Duration.ofSeconds(60));
                assertThat(messages).as("messages behind " + ids).isNotEmpty();
                consumer.ack(messages);
                messages.forEach(message -> ids.add(message.messageId()));
            }
        }
        return ids;
    }
}
