package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc;
import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.CreateTopicRequest;
import io.argosy.proto.v1.DeleteTopicRequest;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.DescribeTopicRequest;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ListTopicsRequest;
import io.argosy.server.config.HostPort;
import io.argosy.server.process.ExitCode;
import io.argosy.server.process.StartException;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole group and a name server, driven as users and operators do. */
final class BrokerClusterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;

    private static LocalCluster cluster;
    private static final List<ManagedChannel> CHANNELS = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        cluster = LocalCluster.start(folder, 3);
    }

    @AfterAll
    static void stop() {
        CHANNELS.forEach(ManagedChannel::shutdownNow);
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void officialClientSendsAndReceivesThroughTheNameServer() throws Exception {
        OfficialOrders orders = new OfficialOrders(cluster.endpoints());
        try (Producer producer = orders.producer()) {
            orders.send(producer, 0, 20);
        }

        List<String> texts = orders.receive(20);

        assertThat(ops(cluster.awaitLeader(), "/metrics").body())
                .containsPattern("argosy_deliver_total [1-9]")
                .contains(
                        "argosy_group_lag_messages{group=\"readers\",topic=\"orders\"}",
                        "argosy_group_lag_seconds{group=\"readers\",topic=\"orders\"}");
        assertThat(texts).hasSize(20).doesNotHaveDuplicates().allMatch(body -> body.startsWith("message "));
    }

    @Test
    void topicsAreCreatedThroughAnyReplica() {
        int follower = cluster.awaitLeader() % 3 + 1;
        AdminGrpc.AdminBlockingStub admin = admin(follower);

        assertThat(admin.createTopic(CreateTopicRequest.newBuilder()
                                .setName("bills")
                                .setQueueCount(4)
                                .build())
                        .getTopic()
                        .getQueueCount())
                .isEqualTo(4);

        assertThat(admin.createTopic(
                                CreateTopicRequest.newBuilder().setName("bills").build())
                        .getStatus()
                        .getCode())
                .isEqualTo(AdminCode.ADMIN_CODE_ALREADY_EXISTS);
        for (int replica = 1; replica <= 3; replica++) {
            int asked = replica;
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(admin(asked)
                                    .describeTopic(DescribeTopicRequest.newBuilder()
                                            .setName("bills")
                                            .build())
                                    .getQueuesCount())
                            .isEqualTo(4));
        }
        assertThat(admin.listTopics(ListTopicsRequest.getDefaultInstance()).getTopicsList())
                .anyMatch(topic -> topic.getName().equals("bills"));
        assertThat(admin.deleteTopic(
                                DeleteTopicRequest.newBuilder().setName("bills").build())
                        .getStatus()
                        .getCode())
                .isEqualTo(AdminCode.ADMIN_CODE_OK);
        assertThat(admin.deleteTopic(
                                DeleteTopicRequest.newBuilder().setName("bills").build())
                        .getStatus()
                        .getCode())
                .isEqualTo(AdminCode.ADMIN_CODE_NOT_FOUND);
    }

    @Test
    void illegalTopicsAreRefused() {
        assertThat(admin(1).createTopic(CreateTopicRequest.newBuilder()
                                .setName("no spaces please")
                                .build())
                        .getStatus()
                        .getCode())
                .isEqualTo(AdminCode.ADMIN_CODE_INVALID_ARGUMENT);
    }

    @Test
    void replicaDescribesItself() {
        int leader = cluster.awaitLeader();

        DescribeReplicaResponse replica = admin(leader).describeReplica(DescribeReplicaRequest.getDefaultInstance());

        assertThat(replica.getRole()).isEqualTo("LEADER");
        assertThat(replica.getLeaderId()).isEqualTo(leader);
        assertThat(replica.getGroupUuid().size()).isEqualTo(16);
        assertThat(replica.getPeersList()).hasSize(2);
        assertThat(replica.getDiskState()).isEqualTo("OK");
        assertThat(replica.getDamageList()).isEmpty();
    }

    @Test
    void adminNeedsTheSecret() {
        ManagedChannel stranger = channel(1);

        assertThatThrownBy(() -> AdminGrpc.newBlockingStub(stranger)
                        .describeReplica(DescribeReplicaRequest.getDefaultInstance()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
    }

    @Test
    void nameServerAndBrokersAgreeOnWhoLeads() {
        int leader = cluster.awaitLeader();

        for (String address :
                List.of(cluster.endpoints(), cluster.broker(1).clientAddress().toString())) {
            ManagedChannel channel = channel(HostPort.parse(address));
            await().atMost(PATIENCE).untilAsserted(() -> {
                GroupView group = ClusterGrpc.newBlockingStub(channel)
                        .describeCluster(DescribeClusterRequest.getDefaultInstance())
                        .getGroups(0);
                assertThat(group.getLeaderId()).isEqualTo(leader);
                assertThat(group.getReplicasCount()).isEqualTo(3);
            });
        }
    }

    @Test
    void readyReplicaSaysSoAndShowsItsMetrics() throws Exception {
        int leader = cluster.awaitLeader();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(ops(leader, "/readyz").statusCode()).isEqualTo(200));

        assertThat(ops(leader, "/metrics").body())
                .contains(
                        "argosy_up 1",
                        "argosy_raft_leader 1",
                        "argosy_raft_role{role=\"leader\"} 1",
                        "argosy_raft_leader_changes_total",
                        "argosy_raft_commit_latency_seconds_bucket",
                        "argosy_raft_follower_lag_entries{peer=",
                        "argosy_raft_follower_lag_seconds{peer=",
                        "argosy_disk_free_ratio 0.",
                        "argosy_log_fsync_seconds_count",
                        "argosy_log_bytes",
                        "argosy_publish_total");
    }

    @Test
    void everyMetricIsDocumented() throws Exception {
        String documentation = Files.readString(Path.of("../docs/metrics.md"));

        assertThat(ops(cluster.awaitLeader(), "/metrics").body().lines())
                .filteredOn(line -> line.startsWith("# TYPE argosy_"))
                .isNotEmpty()
                .map(line -> line.replaceFirst("# TYPE (\\S+?)(_max)? .*", "`$1`"))
                .allSatisfy(name -> assertThat(documentation).contains(name));
    }

    @Test
    void secondStartOnOneDataFolderSaysSo() {
        BrokerConfig config = cluster.config(1);

        assertThatThrownBy(() -> Broker.start(config, (exitCode, cause) -> {}))
                .isInstanceOfSatisfying(
                        StartException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA_FOLDER_IN_USE))
                .hasMessageContaining(config.dataFolder().toString())
                .hasMessageContaining("in use");
    }

    private static AdminGrpc.AdminBlockingStub admin(int replica) {
        ManagedChannel channel = channel(replica);
        try {
            new PeerProver(ClusterSecret.load(cluster.secretFile), "admin", new SecureRandom(), PATIENCE)
                    .prove(channel)
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static ManagedChannel channel(int replica) {
        return channel(cluster.config(replica).listen().admin());
    }

    private static ManagedChannel channel(HostPort address) {
        ManagedChannel channel = PeerEndpoints.channel(
                        InetSocketAddress.createUnresolved(address.host(), address.port()), 1 << 20)
                .build();
        CHANNELS.add(channel);
        return channel;
    }

    private static HttpResponse<String> ops(int replica, String path) throws Exception {
        URI uri = URI.create("http://" + cluster.broker(replica).opsAddress() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
}
