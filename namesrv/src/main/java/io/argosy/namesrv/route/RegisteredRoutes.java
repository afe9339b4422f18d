package io.argosy.namesrv.route;

import io.argosy.namesrv.route.GroupRoute.ReplicaRoute;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v2.MessageType;
import io.argosy.wire.route.RouteSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The table in the form that routes for clients are made from. */
public final class RegisteredRoutes implements RouteSource {

    private final RouteTable table;

    public RegisteredRoutes(RouteTable table) {
        this.table = table;
    }

    @Override
    public List<Group> groups() {
        return table.groups().stream().map(RegisteredRoutes::group).toList();
    }

    @Override
    public List<Place> places(String topic) {
        return table.places(topic).stream()
                .map(place -> new Place(
                        group(place.group()),
                        place.topic().getQueueCount(),
                        place.topic().getAcceptMessageTypesList().stream()
                                .map(MessageType::forNumber)
                                // A newer broker may know more types than this name server.
                                .filter(Objects::nonNull)
                                .toList()))
                .toList();
    }

    private static Group group(GroupRoute route) {
        return new Group(
                route.name(),
                Optional.of(route.groupUuid()),
                route.term(),
                route.leader(),
                route.replicas().stream().map(RegisteredRoutes::replica).toList(),
                route.autoCreate().getEnabled() ? Optional.of(route.autoCreate().getQueueCount()) : Optional.empty());
    }

    private static Replica replica(ReplicaRoute route) {
        ReplicaAddress address = route.address();
        return new Replica(
                address.getReplicaId(),
                address.getClientHost(),
                address.getClientPort(),
                address.getAdminHost() + ":" + address.getAdminPort(),
                route.connected());
    }
}
