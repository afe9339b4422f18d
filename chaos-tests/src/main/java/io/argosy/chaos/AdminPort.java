package io.argosy.chaos;

import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.proto.v1.TransferLeadershipRequest;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The replicas' admin ports, connected ahead: {@code argosy raft transfer} does the same, but the start of a process
 * takes a core away from what is measured.
 */
final class AdminPort implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private final Map<Integer, ManagedChannel> channels = new HashMap<>();

    void connect(Cluster cluster) {
        for (int replica = 1; replica <= cluster.nodes(); replica++) {
            connect(cluster, replica);
        }
    }

    /** Returns once another replica leads. */
    void transferLeadership(Cluster cluster, int leader) {
        AdminStatus status = AdminGrpc.newBlockingStub(connect(cluster, leader))
                .withDeadlineAfter(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                .transferLeadership(TransferLeadershipRequest.getDefaultInstance())
                .getStatus();
        if (status.getCode() != AdminCode.ADMIN_CODE_OK) {
            throw new IllegalStateException("no transfer: " + status.getMessage());
        }
    }

    private ManagedChannel connect(Cluster cluster, int replica) {
        return channels.computeIfAbsent(replica, id -> {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), cluster.replicaPort(id) + 2);
            ManagedChannel channel =
                    PeerEndpoints.channel(address, ANSWER_BYTES_MAX).build();
            try {
                ClusterSecret secret = ClusterSecret.load(cluster.folder().resolve("cluster.secret"));
                new PeerProver(secret, "admin", new SecureRandom(), TIMEOUT)
                        .prove(channel)
                        .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                return channel;
            } catch (IOException e) {
                channel.shutdownNow();
                throw new UncheckedIOException(e);
            } catch (ExecutionException | TimeoutException e) {
                channel.shutdownNow();
                throw new IllegalStateException("cannot connect to the admin port of replica " + id, e);
            } catch (InterruptedException e) {
                channel.shutdownNow();
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        });
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        channels.clear();
    }
}
