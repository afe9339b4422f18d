package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.broker.rpc.Leadership.View;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class GroupLeadershipTest {

    private static final ReplicaId SELF = new ReplicaId(1);
    private static final ReplicaId OTHER = new ReplicaId(2);

    private final GroupLeadership leadership = new GroupLeadership(SELF);
    private final List<View> seen = new ArrayList<>();

    @Test
    void leaderServesOnlyAfterAnEntryOfItsOwnTermWasApplied() {
        leadership.onChange(() -> seen.add(leadership.view()));

        leadership.roleChanged(new RoleChange(Role.LEADER, 3, Optional.of(SELF)));
        leadership.applied(List.of(entry(10, 2)));
        leadership.applied(List.of(entry(11, 2), entry(12, 3)));
        leadership.applied(List.of(entry(13, 3)));

        assertThat(seen).containsExactly(new View(3, Optional.empty(), false), new View(3, Optional.of(SELF), true));
    }

    @Test
    void followerThatAppliesTheLeadersTermDoesNotServe() {
        leadership.roleChanged(new RoleChange(Role.FOLLOWER, 3, Optional.of(OTHER)));
        leadership.applied(List.of(entry(10, 3)));

        assertThat(leadership.view()).isEqualTo(new View(3, Optional.of(OTHER), false));
    }

    @Test
    void deposedLeaderStopsServingAtOnce() {
        leadership.roleChanged(new RoleChange(Role.LEADER, 3, Optional.of(SELF)));
        leadership.applied(List.of(entry(10, 3)));
        leadership.roleChanged(new RoleChange(Role.FOLLOWER, 3, Optional.empty()));

        assertThat(leadership.view()).isEqualTo(new View(3, Optional.empty(), false));
    }

    @Test
    void newsOfAnOlderTermAreIgnored() {
        leadership.roleChanged(new RoleChange(Role.FOLLOWER, 4, Optional.of(OTHER)));
        leadership.roleChanged(new RoleChange(Role.LEADER, 3, Optional.of(SELF)));

        assertThat(leadership.view()).isEqualTo(new View(4, Optional.of(OTHER), false));
    }

    private static Entry entry(long index, long term) {
        return Entry.of(index, term, EntryType.NOOP, ByteBuffer.allocate(0));
    }
}
