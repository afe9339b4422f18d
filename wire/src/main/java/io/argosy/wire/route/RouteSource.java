package io.argosy.wire.route;

import io.argosy.proto.v2.MessageType;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What routes are made from; readable from any thread. */
public interface RouteSource {

    /** All known groups, sorted by name. */
    List<Group> groups();

    /** Where a topic lives, sorted by group name; empty if nobody knows it. */
    List<Place> places(String topic);

    /**
     * @param groupUuid empty before the group is created
     * @param leader replica id, empty while none is known
     * @param replicas by ascending id: the order is part of the route and must be the same everywhere
     * @param autoCreateQueues queues of a topic that its first message creates, empty if that is switched off
     */
    record Group(
            String name,
            Optional<UUID> groupUuid,
            long term,
            Optional<Integer> leader,
            List<Replica> replicas,
            Optional<Integer> autoCreateQueues) {
        public Group {
            replicas = List.copyOf(replicas);
        }
    }

    /**
     * @param clientHost as clients reach it; a literal IPv4 address suits all of them
     * @param adminAddress host:port
     * @param connected whoever answers has a live connection from it
     */
    record Replica(int id, String clientHost, int clientPort, String adminAddress, boolean connected) {}

    /** A topic's queues in one group. */
    record Place(Group group, int queueCount, List<MessageType> acceptTypes) {
        public Place {
            acceptTypes = List.copyOf(acceptTypes);
        }
    }
}
