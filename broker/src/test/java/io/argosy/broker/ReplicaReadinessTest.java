package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class ReplicaReadinessTest {

    private final AtomicReference<RaftStatus> status =
            new AtomicReference<>(status(Optional.empty(), Optional.empty(), 0, 0));
    private final ReplicaReadiness readiness = new ReplicaReadiness(status::get);

    @Test
    void emptyStoreWaitsForItsGroup() {
        assertThat(readiness.problem())
                .hasValueSatisfying(text -> assertThat(text).contains("bootstrap"));
    }

    @Test
    void replicaWithoutALeaderIsNotReady() {
        status.set(status(Optional.of(new UUID(1, 1)), Optional.empty(), 9, 9));

        assertThat(readiness.problem()).contains("no leader is known, term 3");
    }

    @Test
    void replicaCatchesUpOnceAndLaterLagDoesNotMatter() {
        Optional<UUID> group = Optional.of(new UUID(1, 1));
        Optional<ReplicaId> leader = Optional.of(new ReplicaId(2));

        status.set(status(group, leader, 9, 4));
        assertThat(readiness.problem()).contains("applied 4 of 9 entries");
        status.set(status(group, leader, 20, 9));
        assertThat(readiness.problem()).isEmpty();
        status.set(status(group, leader, 90, 10));
        assertThat(readiness.problem()).isEmpty();
    }

    private static RaftStatus status(
            Optional<UUID> group, Optional<ReplicaId> leader, long commitIndex, long appliedIndex) {
        return new RaftStatus(
                new ReplicaId(1),
                new UUID(7, 7),
                group,
                Optional.empty(),
                false,
                Role.FOLLOWER,
                3,
                leader,
                Optional.empty(),
                1,
                commitIndex,
                commitIndex,
                commitIndex,
                appliedIndex,
                0,
                List.of(),
                List.of(),
                false,
                false,
                Optional.empty(),
                Optional.empty());
    }
}
