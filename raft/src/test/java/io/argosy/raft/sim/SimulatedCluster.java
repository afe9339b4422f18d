package io.argosy.raft.sim;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.CoreConfig;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * N cores under one virtual clock. All chance comes from the seed; {@link #traceHash()} tells whether two runs were the
 * same. A broken invariant throws with the seed and the moment.
 */
public final class SimulatedCluster {

    private static final long MILLI = 1_000_000;

    private final long seed;
    private final SplittableRandom random;
    private final EventQueue events = new EventQueue();
    private final Membership membership;
    private final SimulatedNetwork network;
    private final Invariants invariants;
    private final List<SimulatedReplica> replicas = new ArrayList<>();
    private Optional<Chaos> chaos = Optional.empty();
    private long fsyncNanos = 2 * MILLI;
    private long lastSession;
    private long lastProposal;
    private long traceHash;
    private int transfersBegun;
    private final int founders;

    private SimulatedCluster(int voterCount, int spares, long seed) {
        this.seed = seed;
        this.founders = voterCount;
        this.random = new SplittableRandom(seed);
        List<Member> voters = new ArrayList<>();
        int size = voterCount + spares;
        for (int i = 1; i <= voterCount; i++) {
            voters.add(memberOf(new ReplicaId(i)));
        }
        this.membership = new Membership(new UUID(1, 1), voters);
        this.network = new SimulatedNetwork(events, random.split(), size);
        this.invariants = new Invariants(this, size);
        for (int i = 0; i < size; i++) {
            replicas.add(new SimulatedReplica(this, events, random.split(), i, configOf(new ReplicaId(i + 1))));
        }
        replicas.forEach(SimulatedReplica::start);
    }

    /** Running, all links good, nobody elected yet. */
    public static SimulatedCluster of(int size, long seed) {
        return new SimulatedCluster(size, 0, seed);
    }

    /** As above, with replicas beside the voters that were adopted and not added yet. */
    public static SimulatedCluster withSpares(int voters, int spares, long seed) {
        return new SimulatedCluster(voters, spares, seed);
    }

    static Member memberOf(ReplicaId id) {
        return new Member(id, new UUID(7, id.value()));
    }

    /** Small bounds, so that windows fill and followers need the disk. */
    private static CoreConfig configOf(ReplicaId self) {
        return new CoreConfig(
                self, new UUID(7, self.value()), 50 * MILLI, 300 * MILLI, 600 * MILLI, 1_000, 4_000, 8_000, 3_000);
    }

    // ------------------------------------------------------------------------------------------------ running it

    public SimulatedCluster runFor(long millis) {
        long untilNanos = events.nowNanos() + millis * MILLI;
        while (step(untilNanos)) {
            // step checks
        }
        return this;
    }

    /** Fails if the condition doesn't come true in time. */
    public SimulatedCluster runUntil(Predicate<SimulatedCluster> condition, long withinMillis) {
        long untilNanos = events.nowNanos() + withinMillis * MILLI;
        while (!condition.test(this)) {
            if (!step(untilNanos)) {
                throw new AssertionError("not reached within " + withinMillis + " ms; " + describe());
            }
        }
        return this;
    }

    private boolean step(long untilNanos) {
        try {
            if (!events.runNext(untilNanos)) {
                return false;
            }
            if (events.executed() % 1_000 == 0) {
                invariants.checkLogsMatch();
            }
            return true;
        } catch (RuntimeException e) {
            throw new AssertionError(describe(), e);
        }
    }

    /** Faults, proposals and reads at random from now on, over a network of random quality. */
    public SimulatedCluster withChaos() {
        fsyncNanos = (1 + random.nextLong(30)) * MILLI;
        network.quality(SimulatedNetwork.Quality.random(random));
        chaos = Optional.of(new Chaos(this, events, random.split()));
        return withLoad((1 + random.nextLong(40)) * MILLI);
    }

    /** Proposals and reads, mostly at the leader. */
    public SimulatedCluster withLoad(long meanGapNanos) {
        events.after(random.nextLong(2 * meanGapNanos), () -> {
            SimulatedReplica target = anyLeader()
                    .filter(r -> random.nextInt(10) > 0)
                    .orElse(replicas.get(random.nextInt(replicas.size())));
            int burst = random.nextInt(10) == 0 ? 1 + random.nextInt(40) : 1;
            for (int i = 0; i < burst; i++) {
                target.propose(++lastProposal, random.nextInt(200));
            }
            if (random.nextInt(3) == 0) {
                target.read();
            }
            withLoad(meanGapNanos);
        });
        return this;
    }

    /** Ends all faults; everything must work again soon. */
    public SimulatedCluster healAll() {
        chaos.ifPresent(Chaos::stop);
        network.quality(SimulatedNetwork.Quality.GOOD);
        network.healAll();
        fsyncNanos = MILLI;
        for (SimulatedReplica replica : replicas) {
            replica.resume();
            replica.electable(true);
            if (!replica.isUp()) {
                restart(replica);
            }
        }
        return this;
    }

    // -------------------------------------------------------------------------------------------------- questions

    public List<SimulatedReplica> replicas() {
        return replicas;
    }

    public long nowMillis() {
        return events.nowNanos() / MILLI;
    }

    public long eventsExecuted() {
        return events.executed();
    }

    public long readsConfirmed() {
        return invariants.readsConfirmed();
    }

    public long committedIndex() {
        return invariants.committedIndex();
    }

    /** A leader whose term nobody has surpassed. */
    public Optional<SimulatedReplica> leader() {
        SimulatedReplica best = null;
        long highestTerm = 0;
        for (SimulatedReplica replica : replicas) {
            if (replica.isUp() && committedMembership().voter(replica.id()).isPresent()) {
                highestTerm = Math.max(highestTerm, replica.core().term());
                if (replica.leads()
                        && (best == null || replica.core().term() > best.core().term())) {
                    best = replica;
                }
            }
        }
        return best != null && best.core().term() == highestTerm ? Optional.of(best) : Optional.empty();
    }

    /** Somebody who believes to lead. */
    Optional<SimulatedReplica> anyLeader() {
        return replicas.stream().filter(SimulatedReplica::leads).findFirst();
    }

    /** All members, voters or not. */
    public boolean allAppliedUpTo(long index) {
        Membership members = committedMembership();
        return replicas.stream()
                .filter(r -> members.member(r.id()).isPresent())
                .allMatch(r -> r.isUp() && r.appliedIndex() >= index);
    }

    /** The last one that is known to be committed. */
    public Membership committedMembership() {
        return invariants.committedMembership();
    }

    public int membershipsCommitted() {
        return invariants.membershipsCommitted();
    }

    public int transfersBegun() {
        return transfersBegun;
    }

    /** Somebody who believes to lead is asked for a change that may be sensible. */
    void changeMembershipSomewhere() {
        anyLeader()
                .ifPresent(leader -> leader.changeMembership(
                        nextChange(leader.core().membership().orElseThrow().membership())));
    }

    private MembershipChange nextChange(Membership now) {
        List<ReplicaId> unused = replicas.stream()
                .map(SimulatedReplica::id)
                .filter(id -> now.member(id).isEmpty() && !now.isRetired(id))
                .toList();
        int what = random.nextInt(10);
        if (what < 2 && !unused.isEmpty()) {
            return new MembershipChange.AddLearner(memberOf(unused.get(0)));
        }
        if (what < 8 && !now.learners().isEmpty()) {
            return new MembershipChange.Promote(
                    now.learners().get(random.nextInt(now.learners().size())).id());
        }
        // As many go as came: at the end somebody must be left to run.
        int mayGo = replicas.size() - founders - unused.size() - now.retired().size();
        return what < 9 && mayGo > 0
                ? new MembershipChange.Remove(
                        now.voters().get(random.nextInt(now.voters().size())).id())
                : new MembershipChange.Prioritise(
                        now.voters().get(random.nextInt(now.voters().size())).id(), 90 + random.nextInt(20));
    }

    void transferSomewhere() {
        anyLeader().ifPresent(leader -> {
            transfersBegun++;
            leader.transferLeadership(
                    random.nextBoolean()
                            ? Optional.empty()
                            : Optional.of(replicas.get(random.nextInt(replicas.size()))
                                    .id()));
        });
    }

    public void checkLogsMatch() {
        invariants.checkLogsMatch();
    }

    /** Equal for equal runs. */
    public long traceHash() {
        return traceHash;
    }

    // ------------------------------------------------------------------------------------------------------ faults

    /** @param noticed the others see the connections reset, and a new one refused */
    public void kill(SimulatedReplica victim, boolean noticed) {
        victim.crash();
        trace(victim.position(), -1);
        if (!noticed) {
            return;
        }
        for (SimulatedReplica other : replicas) {
            if (other != victim) {
                events.after(random.nextLong(5 * MILLI), () -> {
                    if (!victim.isUp()) {
                        other.peerUnreachable(victim.id());
                        other.peerLost(victim.id());
                    }
                });
            }
        }
    }

    public void restart(SimulatedReplica replica) {
        if (!replica.isUp()) {
            replica.start();
        }
    }

    public void cutOff(SimulatedReplica victim) {
        for (SimulatedReplica other : replicas) {
            network.cut(other.position(), victim.position());
            network.cut(victim.position(), other.position());
        }
    }

    public void healNetwork() {
        network.healAll();
    }

    /** The stream from one to the other breaks and comes back; old messages may still arrive. */
    void breakStream(SimulatedReplica from, SimulatedReplica to) {
        if (from != to) {
            from.peerUnreachable(to.id());
            openStream(from, to);
        }
    }

    void openStreams(SimulatedReplica started) {
        for (SimulatedReplica other : replicas) {
            if (other != started) {
                openStream(started, other);
                openStream(other, started);
            }
        }
    }

    private void openStream(SimulatedReplica from, SimulatedReplica to) {
        long session = ++lastSession;
        events.after(random.nextLong(20 * MILLI), () -> from.peerReset(to.id(), session));
    }

    /** No voter may need what is trimmed (D11). */
    void trimSomewhere() {
        long lowest = Long.MAX_VALUE;
        for (SimulatedReplica replica : replicas) {
            if (!committedMembership().isRetired(replica.id())) {
                lowest = Math.min(lowest, invariants.matchOf(replica));
            }
        }
        replicas.get(random.nextInt(replicas.size())).trim(lowest);
    }

    // --------------------------------------------------------------------------------------------- for the replicas

    Membership membership() {
        return membership;
    }

    SimulatedNetwork network() {
        return network;
    }

    Invariants invariants() {
        return invariants;
    }

    boolean readFails() {
        return chaos.filter(c -> !c.isStopped()).isPresent() && random.nextInt(50) == 0;
    }

    long fsyncNanos() {
        return fsyncNanos;
    }

    void send(SimulatedReplica from, Outbound outbound) {
        Message message = outbound.message();
        invariants.sent(from, outbound.to(), message);
        trace(from.position() * 31L + outbound.to().value(), message.term());
        trace(message.getClass().getSimpleName().hashCode(), detail(message));
        network.send(from, replicas.get(outbound.to().value() - 1), message);
    }

    private static long detail(Message message) {
        if (message instanceof Message.AppendRequest m) {
            return m.prevIndex() * 31 + m.entries().size() + m.commitIndex();
        }
        if (message instanceof Message.AppendResponse m) {
            return m.index();
        }
        return 0;
    }

    private void trace(long what, long detail) {
        traceHash = (traceHash * 31 + what) * 31 + detail * 7 + events.nowNanos();
    }

    String describeNow() {
        return "seed " + seed + ", event " + events.executed() + ", " + nowMillis() + " ms";
    }

    private String describe() {
        StringBuilder text = new StringBuilder(describeNow());
        for (SimulatedReplica r : replicas) {
            text.append("\n  ").append(r.id()).append(' ');
            if (r.isUp()) {
                text.append(r.core().role()).append(" term ").append(r.core().term());
                text.append(" leader ").append(r.core().leader());
                text.append(" last ")
                        .append(r.core().lastIndex())
                        .append(" durable ")
                        .append(r.core().durableIndex());
                text.append(" commit ")
                        .append(r.core().commitIndex())
                        .append(' ')
                        .append(r.core().peers());
            } else {
                text.append("down");
            }
            text.append(" disk [")
                    .append(r.disk().firstIndex())
                    .append(", ")
                    .append(r.disk().lastIndex())
                    .append(']');
        }
        return text.toString();
    }
}
