package io.argosy.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.proto.v2.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
final class ProducerTest {

    private FakeCluster cluster;
    private ArgosyClient client;

    @BeforeEach
    void start() throws Exception {
        cluster = new FakeCluster(3);
        cluster.topic("t", 4);
        cluster.topic("one", 1);
        client = ArgosyClient.builder().endpoints(cluster.endpoints()).build();
    }

    @AfterEach
    void stop() {
        client.close();
        cluster.close();
    }

    @Test
    void aSendReturnsIdQueueAndOffset() {
        try (Producer producer = client.producer().build()) {
            SendReceipt receipt = producer.send(Message.builder("t", "hello".getBytes(UTF_8))
                    .tag("blue")
                    .keys("k1", "k2")
                    .property("p", "v")
                    .queueIndex(2)
                    .build());

            assertThat(receipt.queue()).isEqualTo(new QueueRef("t", "g1", 2));
            assertThat(receipt.queueOffset()).isZero();
            assertThat(receipt.messageId()).matches("01[0-9A-F]{32}");
            var stored = cluster.stored("t", 2).get(0);
            assertThat(stored.getBody().toStringUtf8()).isEqualTo("hello");
            assertThat(stored.getUserPropertiesMap()).containsEntry("p", "v");
            var system = stored.getSystemProperties();
            assertThat(system.getMessageId()).isEqualTo(receipt.messageId());
            assertThat(system.getTag()).isEqualTo("blue");
            assertThat(system.getKeysList()).containsExactly("k1", "k2");
            assertThat(system.getBornTimestamp().getSeconds()).isPositive();
            assertThat(system.getBodyEncoding()).isEqualTo(io.argosy.proto.v2.Encoding.IDENTITY);
            assertThat(system.getMessageType()).isEqualTo(io.argosy.proto.v2.MessageType.NORMAL);
        }
    }

    @Test
    void whatArrivesWhileARequestIsUnderWayLeavesTogether() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        cluster.onSend((replica, request) -> {
            if (request.getMessagesCount() == 1) {
                awaitQuietly(first);
            }
            return Optional.empty();
        });
        try (Producer producer = client.producer().build()) {
            List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
            sends.add(producer.sendAsync(text("one", "0")));
            await().until(() -> cluster.arrivals.size() == 1);
            for (int i = 1; i <= 100; i++) {
                sends.add(producer.sendAsync(text("one", Integer.toString(i))));
            }
            first.countDown();
            for (int i = 0; i < sends.size(); i++) {
                assertThat(sends.get(i).get().queueOffset()).isEqualTo(i);
            }
        }

