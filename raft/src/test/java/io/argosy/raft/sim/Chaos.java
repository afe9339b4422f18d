package io.argosy.raft.sim;

import java.util.List;
import java.util.SplittableRandom;

/** Breaks things at random and repairs most of them again. */
final class Chaos {

    private static final long MILLI = 1_000_000;

    private final SimulatedCluster cluster;
    private final EventQueue events;
    private final SplittableRandom random;
    private final long meanGapNanos;
    private boolean stopped;

    Chaos(SimulatedCluster cluster, EventQueue events, SplittableRandom random) {
        this.cluster = cluster;
        this.events = events;
        this.random = random;
        this.meanGapNanos = (50 + random.nextLong(1_500)) * MILLI;
        next();
        churn(random.nextLong(1, 1_000) * MILLI);
    }

    /** An operator who changes the group all the time. */
    private void churn(long meanGap) {
        events.after(random.nextLong(2 * meanGap), () -> {
            if (!stopped) {
                cluster.changeMembershipSomewhere();
                churn(meanGap);
            }
        });
    }

    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    private void next() {
        events.after(random.nextLong(2 * meanGapNanos), () -> {
            if (!stopped) {
                strike();
                next();
            }
        });
    }

    private void strike() {
        List<SimulatedReplica> all = cluster.replicas();
        SimulatedReplica victim = random.nextInt(3) == 0 && cluster.anyLeader().isPresent()
                ? cluster.anyLeader().get()
                : all.get(random.nextInt(all.size()));
        switch (random.nextInt(16)) {
            case 0, 1 -> kill(victim);
            case 2 -> all.forEach(this::kill);
            case 3 -> cutOff(victim, true, true);
            case 4 -> cutOff(victim, random.nextBoolean(), random.nextBoolean());
            case 5 -> cutLink(victim, all.get(random.nextInt(all.size())));
            case 6 -> victim.pause(random.nextLong(5_000) * MILLI / (1 + random.nextInt(50)));
            case 7, 8 -> cluster.breakStream(victim, all.get(random.nextInt(all.size())));
            case 9 -> victim.stallDisk(random.nextLong(1_500) * MILLI);
            case 10 -> {
                victim.electable(false);
                events.after(random.nextLong(2_000) * MILLI, () -> victim.electable(true));
            }
            case 11 -> victim.resign();
            case 12, 13 -> cluster.transferSomewhere();
            case 14 -> transferStorm();
            default -> cluster.trimSomewhere();
        }
    }

    private void transferStorm() {
        for (int i = 0; i < 20; i++) {
            events.after(random.nextLong(1_000) * MILLI, cluster::transferSomewhere);
        }
    }

    private void kill(SimulatedReplica victim) {
        if (victim.isUp()) {
            cluster.kill(victim, random.nextInt(5) > 0);
            events.after(random.nextLong(1_500) * MILLI, () -> cluster.restart(victim));
        }
    }

    private void cutOff(SimulatedReplica victim, boolean in, boolean out) {
        for (SimulatedReplica other : cluster.replicas()) {
            if (in) {
                cluster.network().cut(other.position(), victim.position());
            }
            if (out) {
                cluster.network().cut(victim.position(), other.position());
            }
        }
        healLater();
    }

    private void cutLink(SimulatedReplica a, SimulatedReplica b) {
        cluster.network().cut(a.position(), b.position());
        if (random.nextBoolean()) {
            cluster.network().cut(b.position(), a.position());
        }
        healLater();
    }

    private void healLater() {
        events.after(random.nextLong(3_000) * MILLI, cluster.network()::healAll);
    }
}
