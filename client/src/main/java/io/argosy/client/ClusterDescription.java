package io.argosy.client;

import io.argosy.proto.v1.DescribeClusterResponse;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Who is in a cluster. */
public record ClusterDescription(List<Group> groups) {

    public ClusterDescription {
        groups = List.copyOf(groups);
    }

    /**
     * A broker group.
     *
     * @param uuid of its birth, in hex
     * @param leaderId empty while no leader is known
     */
    public record Group(String name, String uuid, long term, Optional<Integer> leaderId, List<Replica> replicas) {
        public Group {
            replicas = List.copyOf(replicas);
        }

        public Optional<Replica> leader() {
            return leaderId.flatMap(id ->
                    replicas.stream().filter(each -> each.replicaId() == id).findFirst());
        }
    }

    /**
     * One replica of a group.
     *
     * @param clientAddress host:port for clients
     * @param adminAddress host:port for operators, empty if not told
     * @param connected whether the server that answered has a connection from it
     */
    public record Replica(int replicaId, String clientAddress, String adminAddress, boolean connected) {}

    static ClusterDescription of(DescribeClusterResponse answer) {
        return new ClusterDescription(answer.getGroupsList().stream()
                .map(group -> new Group(
                        group.getName(),
                        HexFormat.of().formatHex(group.getGroupUuid().toByteArray()),
                        group.getTerm(),
                        group.getLeaderId() == 0 ? Optional.empty() : Optional.of(group.getLeaderId()),
                        group.getReplicasList().stream()
                                .map(replica -> new Replica(
                                        replica.getReplicaId(),
                                        replica.getClientAddress(),
                                        replica.getAdminAddress(),
                                        replica.getConnected()))
                                .toList()))
                .toList());
    }
}