        assertThat(cluster.arrivals).hasSize(2);
        assertThat(cluster.arrivals.get(1).request().getMessagesCount()).isEqualTo(100);
    }

    @Test
    void batchesRespectTheirBoundsInBytesAndMessages() {
        try (Producer producer =
                client.producer().batch(10_000, 7).linger(Duration.ofMillis(5)).build()) {
            for (int i = 0; i < 200; i++) {
                producer.sendOneWay(text("one", "x".repeat(i % 50 == 0 ? 20_000 : 100)));
            }
            producer.flush();
        }

        assertThat(cluster.stored("one")).hasSize(200);
        assertThat(cluster.arrivals).allSatisfy(arrival -> {
            assertThat(arrival.request().getMessagesCount()).isBetween(1, 7);
            if (arrival.request().getMessagesCount() > 1) {
                assertThat(arrival.request().getSerializedSize()).isLessThanOrEqualTo(10_000);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void bodiesArriveAsTheyWereHoweverTheyAreCompressed(Compression how) {
        try (Producer producer =
                client.producer().compression(how).linger(Duration.ofMillis(5)).build()) {
            for (int i = 0; i < 300; i++) {
                producer.sendOneWay(text("one", "again and again the same " + i));
            }
            producer.flush();
        }

        assertThat(cluster.stored("one")).hasSize(300);
        assertThat(cluster.stored("one").get(299).getBody().toStringUtf8()).isEqualTo("again and again the same 299");
    }

    @Test
    void messagesSpreadEvenlyOverQueues() {
        try (Producer producer = client.producer().build()) {
            for (int i = 0; i < 40; i++) {
                producer.send(text("t", "m" + i));
            }
        }

        for (int queue = 0; queue < 4; queue++) {
            assertThat(cluster.stored("t", queue)).hasSize(10);
        }
    }

    @Test
    void equalPartitionKeysGoToOneQueue() {
        Set<Integer> queues = new HashSet<>();
        try (Producer producer = client.producer().build()) {
            for (int i = 0; i < 20; i++) {
                queues.add(producer.send(Message.builder("t", "x".getBytes(UTF_8))
                                .partitionKey("customer-7")
                                .build())
                        .queue()
                        .queueId());
            }
        }

        assertThat(queues).containsExactly(Partition.of("customer-7", 4));
    }

    @Test
    void aBusyClusterIsAskedAgainUnderTheSameIdAndClientId() {
        AtomicInteger refusals = new AtomicInteger(3);
        cluster.onSend((replica, request) -> refusals.getAndDecrement() > 0
                ? Optional.of(FakeCluster.refusal(request, Code.TOO_MANY_REQUESTS))
                : Optional.empty());
        try (Producer producer = client.producer().build()) {
            producer.send(text("t", "x"));
        }

        assertThat(cluster.arrivals).hasSize(4);
        assertThat(cluster.arrivals.stream().map(FakeCluster.Arrival::ids).distinct())
                .hasSize(1);
        assertThat(cluster.arrivals.stream().map(FakeCluster.Arrival::clientId).distinct())
                .hasSize(1);
    }

    @Test
    void aRefusalFailsAtOnceAndSaysWhy() {
        cluster.onSend((replica, request) -> Optional.of(FakeCluster.refusal(request, Code.ILLEGAL_MESSAGE_TAG)));
        try (Producer producer = client.producer().build()) {
            assertThatThrownBy(() -> producer.send(text("t", "x")))
                    .isInstanceOf(ArgosyException.Refused.class)
                    .hasMessageContaining("ILLEGAL_MESSAGE_TAG")
                    .satisfies(e -> assertThat(((ArgosyException) e).code()).isEqualTo(40004))
                    .satisfies(
                            e -> assertThat(((ArgosyException) e).retryable()).isFalse());
        }

        assertThat(cluster.arrivals).hasSize(1);
    }

    @Test
    void oneBadMessageDoesNotFailItsNeighbours() {
        try (Producer producer =
                client.producer().linger(Duration.ofMillis(200)).build()) {
            List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
            sends.add(producer.sendAsync(text("one", "a")));
            sends.add(producer.sendAsync(
                    Message.builder("one", "b".getBytes(UTF_8)).tag("a|b").build()));
            sends.add(producer.sendAsync(Message.builder("one", "c".getBytes(UTF_8))
                    .property("TAGS", "x")
                    .build()));
            sends.add(producer.sendAsync(text("one", "d")));
            producer.flush();

            assertThat(sends.get(0)).isCompleted();
            assertThatThrownBy(sends.get(1)::join)
                    .cause()
                    .satisfies(e -> assertThat(((ArgosyException) e).code()).isEqualTo(Code.ILLEGAL_MESSAGE_TAG_VALUE));
            assertThatThrownBy(sends.get(2)::join)
                    .cause()
                    .satisfies(e -> assertThat(((ArgosyException) e).code())
                            .isEqualTo(Code.ILLEGAL_MESSAGE_PROPERTY_KEY_VALUE));
            assertThat(sends.get(3).join().queueOffset()).isEqualTo(1);
        }
    }

    @Test
    void anUnknownTopicNamesTheCommandThatCreatesIt() {
        try (Producer producer = client.producer().build()) {
            assertThatThrownBy(() -> producer.send(text("nope", "x")))
                    .isInstanceOf(ArgosyException.Refused.class)
                    .hasMessageContaining("nope")
                    .hasMessageContaining("argosy topic create");
        }
    }

    @Test
    void emptyAndOversizedBodiesAreRefusedLocally() {
        try (Producer producer = client.producer().build()) {
            assertThatThrownBy(() -> producer.send(Message.of("t", new byte[0])))
                    .satisfies(e -> assertThat(((ArgosyException) e).code()).isEqualTo(41302));
            assertThatThrownBy(() -> producer.send(Message.of("t", new byte[(4 << 20) + 1])))
                    .satisfies(e -> assertThat(((ArgosyException) e).code()).isEqualTo(41301));
            producer.send(Message.of("t", new byte[4 << 20]));
        }

        assertThat(cluster.arrivals).hasSize(1);
    }

    @Test
    void theLeaderIsAskedDirectly() {
        cluster.leader(2);
        try (Producer producer = client.producer().build()) {
            producer.send(text("t", "first"));
            await().untilAsserted(() -> {
                producer.send(text("t", "x"));
                assertThat(cluster.arrivals.get(cluster.arrivals.size() - 1).replica())
                        .isEqualTo(2);
            });
        }
    }

    @Test
    void aKilledLeaderCostsNoSendAndNoOrder() throws Exception {
        try (Producer producer = client.producer().build()) {
            producer.send(text("one", "warm"));
            List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
            for (int i = 0; i < 3000; i++) {
                sends.add(producer.sendAsync(text("one", Integer.toString(i))));
                if (i == 500) {
                    cluster.kill(1);
                }
                if (i == 1500) {
                    cluster.leader(3);
                }
            }
            producer.flush();
            for (CompletableFuture<SendReceipt> send : sends) {
                send.get();
            }
        }

        List<String> bodies = cluster.stored("one").stream()
                .map(message -> message.getBody().toStringUtf8())
                .toList();
        assertThat(bodies).hasSize(3001);
        for (int i = 0; i < 3000; i++) {
            assertThat(bodies.get(i + 1)).isEqualTo(Integer.toString(i));
        }
    }

    @Test
    void aFrozenLeaderIsLeftOnceAnotherReplicaLeads() throws Exception {
        CountDownLatch thawed = new CountDownLatch(1);
        CountDownLatch frozen = new CountDownLatch(1);
        try (ArgosyClient patient = ArgosyClient.builder()
                        .endpoints(cluster.endpoints())
                        .requestTimeout(Duration.ofMinutes(5))
                        .build();
                Producer producer = patient.producer()
                        .deliveryTimeout(Duration.ofMinutes(10))
                        .build()) {
            producer.send(text("one", "warm"));
            await().untilAsserted(() -> {
                producer.send(text("one", "warm too"));
                assertThat(cluster.arrivals.get(cluster.arrivals.size() - 1).replica())
                        .isEqualTo(1);
            });
            cluster.onSend((replica, request) -> {
                if (replica == 1) {
                    frozen.countDown();
                    awaitQuietly(thawed);
                }
                return Optional.empty();
            });
            CompletableFuture<SendReceipt> send = producer.sendAsync(text("one", "moved"));
            frozen.await();

            cluster.leader(3);

            assertThat(send).succeedsWithin(Duration.ofSeconds(30));
            assertThat(cluster.arrivals.get(cluster.arrivals.size() - 1).replica())
                    .isEqualTo(3);
        } finally {
            thawed.countDown();
        }
    }

    @Test
    void sendsGoOnAfterAKilledReplicaCameBack() throws Exception {
        try (Producer producer = client.producer().build()) {
            producer.send(text("t", "a"));
            cluster.kill(1);
            cluster.leader(2);
            producer.send(text("t", "b"));
            cluster.restart(1);
            cluster.kill(2);
            cluster.kill(3);
            cluster.leader(1);
            producer.send(text("t", "c"));
        }

        assertThat(cluster.stored("t")).hasSize(3);
    }

    @Test
    void aListenerHearsOfEachMessageThoughAnotherOneThrew() {
        List<SendReceipt> receipts = new CopyOnWriteArrayList<>();
        SendListener good = new SendListener() {
            @Override
            public void stored(SendReceipt receipt) {
                receipts.add(receipt);
            }

            @Override
            public void failed(ArgosyException failure) {
                throw new AssertionError(failure);
            }
        };
        SendListener bad = new SendListener() {
            @Override
            public void stored(SendReceipt receipt) {
                throw new IllegalStateException("a fault of the user's");
            }

            @Override
            public void failed(ArgosyException failure) {
                throw new AssertionError(failure);
            }
        };
        try (Producer producer = client.producer().linger(Duration.ofMillis(5)).build()) {
            producer.sendAsync(text("one", "0"), good);
            producer.sendAsync(text("one", "1"), bad);
            producer.sendAsync(text("one", "2"), good);
            producer.flush();
        }

        assertThat(receipts).extracting(SendReceipt::queueOffset).containsExactly(0L, 2L);
    }

    @Test
    void aListenerIsToldWhatWasNotAccepted() {
        List<ArgosyException> failures = new ArrayList<>();
        try (Producer producer = client.producer().build()) {
            producer.sendAsync(text("one", ""), new SendListener() {
                @Override
                public void stored(SendReceipt receipt) {
                    throw new AssertionError(receipt);
                }

                @Override
                public void failed(ArgosyException failure) {
                    failures.add(failure);
                }
            });
        }

        assertThat(failures).singleElement().isInstanceOf(ArgosyException.Refused.class);
    }

    @Test
    void aFullBufferFailsOrBlocksAsAsked() throws Exception {
        // Known beforehand: the first look-up of a young process can take longer than a send may block here.
        assertThat(client.queues("one")).isNotEmpty();
        cluster.pause();
        try (Producer impatient =
                client.producer().buffer(50_000, Duration.ofMillis(50)).build()) {
            List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
            while (sends.isEmpty() || !sends.get(sends.size() - 1).isCompletedExceptionally()) {
                sends.add(impatient.sendAsync(text("one", "x".repeat(1000))));
            }
            CompletableFuture<SendReceipt> refused = sends.remove(sends.size() - 1);
            assertThatThrownBy(refused::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(ArgosyException.BufferFull.class);
            assertThat(sends.size()).isBetween(30, 50);
            assertThat(impatient.bufferedBytes()).isLessThanOrEqualTo(50_000);
            cluster.resume(1);
            for (CompletableFuture<SendReceipt> send : sends) {
                send.get(10, TimeUnit.SECONDS);
            }
            await().until(() -> impatient.bufferedBytes() == 0);
        }
    }

    @Test
    void aMessageThatIsNeverAnsweredFailsWithUnknownOutcomeInTime() throws Exception {
        try (ArgosyClient hasty = ArgosyClient.builder()
                        .endpoints(cluster.endpoints())
                        .requestTimeout(Duration.ofMillis(200))
                        .build();
                Producer producer =
                        hasty.producer().deliveryTimeout(Duration.ofMillis(700)).build()) {
            producer.send(text("t", "warm"));
            cluster.pause();
            assertThatThrownBy(() -> producer.send(text("t", "x")))
                    .isInstanceOf(ArgosyException.UnknownOutcome.class)
                    .hasMessageContaining("may or may not");
            cluster.resume(1);
        }
    }

    @Test
    void nobodyListeningIsSaidInWords() {
        try (ArgosyClient lost = ArgosyClient.builder().endpoints("127.0.0.1:1").build();
                Producer producer =
                        lost.producer().buffer(1 << 20, Duration.ofSeconds(3)).build()) {
            assertThatThrownBy(() -> producer.send(text("t", "x")))
                    .isInstanceOf(ArgosyException.NotReachable.class)
                    .hasMessageContaining("nobody listens at 127.0.0.1:1");
        }
    }

    @Test
    void aWrongHostNameIsSaidInWords() {
        try (ArgosyClient lost = ArgosyClient.builder()
                        .endpoints("no-such-host.invalid:8081")
                        .build();
                Producer producer =
                        lost.producer().buffer(1 << 20, Duration.ofSeconds(3)).build()) {
            assertThatThrownBy(() -> producer.send(text("t", "x")))
                    .isInstanceOf(ArgosyException.NotReachable.class)
                    .hasMessageContaining("cannot be resolved");
        }
    }

    @Test
    void tlsToAPlainPortIsSaidInWords() {
        try (ArgosyClient secret = ArgosyClient.builder()
                        .endpoints(cluster.endpoints())
                        .tls(true)
                        .build();
                Producer producer =
                        secret.producer().buffer(1 << 20, Duration.ofSeconds(5)).build()) {
            assertThatThrownBy(() -> producer.send(text("t", "x")))
                    .isInstanceOf(ArgosyException.NotReachable.class)
                    .hasMessageContaining("TLS");
        }
    }

    @Test
    void waitingInsideACallbackIsRefusedInsteadOfHanging() throws Exception {
        try (Producer producer = client.producer().build()) {
            producer.send(text("t", "warm"));
            CompletableFuture<Throwable> inside = new CompletableFuture<>();
            CountDownLatch go = new CountDownLatch(1);
            cluster.onSend((replica, request) -> {
                awaitQuietly(go);
                return Optional.empty();
            });
            var chained = producer.sendAsync(text("t", "a")).thenRun(() -> {
                try {
                    producer.send(text("t", "b"));
                    inside.complete(new AssertionError("was not refused"));
                } catch (RuntimeException e) {
                    inside.complete(e);
                }
            });
            go.countDown();
            assertThat(inside.get(10, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);
            chained.get();
        }
    }

    @Test
    void aClosedProducerTakesNothingAndLosesNothingAccepted() throws Exception {
        Producer producer = client.producer().linger(Duration.ofSeconds(5)).build();
        List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            sends.add(producer.sendAsync(text("one", "m" + i)));
        }
        producer.close();

        for (CompletableFuture<SendReceipt> send : sends) {
            assertThat(send).isCompleted();
        }
        assertThatThrownBy(() -> producer.send(text("one", "late"))).isInstanceOf(ArgosyException.Closed.class);
        assertThat(cluster.terminated).hasSize(1);
    }

    @Test
    void closingTheClientEndsWhatIsUnderWay() throws Exception {
        Producer producer =
                client.producer().deliveryTimeout(Duration.ofMillis(300)).build();
        producer.send(text("t", "warm"));
        cluster.pause();
        CompletableFuture<SendReceipt> stuck = producer.sendAsync(text("t", "x"));
        client.close();

        assertThatThrownBy(() -> stuck.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(ArgosyException.class);
    }

    @Test
    void settingsAreToldOnATelemetryStream() {
        try (Producer producer = client.producer().build()) {
            producer.send(text("t", "x"));

            await().untilAsserted(() -> assertThat(cluster.telemetry).anySatisfy(command -> {
                assertThat(command.getSettings().getPublishing().getTopics(0).getName())
                        .isEqualTo("t");
                assertThat(command.getSettings().getUserAgent().getHostname()).isNotEmpty();
            }));
        }
    }

    @Test
    void aTopicWithManyQueuesKeepsQueueIdsIntact() {
        cluster.topic("wide", 20_000);
        try (Producer producer = client.producer().build()) {
            for (int queue : List.of(0, 127, 128, 16_383, 16_384, 19_999)) {
                SendReceipt receipt = producer.send(Message.builder("wide", "x".getBytes(UTF_8))
                        .queueIndex(queue)
                        .build());

                assertThat(receipt.queue().queueId()).isEqualTo(queue);
                assertThat(cluster.stored("wide", queue)).hasSize(1);
            }
        }
    }

    private static Message text(String topic, String body) {
        return Message.of(topic, body.getBytes(UTF_8));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
