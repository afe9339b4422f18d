package io.argosy.namesrv.route;

import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.ReplicaAddress;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A group as clients and tools see it. Immutable.
 *
 * @param leader empty while nobody claims the term
 * @param replicas by ascending id, so that every name server answers in the same order
 */
public record GroupRoute(
        String name,
        UUID groupUuid,
        long term,
        Optional<Integer> leader,
        List<ReplicaRoute> replicas,
        long topicsVersion,
        int topicCount,
        AutoCreate autoCreate) {

    public GroupRoute {
        replicas = List.copyOf(replicas);
    }

    /** @param connected the replica's registration stream is alive */
    public record ReplicaRoute(ReplicaAddress address, boolean connected) {}
}
