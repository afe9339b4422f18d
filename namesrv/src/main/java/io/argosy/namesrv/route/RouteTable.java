package io.argosy.namesrv.route;

import io.argosy.proto.v1.TopicRoute;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All groups this name server has heard of lately. Thread-safe.
 *
 * <p>One monitor guards everything: updates come from as many network threads as there are brokers, each is short, and
 * a reader must see a group's leader, replicas and topics of one moment. A queue and a thread of its own would buy
 * nothing.
 */
public final class RouteTable {

    private static final Logger log = LoggerFactory.getLogger(RouteTable.class);

    private final long expiryNanos;
    private final Map<String, GroupState> groups = new TreeMap<>();
    private long sessions;

    /** @param expiry silence after which a replica counts as gone, and with its last replica the group */
    public RouteTable(Duration expiry) {
        this.expiryNanos = expiry.toNanos();
    }

    /** One registration stream; its methods may be called from any thread, one at a time. */
    public final class Session {

        private final long number;
        private Optional<Fence> fence = Optional.empty();
        private int replicaId;

        private Session(long number) {
            this.number = number;
        }

        /** Takes over all a replica says, unless the table holds something newer under the group's name. */
        public Verdict full(Registered state, long nowNanos) {
            synchronized (RouteTable.this) {
                Optional<Verdict> refusal = refusal(state.fence());
                if (refusal.isPresent()) {
                    return refusal.get();
                }
                leavePreviousPlace(state);
                fence = Optional.of(state.fence());
                replicaId = state.replicaId();
                GroupState group = groups.get(state.fence().groupName());
                if (group == null || !group.sameIncarnation(state.fence())) {
                    group = new GroupState(state.fence());
                    groups.put(group.name, group);
                    log.info(
                            "new group name={} uuid={} recoveryEpoch={}",
                            group.name,
                            group.groupUuid,
                            group.recoveryEpoch);
                }
                group.register(number, state, nowNanos);
                log.info(
                        "replica registered group={} replica={} term={} topics={}",
                        group.name,
                        replicaId,
                        state.fence().term(),
                        state.topics().size());
                return new Verdict.Accepted();
            }
        }

        /** Takes over changed topics, and what the fence says. */
        public Verdict delta(Fence newer, TopicChanges changes, long nowNanos) {
            synchronized (RouteTable.this) {
                return update(
                        newer,
                        nowNanos,
                        group -> group.change(changes) ? new Verdict.Accepted() : new Verdict.SendFull());
            }
        }

        /** Still alive, and this is its fence now. */
        public Verdict heartbeat(Fence newer, long topicsVersion, long nowNanos) {
            synchronized (RouteTable.this) {
                return update(
                        newer,
                        nowNanos,
                        group ->
                                group.knowsTopicsUpTo(topicsVersion) ? new Verdict.Accepted() : new Verdict.SendFull());
            }
        }

        /** The stream has ended: the replica is no longer connected. Its group's route stays until it expires. */
        public void closed() {
            synchronized (RouteTable.this) {
                currentGroup().ifPresent(group -> {
                    if (group.disconnected(number, replicaId)) {
                        log.info("replica disconnected group={} replica={}", group.name, replicaId);
                    }
                });
            }
        }

        private Verdict update(Fence newer, long nowNanos, Function<GroupState, Verdict> change) {
            Optional<Verdict> refusal = refusal(newer);
            if (refusal.isPresent()) {
                return refusal.get();
            }
            GroupState group = groups.get(newer.groupName());
            if (group == null || !group.sameIncarnation(newer) || !group.heard(number, replicaId, newer, nowNanos)) {
                return new Verdict.SendFull();
            }
            fence = Optional.of(newer);
            return change.apply(group);
        }

        private void leavePreviousPlace(Registered state) {
            boolean moved = fence.isPresent()
                    && !(fence.get().groupName().equals(state.fence().groupName()) && replicaId == state.replicaId());
            if (moved) {
                closed();
            }
        }

        private Optional<GroupState> currentGroup() {
            return fence.flatMap(
                    f -> Optional.ofNullable(groups.get(f.groupName())).filter(group -> group.sameIncarnation(f)));
        }
    }

    /** A replica has connected. */
    public synchronized Session open() {
        return new Session(++sessions);
    }

    /** Forgets replicas that were silent for the whole expiry, and groups that have no others; call now and then. */
    public synchronized void expire(long nowNanos) {
        groups.values().removeIf(group -> {
            group.forgetSilentSince(nowNanos - expiryNanos);
            if (group.nobodyLeft()) {
                log.warn(
                        "group expired name={} uuid={} silentSeconds={}",
                        group.name,
                        group.groupUuid,
                        Duration.ofNanos(expiryNanos).toSeconds());
            }
            return group.nobodyLeft();
        });
    }

    /** All groups, sorted by name. */
    public synchronized List<GroupRoute> groups() {
        return groups.values().stream().map(GroupState::view).toList();
    }

    /** Where the topic lives: groups that have it, sorted by name; empty if it is unknown. */
    public synchronized List<TopicPlace> places(String topic) {
        List<TopicPlace> places = new ArrayList<>();
        for (GroupState group : groups.values()) {
            TopicRoute route = group.topics.get(topic);
            if (route != null) {
                places.add(new TopicPlace(group.view(), route));
            }
        }
        return places;
    }

    /** Where unknown topics are created (D18): the first group, by name, that creates them. */
    public synchronized Optional<GroupRoute> autoCreateGroup() {
        return groups.values().stream()
                .map(GroupState::view)
                .filter(group -> group.autoCreate().getEnabled())
                .findFirst();
    }

    /** A topic on one of the groups that host it. */
    public record TopicPlace(GroupRoute group, TopicRoute topic) {}

    /** Why nothing under this fence may be taken over (D4). */
    private Optional<Verdict> refusal(Fence fence) {
        GroupState group = groups.get(fence.groupName());
        if (group == null || group.sameIncarnation(fence)) {
            return Optional.empty();
        }
        if (!group.groupUuid.equals(fence.groupUuid())) {
            return group.anyConnected()
                    ? refused("another group, " + group.groupUuid + ", is registered as " + group.name
                            + " and connected; yours is " + fence.groupUuid())
                    : Optional.empty();
        }
        return fence.recoveryEpoch() < group.recoveryEpoch
                ? refused(
                        "recovery epoch " + fence.recoveryEpoch() + " is over, the group is at " + group.recoveryEpoch)
                : Optional.empty();
    }

    private static Optional<Verdict> refused(String reason) {
        return Optional.of(new Verdict.Refused(reason));
    }
}
