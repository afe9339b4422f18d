package io.argosy.wire.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.DescribeClusterResponse;
import io.argosy.proto.v1.GroupView;
import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.grpc.stub.StreamObserver;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ClientPortTest {

    private Server server;

    @BeforeEach
    void start() throws Exception {
        ServerTls tls = ServerTls.of(SelfSignedCertificate.create("argosy", Instant.now(), new SecureRandom()));
        server = ClientPort.builder(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls)
                .addService(new OneGroup())
                .build()
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        assertThat(server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void plaintextAndTlsClientsShareOnePort() throws Exception {
        assertThat(groupSeenBy(channel().usePlaintext())).isEqualTo("g1");
        assertThat(groupSeenBy(channel()
                        .sslContext(GrpcSslContexts.forClient()
                                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                                .build())))
                .isEqualTo("g1");
    }

    @Test
    void clientThatTrustsTheCertificateMayCheckIt() throws Exception {
        SelfSignedCertificate certificate = SelfSignedCertificate.create("argosy", Instant.now(), new SecureRandom());
        Server checked = ClientPort.builder(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), ServerTls.of(certificate))
                .addService(new OneGroup())
                .build()
                .start();
        try {
            assertThat(groupSeenBy(NettyChannelBuilder.forAddress("localhost", checked.getPort())
                            .sslContext(GrpcSslContexts.forClient()
                                    .trustManager(certificate.certificate())
                                    .build())))
                    .isEqualTo("g1");
        } finally {
            assertThat(checked.shutdownNow().awaitTermination(10, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    @Test
    void garbageClosesItsOwnConnectionOnly() throws Exception {
        byte[] noise = new byte[4096];
        new Random(7).nextBytes(noise);
        noise[0] = 'x';
        byte[] brokenTls = noise.clone();
        brokenTls[0] = 0x16;
        byte[] http1 = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

        for (byte[] garbage : new byte[][] {noise, brokenTls, http1}) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.getPort())) {
                socket.setSoTimeout(10_000);
                socket.getOutputStream().write(garbage);
                drain(socket.getInputStream());
            }
        }

        assertThat(groupSeenBy(channel().usePlaintext())).isEqualTo("g1");
    }

    /** Returns when the server has closed the connection, orderly or not. */
    private static void drain(InputStream in) throws Exception {
        try {
            in.readAllBytes();
        } catch (java.net.SocketTimeoutException e) {
            throw e;
        } catch (java.net.SocketException e) {
            // A reset: closed while our bytes were still unread.
            assertThat(e).hasMessageContaining("reset");
        }
    }

    private NettyChannelBuilder channel() {
        return NettyChannelBuilder.forAddress("127.0.0.1", server.getPort());
    }

    private static String groupSeenBy(NettyChannelBuilder builder) throws Exception {
        ManagedChannel channel = builder.build();
        try {
            return ClusterGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                    .describeCluster(DescribeClusterRequest.getDefaultInstance())
                    .getGroups(0)
                    .getName();
        } finally {
            assertThat(channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    private static final class OneGroup extends ClusterGrpc.ClusterImplBase {
        @Override
        public void describeCluster(DescribeClusterRequest request, StreamObserver<DescribeClusterResponse> answer) {
            answer.onNext(DescribeClusterResponse.newBuilder()
                    .addGroups(GroupView.newBuilder().setName("g1"))
                    .build());
            answer.onCompleted();
        }
    }
}
