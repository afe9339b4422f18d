package io.argosy.broker.rpc;

import io.argosy.raft.ReplicaId;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.tls.SelfSignedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** Three toy replicas in one process, without a leader until the test elects one. */
final class ToyGroup {

    final ToyStore store = new ToyStore();
    final List<ToyReplica> replicas = new ArrayList<>();
    private long term;

    ToyGroup(RelayLimits limits) throws Exception {
        ServerTls tls = ServerTls.of(SelfSignedCertificate.create("toy", Instant.now(), new SecureRandom()));
        Map<ReplicaId, InetSocketAddress> peers = new HashMap<>();
        for (int id = 1; id <= 3; id++) {
            peers.put(new ReplicaId(id), freePort());
        }
        for (int id = 1; id <= 3; id++) {
            replicas.add(new ToyReplica(id, peers, store, tls, limits));
        }
        var addresses = replicas.stream().map(ToyReplica::address).toList();
        replicas.forEach(replica -> replica.knows(addresses));
    }

    /** Below the range for outgoing connections, which could take it before it is used. */
    private static InetSocketAddress freePort() throws IOException {
        IOException last = new IOException("no free port");
        for (int i = 0; i < 100; i++) {
            int port = ThreadLocalRandom.current().nextInt(15_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    ToyReplica replica(int id) {
        return replicas.get(id - 1);
    }

    /** Everybody learns of the new leader. */
    void elect(int leader) {
        term++;
        for (ToyReplica replica : replicas) {
            if (replica.id == leader) {
                replica.leadership.leads(term, leader);
            } else {
                replica.leadership.follows(term, leader);
            }
        }
    }

    void loseLeader() {
        term++;
        replicas.forEach(replica -> replica.leadership.lost(term));
    }

    /** As users type it. */
    String endpoints() {
        return String.join(
                ";", replicas.stream().map(r -> "127.0.0.1:" + r.plane.port()).toList());
    }

    void close() throws Exception {
        for (ToyReplica replica : replicas) {
            replica.close();
        }
    }
}
