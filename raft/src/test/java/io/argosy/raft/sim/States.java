package io.argosy.raft.sim;

import java.util.HashMap;
import java.util.Map;

/** E11: state is a function of the applied index, on every node and in every life. Compared where runs end alike. */
final class States {

    private static final int KEEP_EVERY = 16;

    private final World world;
    private final Map<Long, Long> hashes = new HashMap<>();

    States(World world) {
        this.world = world;
    }

    void compare(SimulatedNode node) {
        long index = node.appliedIndex();
        if (index % KEEP_EVERY == 0) {
            compareNow(node);
        }
    }

    void compareNow(SimulatedNode node) {
        long hash = node.machine().stateHash();
        Long other = hashes.putIfAbsent(node.appliedIndex(), hash);
        if (other != null && other != hash) {
            throw world.checks().violated(node, "E11 state at " + node.appliedIndex() + " differs");
        }
    }
}
