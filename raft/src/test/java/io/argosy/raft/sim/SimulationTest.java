package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random schedules. {@code -Dsim.seeds=5000 -Dsim.firstSeed=1000} runs others than the default ones. */
class SimulationTest {

    static LongStream seeds() {
        long first = Long.getLong("sim.firstSeed", 1);
        return LongStream.range(first, first + Long.getLong("sim.seeds", 300));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyInvariantHoldsUnderChaosAndTheClusterRecovers(long seed) {
        runChaos(seed);
    }

    @Test
    void sameSeedMeansSameRun() {
        SimulatedCluster first = runChaos(42);
        SimulatedCluster second = runChaos(42);

        assertThat(second.traceHash()).isEqualTo(first.traceHash());
        assertThat(second.eventsExecuted()).isEqualTo(first.eventsExecuted());
        assertThat(runChaos(43).traceHash()).isNotEqualTo(first.traceHash());
    }

    /** The forget-leader fast path: survivors notice within 5 ms each, disks take up to 2 ms. */
    @Test
    void leaderThatWasKilledIsReplacedWithinTensOfMilliseconds() {
        long[] millis = new long[100];
        for (int seed = 0; seed < millis.length; seed++) {
            SimulatedCluster cluster = SimulatedCluster.of(seed % 2 == 0 ? 3 : 5, seed)
                    .withLoad(10_000_000)
                    .runUntil(c -> c.leader().isPresent(), 3_000)
                    .runFor(500);
            long killedAt = cluster.nowMillis();

            cluster.kill(cluster.leader().orElseThrow(), true);

            cluster.runUntil(c -> c.leader().isPresent(), 1_000);
            millis[seed] = cluster.nowMillis() - killedAt;
        }
        Arrays.sort(millis);
        assertThat(millis[50]).as("median of %s", Arrays.toString(millis)).isLessThanOrEqualTo(30);
        assertThat(millis[99]).as("slowest of %s", Arrays.toString(millis)).isLessThanOrEqualTo(300);
    }

    @Test
    void leaderThatIsCutOffIsReplacedWithinTwoElectionTimeouts() {
        for (int seed = 0; seed < 50; seed++) {
            SimulatedCluster cluster =
                    SimulatedCluster.of(3, seed).runUntil(c -> c.leader().isPresent(), 3_000);
            SimulatedReplica old = cluster.leader().orElseThrow();

            cluster.cutOff(old);

            cluster.runUntil(c -> c.leader().filter(l -> l != old).isPresent(), 1_200);
            cluster.runFor(650);
            assertThat(old.leads()).as("check-quorum, seed %s", seed).isFalse();
        }
    }

    /** R8, R12. */
    @Test
    void replicaThatWasCutOffComesBackWithoutDeposingTheLeader() {
        SimulatedCluster cluster = SimulatedCluster.of(3, 5).withLoad(20_000_000);
        cluster.runUntil(c -> c.leader().isPresent(), 3_000).runFor(1_000);
        SimulatedReplica leader = cluster.leader().orElseThrow();
        long term = leader.core().term();
        SimulatedReplica lonely =
                cluster.replicas().stream().filter(r -> r != leader).findFirst().orElseThrow();

        cluster.cutOff(lonely);
        cluster.runFor(10_000).healNetwork();
        long committed = cluster.committedIndex();
        cluster.runUntil(c -> c.allAppliedUpTo(committed), 5_000);

        assertThat(cluster.leader()).contains(leader);
        assertThat(leader.core().term()).isEqualTo(term);
    }

    /** Chaos that changes nothing would prove nothing. */
    @Test
    void groupsAreReplacedMemberByMemberUnderChaos() {
        int memberships = 0;
        int removed = 0;
        int newVoters = 0;
        int transfers = 0;
        for (long seed = 1; seed <= 40; seed++) {
            SimulatedCluster cluster = runChaos(seed);
            memberships += cluster.membershipsCommitted();
            transfers += cluster.transfersBegun();
            removed += cluster.committedMembership().retired().size();
            newVoters += (int) cluster.committedMembership().voters().stream()
                    .filter(voter -> cluster.membership().voter(voter.id()).isEmpty())
                    .count();
        }

        assertThat(memberships).isGreaterThan(500);
        assertThat(removed).isGreaterThan(20);
        assertThat(newVoters).isGreaterThan(15);
        assertThat(transfers).isGreaterThan(300);
    }

    private static SimulatedCluster runChaos(long seed) {
        int[] sizes = {3, 3, 5, 3, 1, 3, 5, 2};
        int[] spares = {0, 2, 1, 4, 3};
        SimulatedCluster cluster = SimulatedCluster.withSpares(
                sizes[(int) (seed % sizes.length)], spares[(int) (seed % spares.length)], seed);
        cluster.withChaos().runFor(10_000).healAll();
        cluster.runFor(3_000);
        long committed = cluster.committedIndex();
        cluster.runUntil(c -> c.leader().isPresent() && c.committedIndex() > committed, 3_000);
        cluster.runUntil(c -> c.allAppliedUpTo(committed), 20_000);
        cluster.checkLogsMatch();
        assertThat(cluster.readsConfirmed()).as("reads confirmed").isPositive();
        return cluster;
    }
}
