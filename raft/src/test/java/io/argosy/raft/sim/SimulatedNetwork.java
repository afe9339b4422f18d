package io.argosy.raft.sim;

import io.argosy.raft.core.Message;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Delays, loses, duplicates and reorders messages; links are cut one way or both. */
final class SimulatedNetwork {

    /**
     * @param inOrder messages of one link arrive in the order in which they left, as streams have it
     * @param slowRate share of messages that take {@code slowNanos} more
     */
    record Quality(
            boolean inOrder, double lossRate, double duplicateRate, double slowRate, long delayNanos, long slowNanos) {
        static final Quality GOOD = new Quality(true, 0, 0, 0, 200_000, 0);

        static Quality random(RandomGenerator random) {
            return new Quality(
                    random.nextBoolean(),
                    random.nextBoolean() ? 0 : random.nextDouble() * 0.1,
                    random.nextBoolean() ? 0 : random.nextDouble() * 0.05,
                    random.nextBoolean() ? 0 : random.nextDouble() * 0.05,
                    500_000 + random.nextLong(random.nextBoolean() ? 2_000_000 : 30_000_000),
                    random.nextLong(800_000_000));
        }
    }

    private final EventQueue events;
    private final RandomGenerator random;
    private final boolean[][] cut;
    private final long[][] arrivesNanos;
    private Quality quality = Quality.GOOD;

    SimulatedNetwork(EventQueue events, RandomGenerator random, int replicas) {
        this.events = events;
        this.random = random;
        this.cut = new boolean[replicas][replicas];
        this.arrivesNanos = new long[replicas][replicas];
    }

    void quality(Quality newQuality) {
        quality = newQuality;
    }

    void cut(int from, int to) {
        cut[from][to] = true;
    }

    void healAll() {
        for (boolean[] links : cut) {
            Arrays.fill(links, false);
        }
    }

    void send(SimulatedReplica from, SimulatedReplica to, Message message) {
        if (cut[from.position()][to.position()] || random.nextDouble() < quality.lossRate()) {
            return;
        }
        int copies = random.nextDouble() < quality.duplicateRate() ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long delayNanos = 50_000 + random.nextLong(quality.delayNanos());
            if (random.nextDouble() < quality.slowRate()) {
                delayNanos += quality.slowNanos();
            }
            if (quality.inOrder()) {
                long[] links = arrivesNanos[from.position()];
                delayNanos = Math.max(delayNanos, links[to.position()] - events.nowNanos());
                links[to.position()] = events.nowNanos() + delayNanos;
            }
            events.after(delayNanos, () -> {
                if (!cut[from.position()][to.position()]) {
                    to.receive(from.id(), message);
                }
            });
        }
    }
}
