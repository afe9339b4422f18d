package io.argosy.raft.sim;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.storage.FaultyDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Breaks things at random, of the kinds that the seed has, and repairs most of them again. */
final class Nemesis {

    private static final long MILLI = Swarm.MILLI;

    /** One way to make trouble. Features bring their own: membership, transfers, snapshots. */
    @FunctionalInterface
    interface Action {
        void strike(SimulatedNode victim);
    }

    private final World world;
    private final EventQueue events;
    private final Wires wires;
    private final SplittableRandom schedule;
    private final Optional<Set<Integer>> happening;
    /** Of the newest strike: what it draws changes nothing for the strikes after it. */
    private SplittableRandom random;

    private final List<FaultClass> kinds = new ArrayList<>();
    private final Map<FaultClass, Action> actions = new EnumMap<>(FaultClass.class);
    private boolean stopped;
    private int strikes;

    /** @param happening numbers of the strikes that happen; empty for all */
    Nemesis(World world, SplittableRandom random, Optional<Set<Integer>> happening) {
        this.world = world;
        this.events = world.events();
        this.wires = world.wires();
        this.schedule = random;
        this.random = random.split();
        this.happening = happening;
        action(FaultClass.KILL, this::kill);
        action(FaultClass.POWER_LOSS, this::losePower);
        action(FaultClass.RESTART_ALL, this::allAtOnce);
        action(FaultClass.PARTITION, this::partition);
        action(FaultClass.CLOG, this::clog);
        action(
                FaultClass.STREAM_BREAK,
                v -> wires.breakStream(v.position(), anybody().position()));
        action(FaultClass.PAUSE, v -> v.pause(skewed(5_000)));
        action(FaultClass.CLOCK, v -> v.jumpClock(skewed(5_000)));
        action(FaultClass.DISK_STALL, v -> v.stallDisk(skewed(3_000)));
        action(FaultClass.APPLY_STALL, v -> v.stallApply(skewed(3_000)));
        action(FaultClass.DISK_ERROR, this::failDisk);
        action(FaultClass.BIT_FLIP, this::flip);
        action(FaultClass.TRIM, v -> trim());
        action(FaultClass.TRANSFER, v -> transfer());
        action(FaultClass.PRIORITY, v -> prioritise());
        action(FaultClass.SNAPSHOT, this::trimFar);
        action(FaultClass.BREAK_OFF, v -> v.losePowerSoon(40));
        action(FaultClass.MEMBERSHIP, v -> changeMembership());
        action(FaultClass.WIPE, this::wipe);
        action(FaultClass.MISDIRECT, this::misplace);
        action(FaultClass.ASYNC, v -> changeFlush());
        action(FaultClass.DISK_FULL, v -> v.fillDisk(random.nextInt(40_000), skewed(4_000)));
    }

    /** The kinds that strike; the others are in the network and the disk all the time. */
    static FaultClass[] kinds() {
        return EnumSet.complementOf(EnumSet.of(
                        FaultClass.LOSS,
                        FaultClass.DUPLICATION,
                        FaultClass.READ_DELAY,
                        FaultClass.BACKFILL,
                        FaultClass.GARBLE))
                .toArray(FaultClass[]::new);
    }

    void action(FaultClass kind, Action action) {
        if (world.swarm().has(kind)) {
            kinds.add(kind);
            actions.put(kind, action);
        }
    }

    void begin() {
        if (!kinds.isEmpty()) {
            next();
        }
    }

    void stop() {
        stopped = true;
    }

    private void next() {
        events.after(1 + schedule.nextLong(2 * world.swarm().strikeMeanNanos), () -> {
            if (!stopped) {
                random = schedule.split();
                int number = strikes++;
                if (happening.isEmpty() || happening.get().contains(number)) {
                    strike(number);
                }
                next();
            }
        });
    }

    private void strike(int number) {
        FaultClass kind = kinds.get(random.nextInt(kinds.size()));
        SimulatedNode victim = random.nextInt(3) == 0 ? world.anyLeader().orElse(anybody()) : anybody();
        Action action = actions.get(kind);
        if (action != null && victim.isUp()) {
            world.counts().struck(kind);
            world.trace().add(victim.position(), "is struck", "number " + number + ", " + kind, kinds.indexOf(kind));
            action.strike(victim);
        }
    }

    /** How many there were, whether they happened or not. */
    int strikes() {
        return strikes;
    }

    private SimulatedNode anybody() {
        return world.nodes().get(random.nextInt(world.size()));
    }

    /** Mostly short, sometimes long. */
    private long skewed(long millisMax) {
        return random.nextLong(millisMax) * MILLI / (1 + random.nextInt(30)) + 1;
    }

    private void kill(SimulatedNode victim) {
        victim.kill();
        world.restartLater(victim);
    }

    private void losePower(SimulatedNode victim) {
        if (!mayLoseEntries(victim)) {
            return;
        }
        victim.losePower();
        world.restartLater(victim);
    }

