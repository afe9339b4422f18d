package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.node.FailureHook;
import io.argosy.raft.node.SteppedReplica;
import io.argosy.raft.node.SteppedReplica.Wakes;
import io.argosy.raft.node.Surroundings;
import io.argosy.raft.storage.DamagedStoreException;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.storage.ReplicaStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One machine: a disk, a clock, and while it is up the process of one replica, whose lanes it steps. */
public final class SimulatedNode {

    private static final long MILLI = Swarm.MILLI;
    private static final long REACTION_NANOS = 50_000;

    private final World world;
    private final EventQueue events;
    private final SplittableRandom random;
    private final int position;
    private final RaftConfig config;
    private final Workload workload;
    private SimulatedMachine machine;
    private Promised promised;
    /** What the disk held that was taken out. */
    private Optional<Promised> ghost = Optional.empty();

    private Optional<Membership> membership = Optional.empty();
    private Optional<UUID> storeUuid = Optional.empty();
    private final double drift;
    private long clockOffsetNanos;

    private FaultyDisk disk;
    private @Nullable Life life;
    private long pausedUntilNanos;
    private long diskStalledUntilNanos;
    private long applyStalledUntilNanos;
    private boolean damageable;
    private boolean broken;
    private boolean errorInjected;
    private boolean diskFailed;
    private boolean torn;
    private long ledTerm;

    SimulatedNode(World world, SplittableRandom random, int position, RaftConfig config, Workload workload) {
        this.world = world;
        this.events = world.events();
        this.random = random;
        this.position = position;
        this.config = config;
        this.workload = workload;
        this.machine = workload.machine(position, new CurrentDisk(() -> this.disk));
        this.disk = new FaultyDisk(random.split());
        this.promised = new Promised(this, world.checks());
        this.clockOffsetNanos = random.nextLong(1L << 40) - (1L << 39);
        this.drift = world.swarm().has(FaultClass.CLOCK) ? (random.nextDouble() * 2 - 1) * world.swarm().driftMax : 0;
    }

    public ReplicaId id() {
        return config.self();
    }

    int position() {
        return position;
    }

    Promised promised() {
        return promised;
    }

    Counts counts() {
        return world.counts();
    }

    FaultyDisk disk() {
        return disk;
    }

    Path folder() {
        return config.dataFolder();
    }

    SimulatedMachine machine() {
        return machine;
    }

    public boolean isUp() {
        return life != null;
    }

    boolean isPaused() {
        return pausedUntilNanos > events.nowNanos();
    }

    public boolean leads() {
        return life != null && core().role() == Role.LEADER;
    }

    public SteppedReplica replica() {
        if (life == null) {
            throw new IllegalStateException("replica " + id() + " is down");
        }
        return life.replica;
    }

    public RaftCore core() {
        return replica().core();
    }

    long appliedIndex() {
        return machine.appliedIndex();
    }

    /** Its disk may hold bytes that nobody wrote. */
    boolean damageable() {
        return damageable;
    }

    /** Its group may acknowledge before it syncs. */
    boolean isAsync() {
        return world.swarm().has(FaultClass.ASYNC);
    }

    void damaged() {
        damageable = true;
    }

    /** Its log may have damage, for which it need not be as good as others until it is repaired. */
    boolean excused() {
        return damageable || promised.isDoubtful();
    }

    /** Its disk is another one than that which the group knows. */
    boolean wiped() {
        return ghost.isPresent();
    }

    /** In force here, as far as it ever knew. */
    Optional<Membership> membership() {
        return membership;
    }

    /** It belongs to no group, or its name there is another store's. */
    boolean isStranger() {
        return membership
                .filter(m ->
                        storeUuid.filter(uuid -> !m.givesToAnother(id(), uuid)).isPresent())
                .isEmpty();
    }

    /** Synced here once, if only on a disk that was taken out since. */
    boolean heldOnce(long index, long term) {
        return promised.heldOnce(index, term)
                || ghost.filter(g -> g.holds(index, term)).isPresent();
    }

