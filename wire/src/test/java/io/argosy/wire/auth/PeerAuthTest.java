package io.argosy.wire.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.AuthFinishRequest;
import io.argosy.proto.v1.DescribeStoreRequest;
import io.argosy.proto.v1.DescribeStoreResponse;
import io.argosy.proto.v1.PeerAuthGrpc;
import io.argosy.proto.v1.RaftPeerGrpc;
import io.argosy.wire.grpc.PeerEndpoints;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PeerAuthTest {

    private static final ClusterSecret SECRET = secret("the right secret, long enough");

    private Server server = start(SECRET);
    private ManagedChannel channel = connect();

    @BeforeEach
    void open() {
        assertThat(server.isShutdown()).isFalse();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    private static ClusterSecret secret(String text) {
        return ClusterSecret.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Server start(ClusterSecret secret) {
        NettyServerBuilder builder =
                PeerEndpoints.listener(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1 << 20);
        new PeerAuthenticator(secret, new SecureRandom(), System::nanoTime).guard(builder);
        builder.addService(Rebinding.aliasing(new Echo().bindService()));
        try {
            return builder.build().start();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private ManagedChannel connect() {
        return PeerEndpoints.channel(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()), 1 << 20)
                .build();
    }

    private static PeerProver prover(ClusterSecret secret) {
        return new PeerProver(secret, "g1/2", new SecureRandom(), Duration.ofSeconds(10));
    }

    /** Tells the principal in place of a group name. */
    private static final class Echo extends RaftPeerGrpc.RaftPeerImplBase {
        @Override
        public void describeStore(DescribeStoreRequest request, StreamObserver<DescribeStoreResponse> answer) {
            assertThat(PeerAuthenticator.REMOTE_ADDRESS.get()).isInstanceOf(InetSocketAddress.class);
            answer.onNext(DescribeStoreResponse.newBuilder()
                    .setGroupName(PeerAuthenticator.PRINCIPAL.get())
                    .build());
            answer.onCompleted();
        }
    }

    private String principal() {
        return RaftPeerGrpc.newBlockingStub(channel)
                .describeStore(DescribeStoreRequest.getDefaultInstance())
                .getGroupName();
    }

    private static Status.Code codeOf(Throwable failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return Status.fromThrowable(cause).getCode();
    }

    @Test
    void aConnectionThatProvedTheSecretIsServedAndItsPrincipalKnown() {
        prover(SECRET).prove(channel).join();

        assertThat(principal()).isEqualTo("g1/2");
    }

    @Test
    void aConnectionWithoutProofIsRefused() {
        assertThatThrownBy(this::principal)
                .isInstanceOf(StatusRuntimeException.class)
                .satisfies(failure -> assertThat(codeOf(failure)).isEqualTo(Status.Code.UNAUTHENTICATED));
    }

    @Test
    void aWrongSecretIsRefusedAndNothingOfTheRightOneIsLearned() {
        assertThatThrownBy(() -> prover(secret("a wrong secret, long enough"))
                        .prove(channel)
                        .join())
                .hasMessageContaining("cluster secrets of the two sides differ")
                .satisfies(failure -> assertThat(codeOf(failure)).isEqualTo(Status.Code.UNAUTHENTICATED));
        assertThatThrownBy(this::principal).hasMessageContaining("UNAUTHENTICATED");
    }

    @Test
    void aForgedProofIsRefusedAndAChallengeIsGoodForOneAnswer() {
        PeerAuthGrpc.PeerAuthBlockingStub stub = PeerAuthGrpc.newBlockingStub(channel);
        AuthFinishRequest forged = AuthFinishRequest.newBuilder()
                .setClientProof(ByteString.copyFrom(new byte[32]))
                .build();
        assertThatThrownBy(() -> stub.finish(forged)).hasMessageContaining("FAILED_PRECONDITION");
        stub.begin(io.argosy.proto.v1.AuthBeginRequest.newBuilder()
                .setClientNonce(ByteString.copyFrom(new byte[32]))
                .setPrincipal("x")
                .build());

        assertThatThrownBy(() -> stub.finish(forged)).hasMessageContaining("wrong cluster secret");
        assertThatThrownBy(() -> stub.finish(forged)).hasMessageContaining("FAILED_PRECONDITION");
        assertThatThrownBy(this::principal).hasMessageContaining("UNAUTHENTICATED");
    }

    @Test
    void theProofOfOneConnectionIsNoneForAnother() {
        prover(SECRET).prove(channel).join();
        channel.shutdownNow();
        channel = connect();

        assertThatThrownBy(this::principal).hasMessageContaining("UNAUTHENTICATED");
    }

    @Test
    void aCallThatIsRefusedProvesTheSecretAndIsMadeAgain() {
        String answer = prover(SECRET)
                .call(channel, () -> {
                    CompletableFuture<DescribeStoreResponse> result = new CompletableFuture<>();
                    ClientCalls.asyncUnaryCall(
                            channel.newCall(RaftPeerGrpc.getDescribeStoreMethod(), io.grpc.CallOptions.DEFAULT),
                            DescribeStoreRequest.getDefaultInstance(),
                            new StreamObserver<DescribeStoreResponse>() {
                                @Override
                                public void onNext(DescribeStoreResponse value) {
                                    result.complete(value);
                                }

                                @Override
                                public void onError(Throwable failure) {
                                    result.completeExceptionally(failure);
                                }

                                @Override
                                public void onCompleted() {}
                            });
                    return result;
                })
                .join()
                .getGroupName();

        assertThat(answer).isEqualTo("g1/2");
    }

    @Test
    void garbageOnThePortHarmsNobody() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.getPort())) {
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n\0\1\2garbage".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            assertThat(socket.getInputStream().readAllBytes()).isNotNull();
        }

        prover(SECRET).prove(channel).join();
        assertThat(principal()).isEqualTo("g1/2");
    }

    @Test
    void aSecretIsLongEnoughAndNeverShown(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("secret"), "0123456789abcdef\n");

        ClusterSecret loaded = ClusterSecret.load(file);

        assertThat(loaded).isEqualTo(secret("0123456789abcdef"));
        assertThat(loaded.toString()).doesNotContain("0123");
        assertThatThrownBy(() -> secret("short")).isInstanceOf(IllegalArgumentException.class);
        Files.writeString(file, "short\n");
        assertThatThrownBy(() -> ClusterSecret.load(file)).hasMessageContaining("secret has 5 bytes");
    }

    @Test
    void aMethodServedAsBytesSeesTheMessageAsItIsOnTheWire() throws IOException {
        DescribeStoreResponse stored =
                DescribeStoreResponse.newBuilder().setGroupName("raw").build();
        ServerServiceDefinition service = Rebinding.withRawMethods(
                new Echo().bindService(),
                Map.of(RaftPeerGrpc.getDescribeStoreMethod(), ServerCalls.asyncUnaryCall((request, answer) -> {
                    answer.onNext(request.isEmpty() ? stored.toByteString() : request);
                    answer.onCompleted();
                })));
        Server raw = PeerEndpoints.listener(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1 << 20)
                .addService(service)
                .build()
                .start();
        ManagedChannel toRaw = PeerEndpoints.channel(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), raw.getPort()), 1 << 20)
                .build();
        try {
            DescribeStoreResponse parsed = ClientCalls.blockingUnaryCall(
                    toRaw,
                    Rebinding.aliasing(RaftPeerGrpc.getDescribeStoreMethod()),
                    io.grpc.CallOptions.DEFAULT,
                    DescribeStoreRequest.getDefaultInstance());
            ByteString bytes = ClientCalls.blockingUnaryCall(
                    toRaw,
                    Rebinding.raw(RaftPeerGrpc.getDescribeStoreMethod()),
                    io.grpc.CallOptions.DEFAULT,
                    ByteString.EMPTY);

            assertThat(parsed).isEqualTo(stored);
            assertThat(bytes).isEqualTo(stored.toByteString());
        } finally {
            toRaw.shutdownNow();
            raw.shutdownNow();
        }
    }
}