    /** Where acknowledged entries may be in memory only, a majority must have theirs: the others are brought up first (D3). */
    private boolean mayLoseEntries(SimulatedNode victim) {
        if (!world.swarm().has(FaultClass.ASYNC)) {
            return true;
        }
        long lacking = world.nodes().stream()
                .filter(node -> node == victim || node.mayHaveLostEntries())
                .count();
        return lacking <= (world.size() - 1) / 2;
    }

    private void failDisk(SimulatedNode victim) {
        if (mayLoseEntries(victim)) {
            victim.failDisk(20);
        }
    }

    private void changeFlush() {
        RaftConfig.Flush flush = random.nextInt(3) == 0 ? RaftConfig.Flush.FSYNC : RaftConfig.Flush.ASYNC;
        operate(operations -> operations.changeFlush(flush));
    }

    /** The hardest on durability: a majority or all lose power at one moment. */
    private void allAtOnce(SimulatedNode victim) {
        boolean power =
                world.swarm().has(FaultClass.POWER_LOSS) && !world.swarm().has(FaultClass.ASYNC);
        for (SimulatedNode node : world.nodes()) {
            if (node.isUp() && random.nextInt(8) > 0) {
                if (power) {
                    losePower(node);
                } else {
                    kill(node);
                }
            }
        }
    }

