package io.argosy.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.client.PullConsumer;
import io.argosy.client.QueueRef;
import io.argosy.client.ReceivedMessage;
import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.Run;
import io.argosy.proto.v2.Code;
import io.argosy.raft.RaftConfig;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Fetch streams of a real group whose memory holds only the newest messages. */
@Timeout(180)
final class FetchingClusterTest {

    private static final int MESSAGES = 3_000;
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private static Path folder;

    private static LocalCluster cluster;
    private static ArgosyClient client;

    @BeforeAll
    static void start() throws Exception {
        RaftConfig.Limits limits = RaftConfig.Limits.DEFAULT;
        cluster = LocalCluster.start(
                folder,
                3,
                new RaftConfig.Limits(
                        limits.batchBytesMax(),
                        limits.windowBytes(),
                        limits.uncommittedBytesMax(),
                        256 << 10,
                        limits.readerThreads(),
                        limits.catchupBytesPerSecond()));
        client = ArgosyClient.builder().endpoints(cluster.endpoints()).build();
        try (Producer producer = client.producer().batch(32 << 10, 100).build()) {
            for (int i = 0; i < MESSAGES; i++) {
                byte[] body = (i + " " + "x".repeat(i % 2000)).getBytes(UTF_8);
                var unused = producer.sendAsync(
                        Message.builder("old", body).queueIndex(i % 4).build());
            }
            producer.flush();
        }
    }

