package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * R10: every way in which the ten links between five replicas can be up or down, while one of them leads. All 1024
 * graphs with the leader in one place are, up to names, all graphs with the leader in any of the five.
 */
@ExtendWith(SilentReplicas.class)
class LinkGraphsTest {

    private static final int SIZE = 5;
    private static final int LINKS = 10;
    private static final long MILLI = 1_000_000;

    @Test
    void whileSomeReplicaReachesAMajorityTheGroupMakesProgress() {
        List<String> stuck = new ArrayList<>();
        int hopeless = 0;
        int unelectable = 0;
        World world = World.calm(SIZE, 1);
        for (int graph = 0; graph < 1 << LINKS; graph++) {
            heal(world);
            int[] places = places(world);
            boolean[][] up = cut(world, graph, places);
            if (!somebodyReachesAMajority(up)) {
                hopeless++;
                continue;
            }
            if (!progresses(world, 15_000)) {
                if (somebodyCouldWin(world, up, places)) {
                    stuck.add(Integer.toBinaryString(graph) + " leader at " + places[0] + " " + world.describe());
                } else {
                    unelectable++;
                }
            }
        }

        assertThat(stuck).isEmpty();
        assertThat(hopeless).isLessThan(100);
        assertThat(unelectable)
                .as("graphs whose last entries forbid every election")
                .isLessThan(20);
    }

    private static void heal(World world) {
        world.wires().healAll();
        world.runFor(500 * MILLI);
        assertThat(progresses(world, 10_000)).as("heals: %s", world.describe()).isTrue();
    }

    /** Where each node stands in the graph: the leader always in the first place. */
    private static int[] places(World world) {
        int leader = world.anyLeader().orElseThrow().position();
        int[] places = new int[SIZE];
        for (int i = 0; i < SIZE; i++) {
            places[i] = (leader + i) % SIZE;
        }
        return places;
    }

    private static boolean[][] cut(World world, int graph, int[] places) {
        boolean[][] up = new boolean[SIZE][SIZE];
        int bit = 0;
        for (int i = 0; i < SIZE; i++) {
            up[i][i] = true;
            for (int j = 0; j < i; j++) {
                boolean linked = (graph >> bit++ & 1) == 1;
                up[i][j] = linked;
                up[j][i] = linked;
                if (!linked) {
                    world.wires().cut(places[i], places[j]);
                    world.wires().cut(places[j], places[i]);
                }
            }
        }
        return up;
    }

    private static boolean somebodyReachesAMajority(boolean[][] up) {
        for (boolean[] row : up) {
            int count = 0;
            for (boolean linked : row) {
                count += linked ? 1 : 0;
            }
            if (count > SIZE / 2) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether some replica reaches a majority whose logs are not newer than its own. The old leader's last entries may
     * have reached only replicas that lack a majority themselves: then nobody may be elected (5.4.1), until a link heals.
     */
    private static boolean somebodyCouldWin(World world, boolean[][] up, int[] places) {
        for (int candidate = 0; candidate < SIZE; candidate++) {
            int votes = 0;
            for (int voter = 0; voter < SIZE; voter++) {
                votes += up[candidate][voter] && !newer(world, places[voter], places[candidate]) ? 1 : 0;
            }
            if (votes > SIZE / 2) {
                return true;
            }
        }
        return false;
    }

    private static boolean newer(World world, int one, int other) {
        Promised first = world.nodes().get(one).promised();
        Promised second = world.nodes().get(other).promised();
        long firstTerm = first.termAt(first.lastIndex());
        long secondTerm = second.termAt(second.lastIndex());
        return firstTerm > secondTerm || (firstTerm == secondTerm && first.lastIndex() > second.lastIndex());
    }

    /** Several entries are committed, the last of them long after links were cut. */
    private static boolean progresses(World world, long millisMax) {
        world.runFor(700 * MILLI);
        long before = world.checks().committedIndex();
        for (long waited = 0; waited < millisMax; waited += 100) {
            world.runFor(100 * MILLI);
            if (world.checks().committedIndex() > before + 3) {
                return true;
            }
        }
        return false;
    }
}
