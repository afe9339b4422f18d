package io.argosy.benchmarks;

import io.argosy.client.ArgosyClient;
import io.argosy.client.ClusterDescription;
import io.argosy.client.ClusterDescription.Replica;
import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.proto.v1.CreateTopicRequest;
import io.argosy.proto.v1.DeleteTopicRequest;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Creates and deletes topics at the leader, for whoever knows the cluster's secret. One thread at a time. */
public final class ArgosyAdmin implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int ANSWER_BYTES_MAX = 4 << 20;

    private final ArgosyClient client;
    private final PeerProver prover;
    private Optional<ManagedChannel> channel = Optional.empty();

    /** @throws IllegalArgumentException if the secret cannot be read */
    public ArgosyAdmin(ArgosyClient client, Path secretFile) {
        this.client = client;
        try {
            this.prover = new PeerProver(ClusterSecret.load(secretFile), "admin", new SecureRandom(), TIMEOUT);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read the cluster secret in " + secretFile, e);
        }
    }

    void createTopic(String topic, int queues) throws Exception {
        createTopics(Map.of(topic, queues));
    }

    /**
     * Creates topics with as many queues as the map says, one after the other on one connection. When it throws, some of
     * them may be there.
     */
    public void createTopics(Map<String, Integer> queuesByTopic) throws Exception {
        AdminGrpc.AdminBlockingStub leader = AdminGrpc.newBlockingStub(connected());
        for (Map.Entry<String, Integer> topic : queuesByTopic.entrySet()) {
            require(leader.withDeadlineAfter(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                    .createTopic(CreateTopicRequest.newBuilder()
                            .setName(topic.getKey())
                            .setQueueCount(topic.getValue())
                            .build())
                    .getStatus());
        }
    }

    void deleteTopic(String topic) throws Exception {
        require(AdminGrpc.newBlockingStub(connected())
                .withDeadlineAfter(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                .deleteTopic(DeleteTopicRequest.newBuilder().setName(topic).build())
                .getStatus());
    }

    private static void require(AdminStatus status) {
        if (status.getCode() != AdminCode.ADMIN_CODE_OK) {
            throw new IllegalStateException(status.getMessage());
        }
    }

    /** Anew each time: the leader may be another one, and a proof does not outlive its connection. */
    private ManagedChannel connected() throws Exception {
        close();
        ClusterDescription.Group group = client.describeCluster().groups().get(0);
        int leader = group.leaderId().orElseThrow(() -> new IllegalStateException("no leader"));
        Replica replica = group.replicas().stream()
                .filter(each -> each.replicaId() == leader)
                .findFirst()
                .orElseThrow();
        int colon = replica.adminAddress().lastIndexOf(':');
        InetSocketAddress address = InetSocketAddress.createUnresolved(
                replica.adminAddress().substring(0, colon),
                Integer.parseInt(replica.adminAddress().substring(colon + 1)));
        ManagedChannel fresh = PeerEndpoints.channel(address, ANSWER_BYTES_MAX).build();
        channel = Optional.of(fresh);
        prover.prove(fresh).get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        return fresh;
    }

    @Override
    public void close() {
        channel.ifPresent(ManagedChannel::shutdownNow);
        channel = Optional.empty();
    }
}
