package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Machines of the simulator must fail as real ones do, and not otherwise. */
@ExtendWith(SilentReplicas.class)
class SimulatedNodeTest {

    private static final long MILLI = 1_000_000;

    @Test
    void whatComesDuringTwoPausesIsToldInItsOrder() {
        World world = World.calm(3, 1);
        SimulatedNode node = world.nodes().get(0);
        List<String> heard = new ArrayList<>();

        node.pause(100 * MILLI);
        world.runFor(50 * MILLI);
        node.inProcess(() -> heard.add("first"));
        node.pause(100 * MILLI);
        node.inProcess(() -> heard.add("second"));
        world.runFor(1_000 * MILLI);

        assertThat(heard).containsExactly("first", "second");
    }
}
