package io.argosy.broker.simulation;

import static org.assertj.core.api.Assertions.fail;

import io.argosy.raft.sim.SilentReplicas;
import io.argosy.raft.sim.Violation;
import io.argosy.raft.sim.World;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Seeds with the broker's state machine: replicas and their lives after crashes end in equal state. */
@ExtendWith(SilentReplicas.class)
class BrokerSeedsTest {

    @Test
    void replicasOfTheBrokerEndInEqualStateWhateverBreaks() {
        for (long seed = Long.getLong("sim.firstSeed", 1); seed <= Long.getLong("sim.seeds", 30); seed++) {
            assertThatSeed(seed, BrokerWorkload.inMemory());
        }
    }

    /** More of them: {@code scripts/simulate.sh --state rocksdb}. */
    @Test
    void rocksDbHoldsWhatTheMapsHoldWhateverBreaks() {
        for (long seed = 1; seed <= Math.min(4, Long.getLong("sim.seeds", 4)); seed++) {
            assertThatSeed(seed, BrokerWorkload.onRocksDb());
        }
    }

    private static void assertThatSeed(long seed, BrokerWorkload workload) {
        World world = World.of(seed, workload);
        try (workload) {
            world.run();
        } catch (Violation e) {
            fail("seed " + seed + ": " + e.getMessage() + "\n" + world.trace().words(), e);
        }
    }
}
