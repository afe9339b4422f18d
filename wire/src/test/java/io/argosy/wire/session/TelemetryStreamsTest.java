package io.argosy.wire.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.PrintThreadStackTraceCommand;
import io.argosy.proto.v2.Publishing;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.RetryPolicy;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Subscription;
import io.argosy.proto.v2.TelemetryCommand;
import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.plane.ClientPlane;
import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TelemetryStreamsTest {

    private static final Settings PRODUCER = Settings.newBuilder()
            .setClientType(ClientType.PRODUCER)
            .setPublishing(
                    Publishing.newBuilder().addTopics(Resource.newBuilder().setName("t")))
            .build();
    private static final Settings CONSUMER = Settings.newBuilder()
            .setClientType(ClientType.PUSH_CONSUMER)
            .setSubscription(
                    Subscription.newBuilder().setGroup(Resource.newBuilder().setName("g")))
            .build();

    private final TelemetryStreams streams =
            new TelemetryStreams(new SettingsAnswer(SettingsPolicy.DEFAULT), ClientSightings.IGNORED);
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        server = ClientPort.builder(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        ServerTls.of(SelfSignedCertificate.create("argosy", Instant.now(), new SecureRandom())))
                .addService(ClientPlane.service(call -> {}, streams, InstantSource.system(), System::nanoTime))
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow();
        assertThat(server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    /** One stream of a client. */
    private final class Conversation extends ClientCall.Listener<TelemetryCommand> {
        private final ClientCall<TelemetryCommand, TelemetryCommand> call;
        private final List<TelemetryCommand> received = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Status> end = new CompletableFuture<>();

        Conversation(String clientId) {
            call = channel.newCall(MessagingServiceGrpc.getTelemetryMethod(), CallOptions.DEFAULT);
            Metadata headers = new Metadata();
            if (!clientId.isEmpty()) {
                headers.put(Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER), clientId);
            }
            call.start(this, headers);
            call.request(Integer.MAX_VALUE);
        }

        Conversation say(Settings settings) {
            call.sendMessage(TelemetryCommand.newBuilder().setSettings(settings).build());
            return this;
        }

        TelemetryCommand answer(int number) {
            await().until(() -> received.size() > number);
            return received.get(number);
        }

        @Override
        public void onMessage(TelemetryCommand command) {
            received.add(command);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            end.complete(status);
        }
    }

    private Conversation conversation(String clientId) {
        return new Conversation(clientId);
    }

    @Test
    void producerGetsWhatItNeedsToSend() {
        TelemetryCommand answer = conversation("c1").say(PRODUCER).answer(0);

        assertThat(answer.getStatus().getCode()).isEqualTo(Code.OK);
        Settings settings = answer.getSettings();
        assertThat(settings.getPublishing().getTopicsList())
                .isEqualTo(PRODUCER.getPublishing().getTopicsList());
        assertThat(settings.getPublishing().getMaxBodySize()).isEqualTo(4 << 20);
        assertThat(settings.getPublishing().getValidateMessageType()).isTrue();
        assertThat(settings.getBackoffPolicy().getMaxAttempts()).isEqualTo(3);
        assertThat(settings.getBackoffPolicy().getExponentialBackoff().getInitial())
                .isEqualTo(Duration.newBuilder().setNanos(500_000_000).build());
        assertThat(settings.getBackoffPolicy().getExponentialBackoff().getMax().getSeconds())
                .isEqualTo(4);
        assertThat(settings.getBackoffPolicy().getExponentialBackoff().getMultiplier())
                .isEqualTo(2f);
        assertThat(settings.getMetric().getOn()).isFalse();
    }

    @Test
    void consumerGetsWhatItNeedsToReceive() {
        Settings settings = conversation("c1").say(CONSUMER).answer(0).getSettings();

        assertThat(settings.getSubscription().getFifo()).isFalse();
        assertThat(settings.getSubscription().getReceiveBatchSize()).isEqualTo(32);
        assertThat(settings.getSubscription().getLongPollingTimeout().getSeconds())
                .isEqualTo(20);
        RetryPolicy backoff = settings.getBackoffPolicy();
        assertThat(backoff.getMaxAttempts()).isEqualTo(17);
        assertThat(backoff.getCustomizedBackoff().getNextCount()).isEqualTo(18);
    }

    @Test
    void nodeGetsExponentialDelays() {
        SettingsAnswer.Outcome outcome = new SettingsAnswer(SettingsPolicy.DEFAULT).answer(CONSUMER, true);

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        SettingsAnswer.Outcome.Accepted.class,
                        accepted -> assertThat(
                                        accepted.settings().getBackoffPolicy().hasExponentialBackoff())
                                .isTrue());
    }

    @Test
    void everySettingsCommandIsAnswered() {
        Conversation conversation =
                conversation("c1").say(PRODUCER).say(PRODUCER).say(PRODUCER);

        assertThat(conversation.answer(2).hasSettings()).isTrue();
    }

    @Test
    void newerStreamOfAClientReplacesItsOlderOne() {
        Conversation older = conversation("c1").say(PRODUCER);
        older.answer(0);

        Conversation newer = conversation("c1").say(PRODUCER);
        newer.answer(0);

        assertThat(older.end.join().isOk()).isTrue();
        assertThat(newer.end).isNotDone();
        assertThat(streams.size()).isEqualTo(1);
    }

    @Test
    void halfCloseEndsTheStream() {
        Conversation conversation = conversation("c1").say(PRODUCER);
        conversation.answer(0);

        conversation.call.halfClose();

        assertThat(conversation.end.join().isOk()).isTrue();
        await().until(() -> streams.size() == 0);
    }

    @Test
    void commandsReachTheClient() {
        Conversation conversation = conversation("c1").say(PRODUCER);
        conversation.answer(0);
        TelemetryCommand command = TelemetryCommand.newBuilder()
                .setPrintThreadStackTraceCommand(
                        PrintThreadStackTraceCommand.newBuilder().setNonce("n"))
                .build();

        assertThat(streams.send("c1", command)).isTrue();
        assertThat(streams.send("c2", command)).isFalse();

        assertThat(conversation.answer(1)).isEqualTo(command);
    }

    @Test
    void illegalNamesAreRefusedWithTheirCode() {
        Settings badTopic = PRODUCER.toBuilder()
                .setPublishing(
                        Publishing.newBuilder().addTopics(Resource.newBuilder().setName("a/b")))
                .build();
        Settings badGroup = CONSUMER.toBuilder()
                .setSubscription(
                        Subscription.newBuilder().setGroup(Resource.newBuilder().setName(" ")))
                .build();

        assertRefused(conversation("c1").say(badTopic), Code.ILLEGAL_TOPIC);
        assertRefused(conversation("c2").say(badGroup), Code.ILLEGAL_CONSUMER_GROUP);
        assertRefused(conversation(""), Code.CLIENT_ID_REQUIRED);
        assertRefused(
                conversation("c3")
                        .say(CONSUMER.toBuilder()
                                .setClientType(ClientType.LITE_PUSH_CONSUMER)
                                .build()),
                Code.UNRECOGNIZED_CLIENT_TYPE);
    }

    private static void assertRefused(Conversation conversation, Code code) {
        assertThat(conversation.answer(0).getStatus().getCode()).isEqualTo(code);
        assertThat(conversation.answer(0).hasSettings()).isFalse();
        assertThat(conversation.end.join().isOk()).isTrue();
    }

    @Test
    void settingsOfNobodyAreAnInvalidArgument() {
        assertThat(conversation("c1")
                        .say(Settings.getDefaultInstance())
                        .end
                        .join()
                        .getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void streamOpenedAfterAGoodbyeEndsOnceItWasAnswered() {
        streams.gone("c1");

        Conversation late = conversation("c1").say(PRODUCER);

        assertThat(late.answer(0).hasSettings()).isTrue();
        assertThat(late.end.join().isOk()).isTrue();
        Conversation next = conversation("c1").say(PRODUCER);
        assertThat(next.answer(0).hasSettings()).isTrue();
        assertThat(next.end).isNotDone();
    }
}
