package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

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

    private static SimulatedCluster runChaos(long seed) {
        int[] sizes = {3, 3, 5, 3, 1, 3, 5, 2};
        SimulatedCluster cluster = SimulatedCluster.of(sizes[(int) (seed % sizes.length)], seed);
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
