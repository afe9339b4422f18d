package io.argosy.raft.sim;

import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * One cluster on one thread, drawn from one seed: production replicas with their stores, on virtual time. A run has
 * three phases. Safety: load and trouble. Liveness: the trouble ends, and the cluster must lead, commit and converge in
 * bounded time. Drain: every replica must hold what was acknowledged.
 */
public final class World {

    private static final long MILLI = Swarm.MILLI;
    /** 20 longest election timeouts, and time to repair streams and logs. */
    private static final long RECOVERY_NANOS = 30_000 * MILLI;
    /** Files of the log are fetched one after the other, slowly, and whoever can't be asked is asked again. */
    private static final long REPAIR_NANOS = 120_000 * MILLI;
    /** Whoever has applied nothing for so long then is stuck. */
    private static final long PATIENCE_NANOS = 10_000 * MILLI;

    private static final int PATIENCE_MAX = 60;
    private static final long LOOK_NANOS = 10 * MILLI;

    private final long seed;
    private final SplittableRandom random;
    private final Swarm swarm;
    private final EventQueue events = new EventQueue();
    private final Trace trace;
    private final Counts counts = new Counts();
    private final Checks checks;
    private final Wires wires;
    private final States states;
    private final Clients clients;
    private final Nemesis nemesis;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<ReplicaId, SimulatedNode> byId = new TreeMap<>();
    /** Between birth and recovery. */
    private boolean striking;

