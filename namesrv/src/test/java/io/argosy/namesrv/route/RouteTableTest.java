package io.argosy.namesrv.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.namesrv.route.GroupRoute.ReplicaRoute;
import io.argosy.namesrv.route.RouteTable.Session;
import io.argosy.namesrv.route.RouteTable.TopicPlace;
import io.argosy.namesrv.route.Verdict.Accepted;
import io.argosy.namesrv.route.Verdict.Refused;
import io.argosy.namesrv.route.Verdict.SendFull;
import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.proto.v1.TopicRoute;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RouteTableTest {

    private static final UUID GROUP = new UUID(1, 1);
    private static final UUID RECREATED = new UUID(2, 2);

    private final RouteTable table = new RouteTable(Duration.ofMinutes(2));
    private long nowNanos = TimeUnit.DAYS.toNanos(-1); // a monotonic clock may well be negative

    @Test
    void fullStateMakesARoute() {
        Session leader = table.open();

        assertThat(leader.full(state(2, leads(7, 2), 3, "orders", "bills"), nowNanos))
                .isEqualTo(new Accepted());

        GroupRoute group = onlyGroup();
        assertThat(group.leader()).contains(2);
        assertThat(group.term()).isEqualTo(7);
        assertThat(connected(group)).containsExactly(false, true, false);
        assertThat(group.replicas())
                .extracting(r -> r.address().getClientPort())
                .containsExactly(10911, 10912, 10913);
        assertThat(table.places("orders")).hasSize(1);
        assertThat(table.places("unknown")).isEmpty();
    }

    @Test
    void deposedLeaderNeverTakesTheRouteBack() {
        Session old = table.open();
        Session elected = table.open();
        old.full(state(1, leads(7, 1), 1), nowNanos);
        elected.full(state(2, leads(8, 2), 1), nowNanos);

        old.heartbeat(leads(7, 1), 1, nowNanos);
        assertThat(onlyGroup().leader()).contains(2);
        old.delta(leads(7, 1), new TopicChanges(1, 2, List.of(topic("stale")), List.of()), nowNanos);
        assertThat(onlyGroup().leader()).contains(2);
        old.full(state(1, leads(7, 1), 1), nowNanos);
        assertThat(onlyGroup().leader()).contains(2);
        Session again = table.open();
        again.full(state(1, leads(7, 1), 1), nowNanos);

        assertThat(onlyGroup().leader()).contains(2);
        assertThat(onlyGroup().term()).isEqualTo(8);
    }

    @Test
    void followerOfTheSameTermDoesNotHideTheLeader() {
        table.open().full(state(1, leads(7, 1), 1), nowNanos);

        table.open().full(state(2, follows(7), 1), nowNanos);

        assertThat(onlyGroup().leader()).contains(1);
    }

    @Test
    void newTermWithoutALeaderEndsTheOldLeadersClaim() {
        table.open().full(state(1, leads(7, 1), 1), nowNanos);

        table.open().full(state(2, follows(8), 1), nowNanos);

        assertThat(onlyGroup().leader()).isEmpty();
    }

    @Test
    void endOfTheStreamIsNoticedAtOnceAndTheRouteStays() {
        Session leader = table.open();
        leader.full(state(1, leads(7, 1), 1, "orders"), nowNanos);

        leader.closed();

        assertThat(connected(onlyGroup())).containsExactly(false, false, false);
        assertThat(onlyGroup().leader()).isEmpty();
        assertThat(table.places("orders")).hasSize(1);
    }

    @Test
    void endOfAnOlderStreamOfTheSameReplicaMeansNothing() {
        Session older = table.open();
        Session newer = table.open();
        older.full(state(1, leads(7, 1), 1), nowNanos);
        newer.full(state(1, leads(7, 1), 1), nowNanos);

        older.closed();

        assertThat(connected(onlyGroup())).containsExactly(true, false, false);
        assertThat(older.heartbeat(leads(7, 1), 1, nowNanos)).isEqualTo(new SendFull());
    }

    @Test
    void groupExpiresAfterSilenceAndNotBefore() {
        Session leader = table.open();
        leader.full(state(1, leads(7, 1), 1, "orders"), nowNanos);
        leader.closed();

        table.expire(nowNanos + TimeUnit.SECONDS.toNanos(119));
        assertThat(table.groups()).hasSize(1);
        table.expire(nowNanos + TimeUnit.SECONDS.toNanos(120));

        assertThat(table.groups()).isEmpty();
        assertThat(table.places("orders")).isEmpty();
    }

    @Test
    void heartbeatsKeepAGroupAlive() {
        Session leader = table.open();
        leader.full(state(1, leads(7, 1), 1, "orders"), nowNanos);

        for (int minute = 0; minute < 10; minute++) {
            nowNanos += TimeUnit.MINUTES.toNanos(1);
            assertThat(leader.heartbeat(leads(7, 1), 1, nowNanos)).isEqualTo(new Accepted());
            table.expire(nowNanos);
        }

        assertThat(table.places("orders")).hasSize(1);
    }

    @Test
    void replicaThatIsSilentOnAnOpenStreamIsForgottenAndMustSayEverythingAgain() {
        Session silent = table.open();
        Session leader = table.open();
        silent.full(state(2, follows(7), 1), nowNanos);
        leader.full(state(1, leads(7, 1), 1), nowNanos);

        nowNanos += TimeUnit.SECONDS.toNanos(120);
        leader.heartbeat(leads(7, 1), 1, nowNanos);
        table.expire(nowNanos);

        assertThat(connected(onlyGroup())).containsExactly(true, false, false);
        assertThat(silent.heartbeat(follows(7), 1, nowNanos)).isEqualTo(new SendFull());
    }

    @Test
    void wipedGroupIsRefusedWhileTheOldOneIsConnectedAndThenReplacesIt() {
        Session old = table.open();
        Session recreated = table.open();
        old.full(state(1, leads(70, 1), 9, "orders"), nowNanos);
        Fence newborn = new Fence("g1", RECREATED, 0, 1, Optional.of(1));

        assertThat(recreated.full(state(1, newborn, 1, "fresh"), nowNanos)).isInstanceOf(Refused.class);
        assertThat(onlyGroup().groupUuid()).isEqualTo(GROUP);
        old.closed();
        assertThat(recreated.full(state(1, newborn, 1, "fresh"), nowNanos)).isEqualTo(new Accepted());

        assertThat(onlyGroup().groupUuid()).isEqualTo(RECREATED);
        assertThat(onlyGroup().term()).isEqualTo(1);
        assertThat(table.places("orders")).isEmpty();
        assertThat(table.places("fresh")).hasSize(1);
        assertThat(old.heartbeat(leads(71, 1), 9, nowNanos)).isInstanceOf(Refused.class);
    }

    @Test
    void recoveredGroupReplacesItsFormerSelfWhateverTheTerms() {
        Session former = table.open();
        Session recovered = table.open();
        former.full(state(1, leads(70, 1), 9, "lost"), nowNanos);

        Verdict verdict = recovered.full(state(2, new Fence("g1", GROUP, 1, 3, Optional.of(2)), 8, "orders"), nowNanos);

        assertThat(verdict).isEqualTo(new Accepted());
        assertThat(onlyGroup().leader()).contains(2);
        assertThat(table.places("lost")).isEmpty();
        assertThat(former.heartbeat(leads(70, 1), 9, nowNanos)).isInstanceOf(Refused.class);
        assertThat(former.full(state(1, leads(71, 1), 10), nowNanos)).isInstanceOf(Refused.class);
    }

    @Test
    void changesAreAppliedOnceWhicheverReplicaSaysThemFirst() {
        Session first = table.open();
        Session second = table.open();
        first.full(state(1, leads(7, 1), 1, "orders"), nowNanos);
        second.full(state(2, follows(7), 1, "orders"), nowNanos);
        TopicChanges changes = new TopicChanges(1, 3, List.of(topic("bills")), List.of("orders"));

        assertThat(first.delta(leads(7, 1), changes, nowNanos)).isEqualTo(new Accepted());
        first.delta(leads(7, 1), new TopicChanges(3, 4, List.of(), List.of("bills")), nowNanos);
        assertThat(second.delta(follows(7), changes, nowNanos)).isEqualTo(new Accepted());

        assertThat(table.places("orders")).isEmpty();
        assertThat(table.places("bills")).isEmpty();
        assertThat(onlyGroup().topicsVersion()).isEqualTo(4);
    }

    @Test
    void missingChangesAreAskedFor() {
        Session leader = table.open();
        leader.full(state(1, leads(7, 1), 1), nowNanos);

        assertThat(leader.delta(leads(7, 1), new TopicChanges(2, 3, List.of(topic("b")), List.of()), nowNanos))
                .isEqualTo(new SendFull());
        assertThat(leader.heartbeat(leads(7, 1), 2, nowNanos)).isEqualTo(new SendFull());
        assertThat(leader.heartbeat(leads(7, 1), 1, nowNanos)).isEqualTo(new Accepted());
        assertThat(table.places("b")).isEmpty();
    }

    @Test
    void laggingReplicaDoesNotTakeTopicsBack() {
        table.open().full(state(1, leads(7, 1), 5, "orders", "bills"), nowNanos);

        table.open().full(state(2, follows(7), 4, "orders"), nowNanos);

        assertThat(table.places("bills")).hasSize(1);
    }

    @Test
    void heartbeatOfAnUnknownReplicaAsksForEverything() {
        assertThat(table.open().heartbeat(leads(7, 1), 1, nowNanos)).isEqualTo(new SendFull());
    }

    @Test
    void whatAReplicaSaysOfItsOwnAddressCountsMore() {
        ReplicaAddress moved = address(2).toBuilder().setClientPort(4711).build();
        table.open().full(state(1, leads(7, 1), 1), nowNanos);
        table.open()
                .full(
                        new Registered(
                                2,
                                follows(7),
                                List.of(address(1), moved, address(3)),
                                1,
                                List.of(),
                                AutoCreate.getDefaultInstance()),
                        nowNanos);

        assertThat(onlyGroup().replicas())
                .extracting(r -> r.address().getClientPort())
                .containsExactly(10911, 4711, 10913);
    }

    @Test
    void topicOnTwoGroupsHasTwoPlacesInOrderOfTheirNames() {
        Fence other = new Fence("g0", RECREATED, 0, 1, Optional.of(1));
        table.open().full(state(1, leads(7, 1), 1, "orders"), nowNanos);
        table.open().full(state(1, other, 1, "orders"), nowNanos);

        assertThat(table.places("orders"))
                .extracting(TopicPlace::group)
                .extracting(GroupRoute::name)
                .containsExactly("g0", "g1");
        assertThat(table.autoCreateGroup()).map(GroupRoute::name).contains("g0");
    }

    private GroupRoute onlyGroup() {
        assertThat(table.groups()).hasSize(1);
        return table.groups().get(0);
    }

    private static List<Boolean> connected(GroupRoute group) {
        return group.replicas().stream().map(ReplicaRoute::connected).toList();
    }

    private static Fence leads(long term, int replicaId) {
        return new Fence("g1", GROUP, 0, term, Optional.of(replicaId));
    }

    private static Fence follows(long term) {
        return new Fence("g1", GROUP, 0, term, Optional.empty());
    }

    private static Registered state(int replicaId, Fence fence, long topicsVersion, String... topics) {
        return new Registered(
                replicaId,
                fence,
                IntStream.rangeClosed(1, 3).mapToObj(RouteTableTest::address).toList(),
                topicsVersion,
                Arrays.stream(topics).map(RouteTableTest::topic).toList(),
                AutoCreate.newBuilder().setEnabled(true).setQueueCount(8).build());
    }

    private static ReplicaAddress address(int replicaId) {
        return ReplicaAddress.newBuilder()
                .setReplicaId(replicaId)
                .setClientHost("127.0.0.1")
                .setClientPort(10910 + replicaId)
                .build();
    }

    private static TopicRoute topic(String name) {
        return TopicRoute.newBuilder().setName(name).setQueueCount(8).build();
    }
}