    @AfterAll
    static void stop() {
        if (client != null) {
            client.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void allMessagesOfAllQueuesAreReadInOrderFromDiskAndMemory() {
        Map<QueueRef, Long> next = new HashMap<>();
        Map<Integer, Integer> found = new HashMap<>();
        try (PullConsumer consumer =
                client.pullConsumer("reader").bufferBytes(1 << 20).build()) {
            consumer.assignTopic("old");
            int count = 0;
            while (count < MESSAGES) {
                for (ReceivedMessage message : consumer.poll(SOON)) {
                    assertThat(message.queueOffset()).isEqualTo(next.getOrDefault(message.queue(), 0L));
                    next.put(message.queue(), message.queueOffset() + 1);
                    String[] body = new String(message.body(), UTF_8).split(" ", 2);
                    int number = Integer.parseInt(body[0]);
                    assertThat(body[1]).hasSize(number % 2000);
                    found.merge(number, 1, Integer::sum);
                    count++;
                }
            }
        }

        assertThat(found).hasSize(MESSAGES);
        assertThat(found.values()).containsOnly(1);
    }

    @Test
    void aFollowerServesWhatItApplied() throws Exception {
        int follower = cluster.awaitLeader() % 3 + 1;
        try (Stream stream = new Stream(follower)) {
            List<Run> runs = new ArrayList<>();
            long offset = 5;
            while (offset < 500) {
                FetchResponse answer = stream.ask(request("old", 1, offset, 1_000, 20_000));
                assertThat(answer.getCode()).isEqualTo(Code.OK_VALUE);
                assertThat(answer.getRuns(0).getBaseOffset()).isEqualTo(offset);
                runs.addAll(answer.getRunsList());
                offset = answer.getNextOffset();
            }
            long expected = 5;
            for (Run run : runs) {
                assertThat(run.getBaseOffset()).isEqualTo(expected);
                expected += run.getCount();
            }
            assertThat(expected).isEqualTo(offset);
        }
    }

    @Test
    void aWaitingFetchIsWokenByTheMessageAndAnotherByItsTime() throws Exception {
        try (Producer producer = client.producer().build();
                Stream stream = new Stream(cluster.awaitLeader())) {
            producer.send(Message.builder("new", new byte[1]).queueIndex(0).build());
            assertThat(stream.ask(request("new", 0, 0, 20_000, 1)).getCode()).isEqualTo(Code.OK_VALUE);

            assertThat(stream.ask(request("new", 0, 1, 50, 1)).getCode()).isEqualTo(Code.MESSAGE_NOT_FOUND_VALUE);
            stream.send(request("new", 0, 1, 30_000, 1));
            producer.send(Message.builder("new", new byte[1]).queueIndex(0).build());
            FetchResponse woken = stream.take();
            assertThat(woken.getCode()).isEqualTo(Code.OK_VALUE);
            assertThat(woken.getNextOffset()).isEqualTo(2);
            assertThat(woken.getMaxOffset()).isEqualTo(2);
        }
    }

    @Test
    void whatIsWrongIsNamedByItsCode() throws Exception {
        try (Stream stream = new Stream(cluster.awaitLeader())) {
            assertThat(stream.ask(request("no such topic", 0, 0, 0, 1)).getCode())
                    .isEqualTo(Code.ILLEGAL_TOPIC_VALUE);
            assertThat(stream.ask(request("x".repeat(1 << 20), 0, 0, 0, 1)).getCode())
                    .isEqualTo(Code.ILLEGAL_TOPIC_VALUE);
            assertThat(stream.ask(request("unknown", 0, 0, 0, 1)).getCode()).isEqualTo(Code.TOPIC_NOT_FOUND_VALUE);
            assertThat(stream.ask(request("old", 999, 0, 0, 1)).getCode()).isEqualTo(Code.BAD_REQUEST_VALUE);
            assertThat(stream.ask(request("old", -1, 0, 0, 1)).getCode()).isEqualTo(Code.BAD_REQUEST_VALUE);
            assertThat(stream.ask(request("old", 0, -1, 0, 1)).getCode()).isEqualTo(Code.ILLEGAL_OFFSET_VALUE);
            FetchResponse behind = stream.ask(request("old", 0, 1_000_000, 0, 1));
            assertThat(behind.getCode()).isEqualTo(Code.OFFSET_NOT_FOUND_VALUE);
            assertThat(behind.getNextOffset()).isEqualTo(MESSAGES / 4).isEqualTo(behind.getMaxOffset());
        }
    }

    @Test
    void manyRequestsOfOneStreamAreAllAnswered() throws Exception {
        try (Stream stream = new Stream(cluster.awaitLeader())) {
            for (int i = 0; i < 500; i++) {
                stream.send(request("old", i % 4, i, 1_000, 5_000));
            }
            Map<Long, FetchResponse> answers = new HashMap<>();
            for (int i = 0; i < 500; i++) {
                FetchResponse answer = stream.take();
                answers.put(answer.getCorrelation(), answer);
            }
            assertThat(answers).hasSize(500);
            assertThat(answers.values())
                    .allSatisfy(answer -> assertThat(answer.getCode()).isEqualTo(Code.OK_VALUE));
        }
    }

    @Test
    void clientsThatDoNotReadDoNotHinderThoseThatDo() throws Exception {
        int leader = cluster.awaitLeader();
        var address = cluster.broker(leader).clientAddress();
        ManagedChannel channel = ManagedChannelBuilder.forAddress(address.host(), address.port())
                .usePlaintext()
                .build();
        try (Stream reading = new Stream(leader)) {
            for (int i = 0; i < 150; i++) {
                ClientCall<FetchRequest, FetchResponse> stalled =
                        channel.newCall(BulkGrpc.getFetchMethod(), CallOptions.DEFAULT);
                stalled.start(new ClientCall.Listener<>() {}, new Metadata());
                for (int queue = 0; queue < 4; queue++) {
                    stalled.sendMessage(request("old", queue, 0, 1_000, 1 << 20).build());
                }
            }
            for (long offset = 0; offset < MESSAGES / 4; ) {
                FetchResponse answer = reading.ask(request("old", 0, offset, 1_000, 1 << 20));
                assertThat(answer.getCode()).isEqualTo(Code.OK_VALUE);
                offset = answer.getNextOffset();
            }
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void aReaderFollowsItsGroupThroughAChangeOfLeader() {
        try (Producer producer = client.producer().build();
                PullConsumer consumer = client.pullConsumer("mover").build()) {
            producer.send(Message.builder("moving", new byte[1]).queueIndex(0).build());
            consumer.assignTopic("moving");
            await().atMost(SOON).until(() -> consumer.poll(SOON).size() == 1);
            int leader = cluster.awaitLeader();
            cluster.stopBroker(leader);
            try {
                producer.send(
                        Message.builder("moving", new byte[2]).queueIndex(0).build());

                assertThat(consumer.poll(SOON))
                        .singleElement()
                        .satisfies(
                                message -> assertThat(message.bodySizeBytes()).isEqualTo(2));
            } finally {
                cluster.startBroker(leader);
            }
        }
    }

    private static FetchRequest.Builder request(String topic, int queue, long offset, int waitMillis, int bytesMax) {
        return FetchRequest.newBuilder()
                .setTopic(topic)
                .setQueueId(queue)
                .setOffset(offset)
                .setWaitMillis(waitMillis)
                .setBytesMax(bytesMax);
    }

    /** A stream as the generated code speaks it. */
    private static final class Stream implements AutoCloseable {

        private final ManagedChannel channel;
        private final StreamObserver<FetchRequest> requests;
        private final BlockingQueue<FetchResponse> answers = new LinkedBlockingQueue<>();
        private long correlation;

        Stream(int broker) {
            var address = cluster.broker(broker).clientAddress();
            channel = ManagedChannelBuilder.forAddress(address.host(), address.port())
                    .usePlaintext()
                    .build();
            requests = BulkGrpc.newStub(channel).fetch(new StreamObserver<>() {
                @Override
                public void onNext(FetchResponse answer) {
                    answers.add(answer);
                }

                @Override
                public void onError(Throwable failure) {}

                @Override
                public void onCompleted() {}
            });
        }

        FetchResponse ask(FetchRequest.Builder request) throws InterruptedException {
            send(request);
            FetchResponse answer = take();
            assertThat(answer.getCorrelation()).isEqualTo(correlation);
            return answer;
        }

        void send(FetchRequest.Builder request) {
            requests.onNext(request.setCorrelation(++correlation).build());
        }

        FetchResponse take() throws InterruptedException {
            FetchResponse answer = answers.poll(60, TimeUnit.SECONDS);
            assertThat(answer).isNotNull();
            return answer;
        }

        @Override
        public void close() {
            channel.shutdownNow();
        }
    }
}
