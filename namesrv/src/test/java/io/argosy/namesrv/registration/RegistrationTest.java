package io.argosy.namesrv.registration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.argosy.namesrv.route.RouteTable;
import io.argosy.proto.v1.FullState;
import io.argosy.proto.v1.GroupFence;
import io.argosy.proto.v1.RegistrationAck;
import io.argosy.proto.v1.RegistrationGrpc;
import io.argosy.proto.v1.RegistrationHeartbeat;
import io.argosy.proto.v1.RegistrationUpdate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v1.TopicRoute;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RegistrationTest {

    private static final int BYTES_MAX = 1 << 20;
    private static final ClusterSecret SECRET = secret("a secret of the cluster");
    private static final GroupFence FENCE = GroupFence.newBuilder()
            .setGroupName("g1")
            .setGroupUuid(ByteString.copyFrom(new byte[16]))
            .setTerm(3)
            .setLeaderId(1)
            .build();

    private final RouteTable table = new RouteTable(Duration.ofMinutes(2));
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        NettyServerBuilder builder =
                PeerEndpoints.listener(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BYTES_MAX);
        new PeerAuthenticator(SECRET, new SecureRandom(), System::nanoTime).guard(builder);
        server = builder.addService(new RegistrationService(table, System::nanoTime))
                .build()
                .start();
        channel = PeerEndpoints.channel(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()), BYTES_MAX)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }

    @Test
    void registrationMakesARouteAndTheEndOfTheStreamDisconnectsTheReplica() throws Exception {
        prove(SECRET);
        Answers answers = new Answers();
        StreamObserver<RegistrationUpdate> updates =
                RegistrationGrpc.newStub(channel).register(answers);

        updates.onNext(full());
        assertThat(answers.next().getOk()).isTrue();
        assertThat(table.places("orders")).hasSize(1);
        assertThat(table.groups().get(0).replicas().get(0).connected()).isTrue();
        channel.shutdownNow();

        await().untilAsserted(() ->
                assertThat(table.groups().get(0).replicas().get(0).connected()).isFalse());
        assertThat(table.places("orders")).hasSize(1);
    }

    @Test
    void heartbeatOfAStrangerAsksForFullState() throws Exception {
        prove(SECRET);
        Answers answers = new Answers();

        RegistrationGrpc.newStub(channel)
                .register(answers)
                .onNext(RegistrationUpdate.newBuilder()
                        .setHeartbeat(RegistrationHeartbeat.newBuilder().setFence(FENCE))
                        .build());

        assertThat(answers.next().getSendFull()).isTrue();
    }

    @Test
    void wrongSecretIsRefusedAndStoresNothing() throws Exception {
        assertThatThrownBy(() -> prove(secret("another secret, quite long")))
                .hasRootCauseMessage("UNAUTHENTICATED: the cluster secrets of the two sides differ");
        Answers answers = new Answers();

        RegistrationGrpc.newStub(channel).register(answers).onNext(full());

        assertThat(answers.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(table.groups()).isEmpty();
    }

    @Test
    void brokenUpdateEndsTheStreamAndStoresNothing() throws Exception {
        prove(SECRET);
        Answers answers = new Answers();

        RegistrationGrpc.newStub(channel)
                .register(answers)
                .onNext(RegistrationUpdate.newBuilder()
                        .setFull(FullState.newBuilder().setReplicaId(1).setFence(FENCE))
                        .build());

        assertThat(answers.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(answers.end().getDescription()).isEqualTo("replica 1 is not among the group's replicas");
        assertThat(table.groups()).isEmpty();
    }

    private void prove(ClusterSecret secret) throws Exception {
        new PeerProver(secret, "g1/1", new SecureRandom(), Duration.ofSeconds(10))
                .prove(channel)
                .get(20, TimeUnit.SECONDS);
    }

    private static ClusterSecret secret(String text) {
        return ClusterSecret.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static RegistrationUpdate full() {
        return RegistrationUpdate.newBuilder()
                .setFull(FullState.newBuilder()
                        .setReplicaId(1)
                        .setFence(FENCE)
                        .addReplicas(ReplicaAddress.newBuilder()
                                .setReplicaId(1)
                                .setClientHost("127.0.0.1")
                                .setClientPort(10911))
                        .setTopicsVersion(1)
                        .addTopics(TopicRoute.newBuilder().setName("orders").setQueueCount(8)))
                .build();
    }

    private static final class Answers implements StreamObserver<RegistrationAck> {
        private final BlockingQueue<RegistrationAck> acks = new LinkedBlockingQueue<>();
        private final CompletableFuture<Status> end = new CompletableFuture<>();

        @Override
        public void onNext(RegistrationAck ack) {
            acks.add(ack);
        }

        @Override
        public void onError(Throwable failure) {
            end.complete(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            end.complete(Status.OK);
        }

        RegistrationAck next() throws InterruptedException {
            RegistrationAck ack = acks.poll(20, TimeUnit.SECONDS);
            assertThat(ack).isNotNull();
            return ack;
        }

        Status end() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }
    }
}
