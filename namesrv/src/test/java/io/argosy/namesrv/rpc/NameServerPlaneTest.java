package io.argosy.namesrv.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.namesrv.route.Fence;
import io.argosy.namesrv.route.Registered;
import io.argosy.namesrv.route.RegisteredRoutes;
import io.argosy.namesrv.route.RouteTable;
import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v1.TopicRoute;
import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.QueryRouteRequest;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class NameServerPlaneTest {

    private final RouteTable table = new RouteTable(Duration.ofMinutes(2));
    private NameServerPlane plane;
    private ManagedChannel channel;
    private Channel client;

    @BeforeEach
    void start() throws Exception {
        InstantSource clock = InstantSource.system();
        ServerTls tls = ServerTls.of(SelfSignedCertificate.create("test", clock.instant(), new SecureRandom()));
        plane = NameServerPlane.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                tls,
                new RegisteredRoutes(table),
                clock,
                System::nanoTime);
        channel = NettyChannelBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), plane.port()))
                .usePlaintext()
                .build();
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER), "test@1");
        headers.put(Metadata.Key.of("x-mq-language", Metadata.ASCII_STRING_MARSHALLER), "JAVA");
        client = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        plane.close();
    }

    @Test
    void registeredTopicHasItsQueuesAndAllReplicasAddresses() {
        register(true);

        QueryRouteResponse response = route("orders");

        assertThat(response.getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(response.getMessageQueuesList()).hasSize(4);
        assertThat(response.getMessageQueues(0).getAcceptMessageTypesList()).containsExactly(MessageType.NORMAL);
        assertThat(response.getMessageQueues(0).getBroker().getName()).isEqualTo("g1");
        assertThat(response.getMessageQueues(0).getBroker().getEndpoints().getAddressesList())
                .extracting(Address::getPort)
                .containsExactly(10911, 10912, 10913);
    }

    @Test
    void unknownTopicHasAVirtualRouteWhereTopicsAreCreatedOnTheFly() {
        register(true);

        assertThat(route("unknown").getMessageQueuesList()).hasSize(8);
        assertThat(table.places("unknown")).isEmpty();
    }

    @Test
    void unknownTopicIsNotFoundWhereTheyAreNot() {
        register(false);

        assertThat(route("unknown").getStatus().getCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
    }

    @Test
    void messagesAreRefusedWithAStatusAndNotWithAnError() {
        assertThat(MessagingServiceGrpc.newBlockingStub(client)
                        .sendMessage(SendMessageRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
    }

    @Test
    void toolsLearnWhoLeadsAndWhoIsConnected() {
        register(true);

        GroupView group = ClusterGrpc.newBlockingStub(client)
                .describeCluster(DescribeClusterRequest.getDefaultInstance())
                .getGroups(0);

        assertThat(group.getLeaderId()).isEqualTo(2);
        assertThat(group.getTerm()).isEqualTo(7);
        assertThat(group.getReplicas(1).getConnected()).isTrue();
        assertThat(group.getReplicas(0).getConnected()).isFalse();
        assertThat(group.getReplicas(0).getAdminAddress()).isEqualTo("127.0.0.1:11911");
    }

    private QueryRouteResponse route(String topic) {
        return MessagingServiceGrpc.newBlockingStub(client)
                .queryRoute(QueryRouteRequest.newBuilder()
                        .setTopic(Resource.newBuilder().setName(topic))
                        .build());
    }

    private void register(boolean autoCreate) {
        table.open()
                .full(
                        new Registered(
                                2,
                                new Fence("g1", new UUID(1, 1), 0, 7, Optional.of(2)),
                                IntStream.rangeClosed(1, 3)
                                        .mapToObj(id -> ReplicaAddress.newBuilder()
                                                .setReplicaId(id)
                                                .setClientHost("127.0.0.1")
                                                .setClientPort(10910 + id)
                                                .setAdminHost("127.0.0.1")
                                                .setAdminPort(11910 + id)
                                                .build())
                                        .toList(),
                                1,
                                List.of(TopicRoute.newBuilder()
                                        .setName("orders")
                                        .setQueueCount(4)
                                        .addAcceptMessageTypes(MessageType.NORMAL_VALUE)
                                        .build()),
                                AutoCreate.newBuilder()
                                        .setEnabled(autoCreate)
                                        .setQueueCount(8)
                                        .build()),
                        System.nanoTime());
    }
}
