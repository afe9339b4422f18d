package io.argosy.broker.rpc;

import io.argosy.broker.rpc.Leadership.View;
import io.argosy.broker.topic.Topics;
import io.argosy.proto.v2.MessageType;
import io.argosy.raft.ReplicaId;
import io.argosy.wire.route.RouteSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** Routes as a broker knows them: its own group, its own topics as applied here. */
public final class BrokerRoutes implements RouteSource {

    private final String groupName;
    private final Supplier<Optional<UUID>> groupUuid;
    private final Leadership leadership;
    private final Supplier<List<Replica>> replicas;
    private final Topics topics;
    private final Topics.AutoCreate autoCreate;

    /** @param replicas all of the group by ascending id, as clients reach them; asked at each call */
    public BrokerRoutes(
            String groupName,
            Supplier<Optional<UUID>> groupUuid,
            Leadership leadership,
            Supplier<List<Replica>> replicas,
            Topics topics,
            Topics.AutoCreate autoCreate) {
        this.groupName = groupName;
        this.groupUuid = groupUuid;
        this.leadership = leadership;
        this.replicas = replicas;
        this.topics = topics;
        this.autoCreate = autoCreate;
    }

    @Override
    public List<Group> groups() {
        View view = leadership.view();
        return List.of(new Group(
                groupName,
                groupUuid.get(),
                view.term(),
                view.leader().map(ReplicaId::value),
                replicas.get(),
                autoCreate.enabled() ? Optional.of(autoCreate.queueCount()) : Optional.empty()));
    }

    @Override
    public List<Place> places(String topic) {
        return topics.topic(topic)
                .map(view -> List.of(new Place(groups().get(0), view.queueCount(), List.of(MessageType.NORMAL))))
                .orElse(List.of());
    }
}