    /** Somebody puts an empty disk in. */
    void wipe() {
        die("is wiped", false);
        disk = new FaultyDisk(random.split());
        ghost = Optional.of(promised);
        promised = new Promised(this, world.checks());
        machine = workload.machine(position, new CurrentDisk(() -> this.disk));
        membership = Optional.empty();
        storeUuid = Optional.empty();
        torn = false;
    }

    /** For a while no more than these bytes can be written. */
    void fillDisk(int freeBytes, long spanNanos) {
        FaultyDisk filled = disk;
        filled.fill(freeBytes);
        world.trace()
                .add(
                        position,
                        "disk full",
                        "for " + spanNanos / MILLI + " ms, " + freeBytes + " bytes free",
                        spanNanos);
        events.after(spanNanos, () -> disk.quota(Long.MAX_VALUE));
    }

    /** It refuses to start, rightly: its disk is damaged. */
    boolean broken() {
        return broken;
    }

    /** The last term that it led in this life. */
    long ledTerm() {
        return ledTerm;
    }

    void leads(long term) {
        ledTerm = term;
    }

    /** Term of an entry in this replica's log as it stands in memory. */
    long termAt(long index) {
        return core().cached(index).map(Entry::term).orElseGet(() -> promised.termAt(index));
    }

    int incarnation() {
        return life == null ? -1 : life.number;
    }

    // ------------------------------------------------------------------------------------------ life and death

    private int lives;
    private int livesThen;
    private long scrubsExpected;

    void start() {
        if (life != null || broken) {
            return;
        }
        machine.restart();
        errorInjected = false;
        if (world.breaksOff(random, 12)) {
            disk.losePowerAt(1 + random.nextInt(25));
        }
        Life begun = new Life(++lives);
        try {
            LocalStore store = LocalStore.openStepped(disk, folder(), config.storage(), this::uuid);
            ReplicaStore watched = promised.watch(store, damageable);
            diskFailed = false;
            if (store.publishedSnapshot().isEmpty()) {
                requireSoundState(store.log().firstIndex());
            }
            begun.store = store;
            storeUuid = Optional.of(store.storeUuid());
            begun.replica = new SteppedReplica(
                    config,
                    disk,
                    watched,
                    begun,
                    world.wires().transport(this),
                    new Surroundings(begun, random.split(), this::uuid, Thread::new, begun),
                    begun.wakes());
        } catch (DamagedStoreException e) {
            if (!damageable) {
                throw world.checks().violated(this, "R3 refuses to start: " + e.getMessage());
            }
            broken = true;
            world.trace().add(position, "refuses to start:", e, 1);
            return;
        } catch (IOException e) {
            if (!disk.powerLost()) {
                throw new Violation("starting replica " + id(), e);
            }
            world.trace().add(position, "loses power", "while it starts", 3);
            begun.ended = true;
            disk = disk.crash();
            world.restartLater(this);
            return;
        } catch (DiedException e) {
            begun.ended = true;
            disk = disk.crash();
            world.restartLater(this);
            return;
        }
        life = begun;
        ledTerm = 0;
        world.trace()
                .add(
                        position,
                        "starts",
                        "with entries up to " + promised.lastIndex() + ", " + Words.of(promised.hardState()),
                        2);
        world.checks().started(this);
        begun.begin();
    }

    /** R23, D11: what the log no longer has is in the state, and the state is whole. */
    private void requireSoundState(long firstIndex) {
        world.checks().require(!torn, this, "R24 starts with a state that was half restored");
        world.checks()
                .require(
                        firstIndex - 1 <= machine.durableAppliedIndex(),
                        this,
                        "R23 log begins at " + firstIndex + ", state ends at " + machine.durableAppliedIndex());
    }

