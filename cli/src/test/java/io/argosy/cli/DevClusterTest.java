package io.argosy.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.argosy.client.ArgosyClient;
import io.argosy.client.ArgosyException;
import io.argosy.client.ConsumeResult;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.client.PullConsumer;
import io.argosy.client.PushConsumer;
import io.argosy.client.QueueRef;
import io.argosy.client.ReceivedMessage;
import io.argosy.client.SendReceipt;
import io.argosy.client.SimpleConsumer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client and the commands against a real cluster in this process. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DevClusterTest {

    @TempDir
    private static Path folder;

    private DevCluster cluster;
    private ArgosyClient client;

    @BeforeAll
    void start() {
        cluster = DevCluster.start(folder, DevPorts.free());
        client = ArgosyClient.builder().endpoints(cluster.endpoints()).build();
        await().ignoreExceptions()
                .until(() -> client.describeCluster().groups().stream()
                        .anyMatch(group -> group.leader().isPresent()));
    }

    @AfterAll
    void stop() {
        client.close();
        cluster.close();
    }

    @Test
    void batchesOfAllSizesComeBackInOrderAndDense() throws Exception {
        int count = 5000;
        List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
        try (Producer producer = client.producer().build()) {
            for (int i = 0; i < count; i++) {
                sends.add(producer.sendAsync(Message.builder("ordered", ("m" + i).getBytes(UTF_8))
                        .queueIndex(3)
                        .tag(i % 2 == 0 ? "even" : "odd")
                        .build()));
            }
            producer.flush();
        }
        for (int i = 0; i < count; i++) {
            assertThat(sends.get(i).get().queueOffset()).isEqualTo(i);
        }

        QueueRef queue = client.queues("ordered").get(3);
        List<String> read = new ArrayList<>();
        try (PullConsumer consumer = client.pullConsumer("reader").build()) {
            consumer.assign(queue, 0);
            while (read.size() < count) {
                List<ReceivedMessage> messages = consumer.poll(Duration.ofSeconds(20));
                assertThat(messages).isNotEmpty();
                messages.forEach(message -> read.add(new String(message.body(), UTF_8)));
            }
            consumer.commit();
            assertThat(consumer.committed(queue)).hasValue(count);
            assertThat(consumer.endOffset(queue)).isEqualTo(count);
        }
        for (int i = 0; i < count; i++) {
            assertThat(read.get(i)).isEqualTo("m" + i);
        }
    }

    @Test
    void aPushConsumerGetsEachMessageOnce() {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Set<String> sent = new HashSet<>();
        try (Producer producer = client.producer().build()) {
            for (int i = 0; i < 500; i++) {
                sent.add(producer.send(Message.of("pushed", ("m" + i).getBytes(UTF_8)))
                        .messageId());
            }
        }
        try (PushConsumer consumer = client.pushConsumer("pushers")
                .subscribe("pushed")
                .listener(message -> {
                    assertThat(seen.add(message.messageId())).isTrue();
                    return ConsumeResult.SUCCESS;
                })
                .build()) {
            await().atMost(Duration.ofSeconds(60)).until(() -> seen.size() == 500);
            assertThat(consumer.cachedMessages()).isNotNegative();
        }

        assertThat(seen).isEqualTo(sent);
    }

    @Test
    void aMessageThatIsPutBackComesAgainWithItsNextAttempt() {
        try (Producer producer = client.producer().build()) {
            producer.send(Message.of("again", "x".getBytes(UTF_8)));
        }
        try (SimpleConsumer consumer = client.simpleConsumer("retriers")
                .subscribe("again")
                .awaitDuration(Duration.ofSeconds(20))
                .build()) {
            ReceivedMessage first = consumer.receive(1, Duration.ofSeconds(30)).get(0);
            consumer.changeInvisible(first, Duration.ZERO);
            ReceivedMessage second = consumer.receive(1, Duration.ofSeconds(30)).get(0);
            consumer.ack(second);

            assertThat(second.messageId()).isEqualTo(first.messageId());
            assertThat(second.deliveryAttempt()).isEqualTo(2);
        }
    }

    @Test
    void ourClientIsGivenMoreMessagesAtOnceThanOthers() {
        assertThat(run("topic", "create", "bulk", "--queues", "1").code()).isZero();
        assertThat(run("produce", "bulk", "--count", "100").code()).isZero();
        try (SimpleConsumer consumer =
                client.simpleConsumer("bulk-readers").subscribe("bulk").build()) {
            List<ReceivedMessage> messages = consumer.receive(100, Duration.ofSeconds(30));
            consumer.ack(messages);

            assertThat(messages).hasSize(100);
        }
    }

    @Test
    void theCommandsWorkTogether() throws IOException {
        assertThat(run("topic", "create", "orders", "--queues", "4", "-o", "json")
                        .json()
                        .get("queues")
                        .asInt())
                .isEqualTo(4);
        assertThat(run("topic", "create", "orders").code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(run("produce", "orders", "-m", "hello", "-k", "k1", "-t", "a", "-o", "json")
                        .json()
                        .get("messageId")
                        .asText())
                .hasSize(34);
        assertThat(run("produce", "orders", "--count", "1000", "--size", "200", "-o", "json")
                        .json()
                        .get("acknowledged")
                        .asInt())
                .isEqualTo(1000);
        assertThat(run("produce", "orders", "-m", "no answer wanted", "--oneway", "-o", "json")
                        .json()
                        .get("sent")
                        .asInt())
                .isEqualTo(1);
        Run consumed = run("consume", "orders", "--group", "me", "--count", "1002", "-o", "jsonl");
        assertThat(consumed.code()).isZero();
        assertThat(consumed.out().lines()).hasSize(1002);
        assertThat(run("consume", "orders", "--count", "2000", "--timeout", "1s")
                        .out())
                .contains("hello", "no answer wanted");
        assertThat(run("topic", "list", "-o", "json").out()).contains("orders");
        assertThat(run("topic", "describe", "orders", "-o", "json")
                        .json()
                        .get("queueList")
                        .size())
                .isEqualTo(4);
        assertThat(run("group", "list").out()).contains("me");
        await().untilAsserted(() -> assertThat(run("group", "describe", "me", "-o", "json")
                        .json()
                        .get("lag")
                        .asInt())
                .isZero());
        Run status = run("cluster", "status", "-o", "json");
        assertThat(status.err()).isEmpty();
        assertThat(status.json().get("healthy").asBoolean()).isTrue();
        assertThat(status.code()).isZero();
        assertThat(run("cluster", "status").out()).contains("LEADER").contains("FOLLOWER");
        assertThat(run("topic", "delete", "orders", "--yes").code()).isZero();
        assertThat(run("topic", "describe", "orders").code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(run("log", "dump", folder.resolve("broker-1").toString(), "--messages")
                        .out())
                .contains("CREATE_TOPIC")
                .contains("PUBLISH");
    }

    @Test
    void everyQueueOfAWideTopicCanBeChosen() {
        assertThat(run("topic", "create", "wide", "--queues", "300").code()).isZero();
        try (Producer producer = client.producer().build()) {
            // The name server hears of a topic moments after its creation; until then its route has the default queues.
            await().ignoreExceptionsInstanceOf(ArgosyException.Refused.class)
                    .untilAsserted(() -> producer.send(Message.builder("wide", "first".getBytes(UTF_8))
                            .queueIndex(298)
                            .build()));
            for (int queue : List.of(0, 3, 127, 128, 299)) {
                SendReceipt receipt = producer.send(Message.builder("wide", "x".getBytes(UTF_8))
                        .queueIndex(queue)
                        .build());

                assertThat(receipt.queueOffset()).isZero();
                try (PullConsumer consumer = client.pullConsumer("wide-reader").build()) {
                    consumer.assign(receipt.queue(), 0);
                    assertThat(consumer.poll(Duration.ofSeconds(20)))
                            .singleElement()
                            .satisfies(
                                    message -> assertThat(message.messageId()).isEqualTo(receipt.messageId()));
                }
            }
        }
    }

    @Test
    void theCertificateThatServersMakeIsTakenOnlyIfAsked() {
        assertThat(run("produce", "encrypted", "-m", "x", "--tls-insecure").err())
                .isEmpty();
        Run careful = run("produce", "encrypted", "-m", "x", "--tls", "--timeout", "5s");

        assertThat(careful.code()).isEqualTo(ExitCodes.NOT_REACHABLE);
        assertThat(careful.err()).contains("--tls-ca", "--tls-insecure");
    }

    @Test
    void topicsBeyondTheLimitsAreRefusedByTheBroker() {
        for (String bad : List.of("--queues=65537", "--retention=1s", "--retention=4000d", "--queues=-1")) {
            Run run = run("topic", "create", "limits", bad);

            assertThat(run.code()).as(bad).isIn(ExitCodes.REFUSED, ExitCodes.USAGE);
        }
        assertThat(run("topic", "create", "limits", "--retention", "1m").code()).isZero();
    }

    @Test
    void whatIsMissingIsToldWithTheNextStep() {
        for (List<String> args : List.of(
                List.of("topic", "describe", "nope"),
                List.of("topic", "delete", "nope"),
                List.of("topic", "delete", "nope", "--yes"))) {
            Run run = run(args.toArray(String[]::new));

            assertThat(run.code()).isEqualTo(ExitCodes.REFUSED);
            assertThat(run.err()).contains("argosy topic list");
        }
    }

    @Test
    void streamsAreALineOfJsonForEachMessage() throws IOException {
        assertThat(run("produce", "lines", "--count", "3").code()).isZero();

        Run run = run("consume", "lines", "--count", "3", "-o", "json");

        assertThat(run.code()).isZero();
        assertThat(run.out().lines())
                .hasSize(3)
                .allSatisfy(
                        line -> assertThat(new ObjectMapper().readTree(line)).isNotEmpty());
    }

    @Test
    void bootstrapOfAGroupThatExistsSaysSo() {
        String admin =
                client.describeCluster().groups().get(0).replicas().get(0).adminAddress();

        assertThat(run("raft", "bootstrap", "--admin", admin).out()).startsWith("group exists already: ");
    }

    @Test
    void aWrongSecretIsRefused() throws IOException {
        Path wrong = java.nio.file.Files.writeString(folder.resolve("wrong.secret"), "f".repeat(64));

        Run run = Run.of("topic", "list", "-e", cluster.endpoints(), "--secret-file", wrong.toString());

        assertThat(run.code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(run.err()).contains("secret");
    }

    private Run run(String... args) {
        List<String> all = new ArrayList<>(Arrays.asList(args));
        if (!args[0].equals("log")) {
            all.addAll(List.of(
                    "-e",
                    cluster.endpoints(),
                    "--secret-file",
                    cluster.secretFile().toString()));
        }
        return Run.of(all.toArray(String[]::new));
    }
}
