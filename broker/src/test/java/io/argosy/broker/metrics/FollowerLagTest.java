package io.argosy.broker.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.RaftStatus;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class FollowerLagTest {

    private static final ReplicaId SELF = new ReplicaId(1);
    private static final ReplicaId PEER = new ReplicaId(2);

    private final FollowerLag lag = new FollowerLag();

    @Test
    void followerThatHasEverythingIsNotBehind() {
        lag.sample(leader(1, 100, 100), seconds(0));

        assertThat(lag.seconds(leader(1, 100, 100), PEER, seconds(50))).isZero();
    }

    @Test
    void followerIsBehindSinceTheLogEndedWhereItsCopyEnds() {
        for (int second = 0; second <= 10; second++) {
            lag.sample(leader(1, 100L * second, 0), seconds(second));
        }

        assertThat(lag.seconds(leader(1, 1000, 450), PEER, seconds(10))).isEqualTo(6);
        assertThat(lag.seconds(leader(1, 1000, 999), PEER, seconds(10))).isEqualTo(1);
    }

    @Test
    void followerBehindTheOldestSampleIsAtLeastThatFarBehind() {
        for (int second = 0; second < 2000; second++) {
            lag.sample(leader(1, 100L * second, 0), seconds(second));
        }

        assertThat(lag.seconds(leader(1, 199_900, 0), PEER, seconds(1999))).isEqualTo(599);
    }

    @Test
    void newTermBeginsAnew() {
        lag.sample(leader(1, 100, 0), seconds(0));
        lag.sample(leader(3, 200, 0), seconds(60));

        assertThat(lag.seconds(leader(3, 200, 0), PEER, seconds(61))).isEqualTo(1);
    }

    @Test
    void replicaThatDoesNotLeadKnowsNothing() {
        lag.sample(leader(1, 100, 0), seconds(0));
        RaftStatus follower = status(Role.FOLLOWER, 2, 100, 0);
        lag.sample(follower, seconds(1));

        assertThat(lag.seconds(follower, PEER, seconds(2))).isZero();
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    private static RaftStatus leader(long term, long lastIndex, long matchIndex) {
        return status(Role.LEADER, term, lastIndex, matchIndex);
    }

    private static RaftStatus status(Role role, long term, long lastIndex, long matchIndex) {
        return new RaftStatus(
                SELF,
                new UUID(1, 1),
                Optional.of(new UUID(2, 2)),
                Optional.empty(),
                false,
                role,
                term,
                Optional.empty(),
                Optional.empty(),
                1,
                lastIndex,
                lastIndex,
                lastIndex,
                lastIndex,
                0,
                List.of(new PeerStatus(
                        PEER,
                        matchIndex,
                        matchIndex + 1,
                        0,
                        "REPLICATE",
                        true,
                        PeerStatus.Standing.VOTER,
                        matchIndex,
                        true,
                        false,
                        false,
                        false,
                        0,
                        true)),
                List.of(),
                false,
                false,
                Optional.empty(),
                Optional.empty());
    }
}