    /** The power goes in the middle of one of the next operations of the disk, whoever does it. */
    void losePowerSoon(int operations) {
        disk.losePowerAt(1 + random.nextInt(operations));
        world.trace().add(position, "loses power", "soon", 3);
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    /** The process dies, the machine lives on. */
    void kill() {
        die("is killed", random.nextInt(3) == 0);
        disk.processDied();
    }

    /** The machine loses power: what was not synced may be gone. */
    void losePower() {
        die("loses power", random.nextInt(3) == 0);
        promised.powerLost();
        disk = disk.crash();
    }

    private void die(String how, boolean inTheMiddleOfAWrite) {
        Life dying = life;
        if (dying == null) {
            return;
        }
        if (inTheMiddleOfAWrite) {
            dying.breakOffWrite(1 + random.nextInt(6));
        }
        world.trace().add(position, how, "", 3);
        dying.ended = true;
        life = null;
        pausedUntilNanos = 0;
        diskStalledUntilNanos = 0;
        applyStalledUntilNanos = 0;
        errorInjected = false;
        world.wires().died(this);
        world.clients().died(this);
    }

    void pause(long spanNanos) {
        pausedUntilNanos = Math.max(pausedUntilNanos, events.nowNanos() + spanNanos);
        world.trace().add(position, "pauses", "for " + spanNanos / MILLI + " ms", spanNanos);
    }

    void stallDisk(long spanNanos) {
        diskStalledUntilNanos = Math.max(diskStalledUntilNanos, events.nowNanos() + spanNanos);
        world.trace().add(position, "disk hangs", "for " + spanNanos / MILLI + " ms", spanNanos);
    }

    void stallApply(long spanNanos) {
        applyStalledUntilNanos = Math.max(applyStalledUntilNanos, events.nowNanos() + spanNanos);
    }

    void jumpClock(long spanNanos) {
        clockOffsetNanos += spanNanos;
        world.trace().add(position, "clock", "jumps " + spanNanos / MILLI + " ms", spanNanos);
    }

    /** In an asynchronous group: its log has an unknown end, or will have one after its next start. */
    boolean mayHaveLostEntries() {
        return errorInjected || diskFailed || promised.hardState().reached().isUnknown();
    }

    /** One of the next operations of the disk fails. */
    void failDisk(int operations) {
        errorInjected = true;
        disk.failAt(1 + random.nextInt(operations));
        world.trace().add(position, "disk errs", "soon", 4);
    }

    /** A pause ends by itself: what came meanwhile waits for its end, and must not be overtaken. */
    void heal() {
        diskStalledUntilNanos = 0;
        applyStalledUntilNanos = 0;
        disk.failAt(-disk.operations() - 1);
        disk.losePowerAt(-disk.operations() - 1);
        disk.quota(Long.MAX_VALUE);
    }

    /** Runs the action as the process of this moment would: later if it is stopped, never if it is dead by then. */
    void inProcess(Runnable action) {
        Life now = life;
        if (now != null) {
            now.receive(action);
        }
    }

    @Override
    public String toString() {
        if (life == null) {
            return id() + (broken ? " broken" : " down") + " synced=" + promised.syncedIndex();
        }
        RaftCore core = core();
        return id() + " " + core.role() + " term=" + core.term() + " last=" + core.lastIndex() + " durable="
                + core.durableIndex() + " commit=" + core.commitIndex() + " applied=" + appliedIndex()
                + (isPaused() ? " paused" : "")
                + (damageable ? " damageable" : "")
                + (wiped() ? " wiped" : "")
                + (leads() ? " " + core.peers() : "");
    }

    /** The process from start to death. */
    private final class Life implements FailureHook, StateMachine, LongSupplier {
        private final int number;
        private final SteppedLane loop = new SteppedLane("loop", this::stepLoop, () -> true);
        private final SteppedLane writer = new SteppedLane("log-writer", this::stepWriter, this::writerHasWork);
        private final SteppedLane applier = new SteppedLane("applier", this::stepApplier, this::applierHasWork);
        private final SteppedLane bulk = new SteppedLane("bulk", this::stepBulk, () -> true);
        private @Nullable LocalStore store;
        private SteppedReplica replica;
        private boolean ended;
        private boolean writing;
        /** What came during a pause. */
        private final ArrayDeque<Runnable> held = new ArrayDeque<>();

        @SuppressWarnings("NullAway.Init")
        Life(int number) {
            this.number = number;
        }

        Wakes wakes() {
            return new Wakes(loop::wake, writer::wake, applier::wake, bulk::wake, this::read);
        }

        void begin() {
            guarded("start", () -> {
                replica.begin();
            });
            loop.wake();
            writer.wake();
            applier.wake();
            later(world.swarm().maintainNanos, this::maintain);
            later(random.nextLong(2 * world.swarm().flushMeanNanos), this::flush);
            if (!world.swarm().scrubs()) {
                later(
                        random.nextLong(1_000 * MILLI),
                        () -> guarded("verify", () -> {
                            replica.verify();
                        }));
            }
        }

        private void later(long delayNanos, Runnable action) {
            events.after(delayNanos, () -> {
                if (!ended) {
                    receive(action);
                }
            });
        }

        private void receive(Runnable action) {
            if (ended) {
                return;
            }
            if (held.isEmpty() && !isPaused()) {
                action.run();
                return;
            }
            held.add(action);
            if (held.size() == 1) {
                events.after(pausedUntilNanos - events.nowNanos(), this::release);
            }
        }

        /** In the order in which it came: a pause may have been followed by another one. */
        private void release() {
            if (isPaused()) {
                events.after(pausedUntilNanos - events.nowNanos(), this::release);
                return;
            }
            List<Runnable> all = List.copyOf(held);
            held.clear();
            for (Runnable action : all) {
                receive(action);
            }
        }

        @Override
        public long getAsLong() {
            return clockOffsetNanos + events.nowNanos() + (long) (events.nowNanos() * drift);
        }

        private void maintain() {
            if (diskStalledUntilNanos <= events.nowNanos()) {
                guarded("log-keeper", () -> {
                    try {
                        if (store != null) {
                            store.maintain();
                        }
                    } catch (IOException e) {
                        // The keeper's thread ends the log, and the writer finds out.
                        if (!errorInjected && !disk.powerLost()) {
                            throw new Violation("maintaining the store of replica " + id(), e);
                        }
                        failed(FailureHook.DISK_FAILED, e);
                    }
                });
            }
            later(world.swarm().maintainNanos, this::maintain);
        }

        private void flush() {
            if (isAsync()) {
                // The state must not be durable in front of the log.
                guarded("flush", () -> {
                    replica.syncLog();
                });
            }
            if (!ended) {
                machine.makeDurable();
            }
            later(random.nextLong(2 * world.swarm().flushMeanNanos), this::flush);
        }

        private void read(Runnable task) {
            long delay =
                    world.swarm().has(FaultClass.READ_DELAY) ? random.nextLong(50 * MILLI) : random.nextLong(MILLI);
            later(
                    delay,
                    () -> guarded("reader", () -> {
                        task.run();
                    }));
        }

        private long stepLoop() {
            long wait = replica.stepLoop();
            if (!ended) {
                RaftCore core = replica.core();
                membership = core.membership().map(ConfigAt::membership);
                world.trace().mix(position + (core.role() == Role.LEADER ? 10 : 0) + core.term() * 100L);
                world.trace().mix(core.lastIndex() << 40 ^ core.durableIndex() << 20 ^ core.commitIndex());
                world.checks().turned(SimulatedNode.this);
            }
            return wait;
        }

        private long stepWriter() {
            if (!writing) {
                if (!replica.writerGathers()) {
                    return replica.writerIdles();
                }
                writing = true;
                return exponential(world.swarm().fsyncMeanNanos);
            }
            long stalled = diskStalledUntilNanos - events.nowNanos();
            if (stalled > 0) {
                return stalled;
            }
            writing = false;
            return replica.writerPerforms();
        }

        private boolean writerHasWork() {
            return replica.writerHasWork();
        }

        private boolean applierHasWork() {
            return replica.applierHasWork();
        }

        private long stepBulk() {
            return replica.stepBulk();
        }

        private long stepApplier() {
            long stalled = applyStalledUntilNanos - events.nowNanos();
            return stalled > 0 ? stalled : replica.stepApplier();
        }

        void breakOffWrite(int operations) {
            if (writing) {
                disk.losePowerAt(operations);
                try {
                    replica.writerPerforms();
                } catch (RuntimeException e) {
                    world.trace().add(position, "broke off", "after " + operations + " operations", operations);
                }
            }
        }

        private void guarded(String lane, Runnable step) {
            try {
                step.run();
            } catch (RuntimeException e) {
                replica.fail(lane, e);
            }
        }

        @Override
        public void failed(int exitCode, Throwable cause) {
            if (ended) {
                return;
            }
            if (disk.powerLost()) {
                losePower();
                world.restartLater(SimulatedNode.this);
                return;
            }
            if (exitCode != FailureHook.DISK_FAILED || !errorInjected) {
                throw new Violation("replica " + id() + " stopped itself: " + cause + "; " + world.describe(), cause);
            }
            world.counts().diskErrorsHit++;
            diskFailed = true;
            // Halts at once, so that nothing of this step has any effect any more.
            die("halts", false);
            disk.processDied();
            world.restartLater(SimulatedNode.this);
        }

        // The state machine, watched.

        @Override
        public long durableAppliedIndex() {
            return machine.durableAppliedIndex();
        }

        @Override
        public void apply(List<Entry> entries) {
            for (Entry entry : entries) {
                world.checks().applied(SimulatedNode.this, entry);
            }
            machine.apply(entries);
            world.states().compare(SimulatedNode.this);
        }

        @Override
        public long snapshot(Path toFolder) throws IOException {
            long index = machine.snapshot(toFolder);
            world.counts().snapshotsTaken++;
            world.states().compareNow(SimulatedNode.this);
            world.trace().add(position, "snapshot", "up to entry " + index, index);
            return index;
        }

        /** A power failure in the middle leaves a state that is neither the old one nor the new one. */
        @Override
        public void restore(Path fromFolder) throws IOException {
            boolean dies = world.breaksOff(random, 4);
            if (dies && random.nextBoolean()) {
                torn = true;
                throw dieRestoring();
            }
            machine.restore(fromFolder);
            torn = false;
            world.counts().snapshotsRestored++;
            world.states().compareNow(SimulatedNode.this);
            world.trace()
                    .add(
                            position,
                            "restores",
                            "the state up to entry " + machine.appliedIndex(),
                            machine.appliedIndex());
            if (dies) {
                throw dieRestoring();
            }
        }

        private DiedException dieRestoring() {
            if (life == this) {
                losePower();
                world.restartLater(SimulatedNode.this);
            }
            return new DiedException();
        }

        @Override
        public long neededFromIndex() {
            return SimulatedNode.this.neededFromIndex();
        }

        @Override
        public void roleChanged(RoleChange change) {
            world.trace().add(position, "becomes", change, change.term());
            machine.roleChanged(change);
        }

        /** One lane on virtual time: at most one event of it counts. */
        private final class SteppedLane {
            private final String name;
            private final LongSupplier step;
            private final BooleanSupplier hasWork;
            private final EventQueue.Event next = new EventQueue.Event(this::due);
            /** Waits for the disk, or stands still on purpose: nobody can hurry it. */
            private boolean busy;

            SteppedLane(String name, LongSupplier step, BooleanSupplier hasWork) {
                this.name = name;
                this.step = step;
                this.hasWork = hasWork;
            }

            void wake() {
                if (!busy) {
                    schedule(events.nowNanos() + 1 + random.nextLong(REACTION_NANOS));
                }
            }

            private void schedule(long atNanos) {
                if (!ended && (!next.isWaiting() || atNanos < next.atNanos())) {
                    events.at(next, atNanos);
                }
            }

            private void due() {
                if (!ended) {
                    busy = false;
                    run();
                }
            }

            private void run() {
                if (isPaused()) {
                    busy = true;
                    schedule(pausedUntilNanos);
                    return;
                }
                long wait;
                try {
                    wait = step.getAsLong();
                    if (wait == 0 && !ended && !hasWork.getAsBoolean()) {
                        // Nothing is left: it finds that out at once, and rests.
                        wait = step.getAsLong();
                    }
                } catch (RuntimeException e) {
                    replica.fail(name, e);
                    return;
                }
                if (wait != SteppedReplica.ENDED && !ended) {
                    busy = (writing && this == writer)
                            || (this == applier && applyStalledUntilNanos > events.nowNanos());
                    schedule(events.nowNanos() + Math.max(wait, 1 + random.nextLong(10_000)));
                }
            }
        }
    }

    /** From now on nothing is damaged any more: what is must be found and repaired by the scrub alone. */
    void expectScrubbing() {
        // One may be under way: the one behind it begins from here.
        scrubsExpected = life == null ? 1 : replica().scrubbed().finished() + 2;
        livesThen = lives;
    }

    private boolean isScrubbed() {
        ScrubStatus status = replica().scrubbed();
        return !world.swarm().scrubs()
                || (status.finished() >= (lives == livesThen ? scrubsExpected : 1)
                        && status.open().stream().allMatch(this::isInADamagedFile));
    }

    /**
     * Damaged entries are judged by {@link #isUndamaged}. Those that all others have trimmed stay until they are trimmed
     * here as well, and until then their file can't be written anew, whatever else it has lost.
     */
    private boolean isInADamagedFile(String open) {
        return replica().status().damage().stream().anyMatch(damage -> open.startsWith(damage.file() + ": "));
    }

    /** Nothing is damaged or missing here. */
    boolean isWhole() {
        RaftStatus status = replica().status();
        return !status.hollow() && isScrubbed() && isUndamaged();
    }

    /** R32: what was damaged was found and written anew, so that it is in nobody's way at the next start. */
    void restartScrubbed() {
        if (world.swarm().scrubs()) {
            kill();
            start();
            world.checks().require(life != null, this, "R32 was scrubbed and does not start");
            world.checks().require(isUndamaged(), this, "R32 was scrubbed and is damaged when it starts");
        }
    }

    private boolean isUndamaged() {
        return replica().status().damage().stream().allMatch(damage -> damage.toIndex() < comparableFrom());
    }

    /**
     * Others hold the log from there on. A file that lost entries in front of that as well is not repaired while a member is
     * gone that may have them: nothing is left out then, unless an operator removes that member.
     */
    private long comparableFrom() {
        long from = world.repairableFrom(this);
        List<Damage> damage = replica().status().damage();
        Set<String> waiting = damage.stream()
                .filter(d -> world.anyBroken() && d.fromIndex() < from)
                .map(Damage::file)
                .collect(Collectors.toSet());
        return damage.stream()
                .filter(d -> waiting.contains(d.file()))
                .mapToLong(d -> d.toIndex() + 1)
                .reduce(from, Math::max);
    }

    /** Reads all of the log that is committed and that others have: it must be there, and be the same (E4). */
    void compareLog() {
        long index = Math.max(replica().status().firstIndex(), comparableFrom());
        try {
            while (index <= appliedIndex()) {
                for (Entry entry : promised.read(index, 1 << 20)) {
                    if (entry.index() <= world.checks().committedIndex()) {
                        world.checks().shown(this, entry, "the log in the end");
                    }
                    index = entry.index() + 1;
                }
            }
        } catch (IOException | RuntimeException e) {
            throw new Violation(
                    "replica " + id() + " cannot read entry " + index + " in the end: " + e + " "
                            + replica().status(),
                    e);
        }
    }

    /** Bodies that the state refers to; of no interest to most seeds. */
    long neededFromIndex() {
        return world.swarm().has(FaultClass.BACKFILL) ? machine.neededFromIndex() : Long.MAX_VALUE;
    }

    /** It was killed in the middle of something that is not told how. */
    private static final class DiedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DiedException() {
            super("the power is gone", null, false, false);
        }
    }

    private long exponential(long meanNanos) {
        return (long) (-Math.log(1 - random.nextDouble()) * meanNanos);
    }
}