    private World(
            long seed, Workload workload, Optional<Set<Integer>> strikes, Function<SplittableRandom, Swarm> draw) {
        this.seed = seed;
        // A seed and its neighbour must have nothing in common.
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + 0x632BE59BD9B4E019L);
        this.swarm = draw.apply(random.split());
        this.trace = new Trace(events, size());
        this.checks = new Checks(this);
        this.states = new States(this);
        this.wires = new Wires(this, random.split(), size());
        this.clients = new Clients(this, random.split(), workload);
        Map<ReplicaId, InetSocketAddress> peers = new TreeMap<>();
        for (int i = 0; i < swarm.voters; i++) {
            peers.put(new ReplicaId(i + 1), InetSocketAddress.createUnresolved("replica", 1 + i));
        }
        for (int i = 0; i < size(); i++) {
            ReplicaId id = new ReplicaId(i + 1);
            Map<ReplicaId, InetSocketAddress> known = new TreeMap<>(peers);
            known.put(id, InetSocketAddress.createUnresolved("replica", id.value()));
            RaftConfig config = new RaftConfig(
                    "simulated",
                    id,
                    known,
                    InetSocketAddress.createUnresolved("replica", id.value()),
                    Path.of("/replica" + id),
                    RaftConfig.Timing.DEFAULT,
                    swarm.limits,
                    swarm.storage);
            SimulatedNode node = new SimulatedNode(this, random.split(), nodes.size(), config, workload);
            nodes.add(node);
            byId.put(id, node);
        }
        this.nemesis = new Nemesis(this, random.split(), strikes);
    }

    /** A world whose run has not begun. */
    public static World of(Plan plan, Workload workload) {
        return new World(plan.seed(), workload, plan.strikes(), random -> new Swarm(random, plan));
    }

    /** As {@link #of(Plan, Workload)}, with everything as the seed draws it. */
    public static World of(long seed, Workload workload) {
        return of(Plan.of(seed), workload);
    }

    /** A group of this size that is born and healthy, with clients: for scripts that make their own trouble. */
    static World calm(int voters, long seed) {
        return calm(voters, 0, seed);
    }

    /** As {@link #calm(int, long)}, with machines that may join. */
    static World calm(int voters, int spares, long seed) {
        World world = new World(seed, new Ledger(), Optional.empty(), random -> new Swarm(voters, spares));
        world.begin();
        world.clients.begin();
        world.runUntil("somebody leads", () -> world.anyLeader().isPresent(), 5_000 * MILLI);
        return world;
    }

    /** All phases; throws a {@link Violation} if anything is wrong. */
    public World run() {
        begin();
        clients.begin();
        nemesis.begin();
        striking = true;
        runFor(swarm.virtualNanos);
        recover();
        drain();
        counts.seeds = 1;
        counts.virtualNanos = events.nowNanos();
        counts.events = events.executed();
        counts.entriesCommitted = checks.committedIndex();
        return this;
    }

    private void begin() {
        nodes.forEach(SimulatedNode::start);
        CompletableFuture<UUID> born =
                nodes.get(random.nextInt(swarm.voters)).replica().bootstrap();
        runUntil("the group is born", born::isDone, 10_000 * MILLI);
        if (born.isCompletedExceptionally()) {
            born.join();
        }
    }

    private void recover() {
        striking = false;
        nemesis.stop();
        wires.healAll();
        for (SimulatedNode node : nodes) {
            node.heal();
            node.start();
        }
        if (!canGoOn()) {
            // Rightly without progress: nobody can tell what was acknowledged. What is said must be true all the same.
            clients.stop();
            runFor(RECOVERY_NANOS / 10);
            counts.withoutQuorum++;
            return;
        }
        leadAndCommit();
        clients.stop();
        // Damage that nobody came across is there until somebody looks: the scrub, at seeds that have any.
        if (swarm.scrubs()) {
            nodes.forEach(SimulatedNode::expectScrubbing);
        } else {
            nodes.forEach(node -> node.inProcess(() -> node.replica().verify()));
        }
        bringUp();
    }

    private void leadAndCommit() {
        long before = checks.committedIndex();
        patiently(
                "somebody leads and commits",
                () -> anyLeader().isPresent() && checks.committedIndex() > before + 3,
                RECOVERY_NANOS,
                new CopiesOfOneLeader());
    }

    private void bringUp() {
        patiently(
                "everybody applied everything and is whole",
                this::settled,
                REPAIR_NANOS - PATIENCE_NANOS,
                this::leastApplied);
    }

    /**
     * Where a quarter of all messages is lost, they take 50 ms, and a window holds two entries, some ten entries a second
     * get through. Whoever is a thousand behind, as learners of a lone voter or the one voter that a leader needs may be, is
     * slow then and not stuck: it has more time for as long as it gets on. Nothing else has.
     */
    private void patiently(String goal, BooleanSupplier reached, long nanosMax, LongSupplier progress) {
        boolean done = reaches(reached, nanosMax, LOOK_NANOS);
        long before = -1;
        for (int i = 0; !done && i < PATIENCE_MAX; i++) {
            long now = progress.getAsLong();
            if (now <= before) {
                break;
            }
            before = now;
            done = reaches(reached, PATIENCE_NANOS, LOOK_NANOS);
        }
        if (!done) {
            throw notInTime(goal);
        }
    }

    /** Entries that the others hold, while one leader leads on: elections without end, or none, are no progress. */
    private final class CopiesOfOneLeader implements LongSupplier {
        private Optional<Long> term = Optional.empty();

        @Override
        public long getAsLong() {
            Optional<Long> leading = anyLeader().map(leader -> leader.core().term());
            term = term.or(() -> leading);
            if (leading.isEmpty() || !leading.equals(term)) {
                return -1;
            }
            return nodes.stream()
                    .filter(node -> node.isUp() && isMember(node) && node.core().role() != Role.LEADER)
                    .mapToLong(node -> node.core().durableIndex())
                    .sum();
        }
    }

    private long leastApplied() {
        return nodes.stream()
                .filter(node -> !node.broken() && isMember(node))
                .mapToLong(SimulatedNode::appliedIndex)
                .min()
                .orElse(0);
    }

    /** R32, D2: also those whose disks were damaged, unless they don't know their vote or their name any more. */
    private boolean settled() {
        for (SimulatedNode node : nodes) {
            boolean settled = node.broken()
                    || !isMember(node)
                    || (node.isUp()
                            && node.core().commitIndex() >= checks.committedIndex()
                            && node.appliedIndex() >= checks.committedIndex()
                            && node.isWhole());
            if (!settled) {
                return false;
            }
        }
        return true;
    }

    private void drain() {
        if (counts.withoutQuorum > 0) {
            return;
        }
        for (SimulatedNode node : nodes) {
            if (node.isUp() && isMember(node)) {
                node.compareLog();
                states.compareNow(node);
                checks.require(
                        node.appliedIndex() >= clients.acknowledgedIndex(),
                        node,
                        "E12 acknowledged " + clients.acknowledgedIndex());
            }
        }
        for (SimulatedNode node : nodes) {
            if (node.isUp() && isMember(node)) {
                counts.scrubsFinished += node.replica().scrubbed().finished();
                node.restartScrubbed();
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- time

    void runFor(long nanos) {
        long until = events.nowNanos() + nanos;
        while (events.runNext(until)) {
            // Each event checks for itself.
        }
    }

    void runUntil(String goal, BooleanSupplier reached, long nanosMax) {
        runUntil(goal, reached, nanosMax, LOOK_NANOS);
    }

    /** @param lookNanos at most so often; 0 for after each event */
    void runUntil(String goal, BooleanSupplier reached, long nanosMax, long lookNanos) {
        if (!reaches(reached, nanosMax, lookNanos)) {
            throw notInTime(goal);
        }
    }

    private boolean reaches(BooleanSupplier reached, long nanosMax, long lookNanos) {
        long until = events.nowNanos() + nanosMax;
        long nextLook = events.nowNanos();
        while (true) {
            if (events.nowNanos() >= nextLook) {
                if (reached.getAsBoolean()) {
                    return true;
                }
                nextLook = events.nowNanos() + lookNanos;
            }
            if (!events.runNext(until)) {
                return reached.getAsBoolean();
            }
        }
    }

    private Violation notInTime(String goal) {
        return new Violation("not in time: " + goal + "; " + describe());
    }

    /** Whether the power goes right here; asked where only seeds that have it may draw. */
    boolean breaksOff(SplittableRandom dice, int oneIn) {
        return striking && swarm.has(FaultClass.BREAK_OFF) && dice.nextInt(oneIn) == 0;
    }

    /** It comes back after a while. */
    void restartLater(SimulatedNode node) {
        events.after(1 + random.nextLong(2 * swarm.downMeanNanos), node::start);
    }

    // ----------------------------------------------------------------------------------------------------- parts

    /** How many strikes there were, whether they happened or not. */
    int strikes() {
        return nemesis.strikes();
    }

    boolean isStriking() {
        return striking;
    }

    public long seed() {
        return seed;
    }

    Swarm swarm() {
        return swarm;
    }

    EventQueue events() {
        return events;
    }

    public Trace trace() {
        return trace;
    }

    public Counts counts() {
        return counts;
    }

    Checks checks() {
        return checks;
    }

    Wires wires() {
        return wires;
    }

    States states() {
        return states;
    }

    Clients clients() {
        return clients;
    }

    List<SimulatedNode> nodes() {
        return nodes;
    }

    /** Of all machines, members or not. */
    int size() {
        return swarm.voters + swarm.spares;
    }

    /** Whose disk is gone, or may be wrong in places that nobody knows. */
    private static boolean isLost(SimulatedNode node) {
        return node.excused() || node.wiped() || node.broken();
    }

    /** Whether every membership that may be in force keeps a majority of whole disks without this one. */
    boolean survivesWithout(Optional<SimulatedNode> victim) {
        return nodes.stream()
                .flatMap(node -> node.membership().stream())
                .distinct()
                .allMatch(membership -> survives(membership, victim));
    }

    /**
     * Whether the group must go on by itself: a majority of whole disks, or all of them, none damaged but by losses of
     * power. Then nobody is missing who could have what others lost (docs/raft-rules.md, 4.4).
     */
    private boolean canGoOn() {
        return nodes.stream()
                .flatMap(node -> node.membership().stream())
                .distinct()
                .allMatch(membership -> survives(membership, Optional.empty())
                        || membership.voters().stream()
                                .map(member -> node(member.id()))
                                .noneMatch(node -> node.damageable() || node.wiped() || node.broken()));
    }

    boolean survives(Membership membership, Optional<SimulatedNode> victim) {
        long whole = membership.voters().stream()
                .map(member -> node(member.id()))
                .filter(node -> !isLost(node) && victim.filter(node::equals).isEmpty())
                .count();
        return whole >= membership.majority();
    }

    /** Who belongs to the group, as its newest leader knows. */
    private boolean isMember(SimulatedNode node) {
        return !node.wiped()
                && anyLeader()
                        .flatMap(SimulatedNode::membership)
                        .filter(membership -> membership.member(node.id()).isPresent())
                        .isPresent();
    }

    SimulatedNode node(ReplicaId id) {
        SimulatedNode node = byId.get(id);
        if (node == null) {
            throw new IllegalArgumentException("no replica " + id);
        }
        return node;
    }

    boolean anyBroken() {
        return nodes.stream().anyMatch(node -> node.broken() && isMember(node));
    }

    /** From here on the log can be repaired at a node: there is another one that has it. */
    long repairableFrom(SimulatedNode node) {
        long first = Long.MAX_VALUE;
        for (SimulatedNode other : nodes) {
            if (other != node && other.isUp() && isMember(other)) {
                first = Math.min(first, other.replica().status().firstIndex());
            }
        }
        return first;
    }

    /** The leader of the highest term; there may be older ones that don't know yet. */
    Optional<SimulatedNode> anyLeader() {
        Optional<SimulatedNode> newest = Optional.empty();
        for (SimulatedNode node : nodes) {
            if (node.leads()
                    && newest.filter(n -> n.core().term() > node.core().term()).isEmpty()) {
                newest = Optional.of(node);
            }
        }
        return newest;
    }

    /** Where everybody stands. */
    public String describe() {
        return "seed=" + seed + " at " + events.nowNanos() / 1e9 + " s, event " + events.executed() + ", committed "
                + checks.committedIndex() + ", " + nodes + ", " + swarm;
    }
}
