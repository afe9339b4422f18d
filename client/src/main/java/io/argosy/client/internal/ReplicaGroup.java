package io.argosy.client.internal;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ReplicaView;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of one broker group and which of them leads, as far as this client knows. Any replica takes any call and
 * passes it on; knowing the leader saves a hop. Guarded by its own monitor where two fields must agree.
 */
final class ReplicaGroup {

    private final String name;
    private final AtomicInteger rotor = new AtomicInteger();
    private volatile List<HostPort> replicas = List.of();
    private volatile @Nullable HostPort leader;
    private ByteString groupUuid = ByteString.EMPTY;
    private long term;

    ReplicaGroup(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    List<HostPort> replicas() {
        return replicas;
    }

    Optional<HostPort> leader() {
        return Optional.ofNullable(leader);
    }

    void learnReplicas(List<HostPort> addresses) {
        replicas = List.copyOf(addresses);
    }

    /**
     * Takes what a server says about leadership. A lower term of the same group is old news: it comes from a replica that
     * was cut off, or removed.
     *
     * @return whether it is news
     */
    synchronized boolean learn(GroupView view, Connections connections) {
        boolean sameGroup = view.getGroupUuid().equals(groupUuid);
        if (sameGroup && view.getTerm() < term) {
            return false;
        }
        groupUuid = view.getGroupUuid();
        term = view.getTerm();
        leader = null;
        for (ReplicaView replica : view.getReplicasList()) {
            if (replica.getReplicaId() == view.getLeaderId()
                    && !replica.getClientAddress().isEmpty()) {
                HostPort address = HostPort.parse(replica.getClientAddress());
                // For a moment after a crash, the others still name the replica that this client saw breaking.
                leader = connections.isBroken(address) ? null : address;
            }
        }
        return true;
    }

    /** The server broke or went silent: no longer the first choice until somebody says it leads. */
    synchronized void distrust(HostPort server) {
        if (server.equals(leader)) {
            leader = null;
        }
    }

    /** The leader, else one that is connected, else one that may connect, else any; none if all were tried. */
    Optional<HostPort> pick(Set<HostPort> tried, Connections connections) {
        HostPort known = leader;
        if (known != null && !tried.contains(known) && !connections.isBroken(known)) {
            return Optional.of(known);
        }
        return pick(replicas, rotor, tried, connections);
    }

    /** As {@link #pick}, whoever leads. */
    Optional<HostPort> anyBut(Set<HostPort> others, Connections connections) {
        return pick(replicas, rotor, others, connections);
    }

    static Optional<HostPort> pick(
            List<HostPort> servers, AtomicInteger rotor, Set<HostPort> tried, Connections connections) {
        if (servers.isEmpty()) {
            return Optional.empty();
        }
        int start = Math.floorMod(rotor.getAndIncrement(), servers.size());
        HostPort best = null;
        int bestRank = Integer.MAX_VALUE;
        for (int i = 0; i < servers.size(); i++) {
            HostPort server = servers.get((start + i) % servers.size());
            if (!tried.contains(server)) {
                int rank = connections.isReady(server) ? 0 : connections.isBroken(server) ? 2 : 1;
                if (rank < bestRank) {
                    best = server;
                    bestRank = rank;
                }
            }
        }
        return Optional.ofNullable(best);
    }
}