    private void partition(SimulatedNode victim) {
        int size = world.size();
        int v = victim.position();
        boolean both = random.nextBoolean();
        switch (random.nextInt(5)) {
            case 0 -> {
                for (int i = 0; i < size; i++) {
                    cut(v, i, both);
                }
            }
            case 1 -> {
                boolean[] side = new boolean[size];
                for (int i = 0; i < size; i++) {
                    side[i] = random.nextBoolean();
                }
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < size; j++) {
                        if (side[i] && !side[j]) {
                            cut(i, j, both);
                        }
                    }
                }
            }
            case 2 -> {
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < i; j++) {
                        if (random.nextInt(3) == 0) {
                            cut(i, j, true);
                        }
                    }
                }
            }
            case 3 -> {
                // A ring: everybody sees its neighbours only.
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < i; j++) {
                        if (i - j != 1 && i - j != size - 1) {
                            cut(i, j, true);
                        }
                    }
                }
            }
            default -> cut(v, anybody().position(), both);
        }
        world.trace().add(-1, "cuts", "links", 5);
        events.after((200 + random.nextLong(3_000)) * MILLI, wires::healAll);
    }

    private void cut(int a, int b, boolean both) {
        wires.cut(a, b);
        if (both) {
            wires.cut(b, a);
        }
    }

    private void clog(SimulatedNode victim) {
        long span = skewed(5_000);
        for (int i = 0; i < world.size(); i++) {
            if (random.nextBoolean()) {
                wires.clog(victim.position(), i, span);
            }
            if (random.nextBoolean()) {
                wires.clog(i, victim.position(), span);
            }
        }
    }

    /** Under the atlas: only stores of a minority, always the same ones, are ever damaged. */
    private void flip(SimulatedNode victim) {
        if (!mayDamage(victim)) {
            return;
        }
        List<String> files = victim.disk().list(victim.folder());
        Path file = victim.folder().resolve(files.get(random.nextInt(files.size())));
        int size = victim.disk().content(file).length;
        if (size > 0) {
            victim.damaged();
            int position = random.nextInt(size);
            victim.disk().flip(file, position, 1 << random.nextInt(8));
            world.trace()
                    .add(
                            victim.position(),
                            "flips",
                            "a bit of " + file.getFileName() + " at byte " + position,
                            position);
        }
    }

    /** Only in sealed files: nobody could tell a misplaced write at the end of the log from one that never was. */
    private void misplace(SimulatedNode victim) {
        if (!mayDamage(victim)) {
            return;
        }
        List<String> logs = victim.disk().list(victim.folder()).stream()
                .filter(name -> name.endsWith(".log"))
                .toList();
        if (logs.size() < 2) {
            return;
        }
        Path from = victim.folder().resolve(logs.get(random.nextInt(logs.size())));
        Path to = victim.folder().resolve(logs.get(random.nextInt(logs.size() - 1)));
        int fromSectors = victim.disk().content(from).length / FaultyDisk.SECTOR_BYTES;
        int toSectors = victim.disk().content(to).length / FaultyDisk.SECTOR_BYTES;
        if (fromSectors > 0 && toSectors > 0) {
            victim.damaged();
            int toSector = random.nextInt(toSectors);
            victim.disk().misplace(from, random.nextInt(fromSectors), to, toSector, 1 + random.nextInt(8));
            world.trace()
                    .add(
                            victim.position(),
                            "misplaces",
                            "what is written: it lands in " + to.getFileName() + ", sector " + toSector,
                            toSector);
        }
    }

    /** Under the atlas: stores of a minority, always the same ones. */
    private boolean mayDamage(SimulatedNode victim) {
        return victim.position() < world.swarm().damageable
                && !victim.wiped()
                && (victim.excused() || world.survivesWithout(Optional.of(victim)));
    }

    /** Only if the group lives without it, in every membership that may be in force; then somebody replaces it. */
    private void wipe(SimulatedNode victim) {
        boolean voter = world.nodes().stream()
                .flatMap(node -> node.membership().stream())
                .anyMatch(membership -> membership.voter(victim.id()).isPresent());
        if (!voter || victim.wiped() || !world.survivesWithout(Optional.of(victim))) {
            return;
        }
        victim.wipe();
        world.restartLater(victim);
        for (int i = 1; i < 8; i++) {
            events.after(i * random.nextLong(1_000 * MILLI), () -> {
                if (!stopped) {
                    changeMembership();
                }
            });
        }
        events.after((1_000 + random.nextLong(3_000)) * MILLI, () -> {
            if (!stopped) {
                operate(operations -> operations.remove(victim.id()));
            }
        });
    }

    /** As operators do, and as they should not: whatever is asked for, the group must survive it. */
    private void changeMembership() {
        Optional<Membership> inForce = world.anyLeader().flatMap(SimulatedNode::membership);
        if (inForce.isEmpty()) {
            return;
        }
        Membership membership = inForce.get();
        int dice = random.nextInt(8);
        if (!membership.learners().isEmpty() && dice < 4) {
            ReplicaId id = any(membership.learners()).id();
            operate(operations -> dice == 0 ? operations.remove(id) : operations.promote(id));
        } else if (dice < 6 || membership.voters().size() <= 1) {
            SimulatedNode joining = anybody();
            operate(operations -> operations.addLearner(
                    joining.id(), "replica:" + joining.id().value(), ""));
            events.after((300 + random.nextLong(2_000)) * MILLI, () -> {
                if (!stopped) {
                    operate(operations -> operations.promote(joining.id()));
                }
            });
        } else {
            ReplicaId leaving = dice == 6
                    ? world.anyLeader().orElseThrow().id()
                    : any(membership.voters()).id();
            // Disks that are lost are the nemesis's own knowledge.
            if (membership.voter(leaving).isPresent()
                    && membership.voters().size() > 1
                    && world.survives(membership.without(leaving), Optional.empty())) {
                operate(operations -> operations.remove(leaving));
            }
        }
    }

    private Member any(List<Member> members) {
        return members.get(random.nextInt(members.size()));
    }

    private void transfer() {
        Optional<ReplicaId> to = random.nextInt(3) == 0
                ? Optional.empty()
                : Optional.of(anybody().id());
        operate(operations -> operations.transferLeadership(to));
    }

    private void prioritise() {
        ReplicaId id = anybody().id();
        int priority = random.nextInt(4);
        operate(operations -> operations.prioritise(id, priority));
    }

    /** As an operator would: asks the leader, who may refuse. */
    private void operate(Function<RaftNode.Operations, CompletableFuture<OperatorResult>> request) {
        world.anyLeader()
                .ifPresent(leader -> leader.inProcess(() -> {
                    CompletableFuture<OperatorResult> unused = request.apply(
                                    leader.replica().operations())
                            .whenComplete((result, failure) -> events.after(0, () -> {
                                if (failure != null) {
                                    throw new Violation(
                                            "an operator's request to replica " + leader.id() + " failed", failure);
                                }
                                world.trace().add(leader.position(), "answers an operator:", result, 6);
                            }));
                }));
    }

    /** As far as each may by itself, again and again: who lags finds nothing that follows its log. */
    private void trimFar(SimulatedNode victim) {
        int times = 1 + random.nextInt(10);
        long spanNanos = (500 + random.nextLong(4_000)) * MILLI;
        if (random.nextInt(3) > 0) {
            victim.kill();
            events.after(random.nextLong(spanNanos), victim::start);
        }
        for (int i = 0; i < times; i++) {
            events.after(random.nextLong(spanNanos), () -> {
                for (SimulatedNode node : world.nodes()) {
                    long upTo = Math.min(node.machine().appliedIndex(), node.neededFromIndex() - 1);
                    node.inProcess(() -> node.replica().trim(upTo));
                }
            });
        }
    }

    /** As far as everybody has it, which takes nothing away from anybody. */
    private void trim() {
        long everywhere = world.checks().committedIndex();
        for (SimulatedNode node : world.nodes()) {
            everywhere = Math.min(everywhere, node.promised().syncedIndex());
            everywhere = Math.min(everywhere, node.machine().durableAppliedIndex());
            everywhere = Math.min(everywhere, node.neededFromIndex() - 1);
        }
        for (long i = everywhere; i > 0; i--) {
            long index = i;
            long term = world.checks().committedTerm(i);
            if (world.nodes().stream().allMatch(n -> n.promised().holds(index, term))) {
                break;
            }
            everywhere = i - 1;
        }
        for (SimulatedNode node : world.nodes()) {
            long upTo = everywhere;
            node.inProcess(() -> node.replica().trim(upTo));
        }
    }
}
