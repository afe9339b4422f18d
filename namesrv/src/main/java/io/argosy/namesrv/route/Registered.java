package io.argosy.namesrv.route;

import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v1.TopicRoute;
import java.util.List;

/**
 * Everything one replica says of its group.
 *
 * @param replicas all replicas of the group, this one included
 */
public record Registered(
        int replicaId,
        Fence fence,
        List<ReplicaAddress> replicas,
        long topicsVersion,
        List<TopicRoute> topics,
        AutoCreate autoCreate) {

    public Registered {
        replicas = List.copyOf(replicas);
        topics = List.copyOf(topics);
        if (replicas.stream().noneMatch(replica -> replica.getReplicaId() == replicaId)) {
            throw new IllegalArgumentException("replica " + replicaId + " is not among the group's replicas");
        }
    }
}
