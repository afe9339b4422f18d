package io.argosy.namesrv.route;

import io.argosy.namesrv.route.GroupRoute.ReplicaRoute;
import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v1.TopicRoute;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** One group in the table; guarded by the table's monitor. */
final class GroupState {

    final String name;
    final UUID groupUuid;
    final long recoveryEpoch;
    final Map<String, TopicRoute> topics = new HashMap<>();
    private final Map<Integer, ReplicaState> registered = new TreeMap<>();
    private long term;
    private Optional<Integer> leader = Optional.empty();
    private AutoCreate autoCreate = AutoCreate.getDefaultInstance();

    /** -1 = nothing known. */
    private long topicsVersion = -1;

    GroupState(Fence fence) {
        this.name = fence.groupName();
        this.groupUuid = fence.groupUuid();
        this.recoveryEpoch = fence.recoveryEpoch();
    }

    /** One replica that has registered and was not silent for too long. */
    private static final class ReplicaState {
        final long session;
        final List<ReplicaAddress> replicas;
        boolean connected = true;
        long heardNanos;

        ReplicaState(long session, List<ReplicaAddress> replicas, long heardNanos) {
            this.session = session;
            this.replicas = replicas;
            this.heardNanos = heardNanos;
        }
    }

    boolean sameIncarnation(Fence fence) {
        return groupUuid.equals(fence.groupUuid()) && recoveryEpoch == fence.recoveryEpoch();
    }

    boolean anyConnected() {
        return registered.values().stream().anyMatch(replica -> replica.connected);
    }

    boolean nobodyLeft() {
        return registered.isEmpty();
    }

    /** A newer stream of a replica takes the place of its older one, whose end then means nothing any more. */
    void register(long session, Registered state, long nowNanos) {
        registered.put(state.replicaId(), new ReplicaState(session, state.replicas(), nowNanos));
        autoCreate = state.autoCreate();
        takeTerm(state.fence());
        if (state.topicsVersion() > topicsVersion) {
            topics.clear();
            state.topics().forEach(topic -> topics.put(topic.getName(), topic));
            topicsVersion = state.topicsVersion();
        }
    }

    /** @return false if this session is not the one the replica is registered with */
    boolean heard(long session, int replicaId, Fence fence, long nowNanos) {
        ReplicaState replica = registered.get(replicaId);
        if (replica == null || replica.session != session) {
            return false;
        }
        replica.connected = true;
        replica.heardNanos = nowNanos;
        takeTerm(fence);
        return true;
    }

    /** @return false if changes are missing between what is known and what these build on */
    boolean change(TopicChanges changes) {
        if (changes.version() <= topicsVersion) {
            return true;
        }
        if (changes.baseVersion() > topicsVersion) {
            return false;
        }
        changes.deleted().forEach(topics::remove);
        changes.changed().forEach(topic -> topics.put(topic.getName(), topic));
        topicsVersion = changes.version();
        return true;
    }

    boolean knowsTopicsUpTo(long version) {
        return topicsVersion >= version;
    }

    /** @return whether the session was the replica's current one */
    boolean disconnected(long session, int replicaId) {
        ReplicaState replica = registered.get(replicaId);
        if (replica == null || replica.session != session) {
            return false;
        }
        replica.connected = false;
        if (leader.isPresent() && leader.get() == replicaId) {
            leader = Optional.empty();
        }
        return true;
    }

    void forgetSilentSince(long deadlineNanos) {
        registered.values().removeIf(replica -> replica.heardNanos - deadlineNanos <= 0);
        if (leader.isPresent() && !registered.containsKey(leader.get())) {
            leader = Optional.empty();
        }
    }

    /** A term has one leader; an older term never speaks again, and who doesn't lead has nothing to say about it. */
    private void takeTerm(Fence fence) {
        if (fence.term() > term) {
            term = fence.term();
            leader = fence.leader();
        } else if (fence.term() == term && fence.leader().isPresent()) {
            leader = fence.leader();
        }
    }

    GroupRoute view() {
        return new GroupRoute(
                name, groupUuid, term, leader, replicas(), Math.max(topicsVersion, 0), topics.size(), autoCreate);
    }

    /**
     * What a replica says of itself counts for more than what the others say of it. Who belongs to the group the leader
     * knows best: others may not have heard of a removal yet, least of all the one that was removed.
     */
    private List<ReplicaRoute> replicas() {
        Map<Integer, ReplicaAddress> addresses = new TreeMap<>();
        registered.forEach((id, replica) -> {
            for (ReplicaAddress address : replica.replicas) {
                if (address.getReplicaId() == id) {
                    addresses.put(id, address);
                } else if (!registered.containsKey(address.getReplicaId())) {
                    addresses.putIfAbsent(address.getReplicaId(), address);
                }
            }
        });
        leader.map(registered::get)
                .filter(leading -> !leading.replicas.isEmpty())
                .ifPresent(leading -> addresses
                        .keySet()
                        .retainAll(leading.replicas.stream()
                                .map(ReplicaAddress::getReplicaId)
                                .toList()));
        return addresses.values().stream()
                .map(address -> new ReplicaRoute(address, connected(address.getReplicaId())))
                .toList();
    }

    private boolean connected(int replicaId) {
        ReplicaState replica = registered.get(replicaId);
        return replica != null && replica.connected;
    }
}
