package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.CoreConfig;
import io.argosy.raft.core.Effects;
import io.argosy.raft.core.Effects.LogRead;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Effects.ReadReady;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.RaftCore;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One replica: the core, a driver, a disk lane, an applier. A crash keeps the disk only. */
public final class SimulatedReplica {

    private static final long TICK_NANOS = 10_000_000;

    private final SimulatedCluster cluster;
    private final EventQueue events;
    private final SplittableRandom random;
    private final int position;
    private final ReplicaId id;
    private final CoreConfig config;
    private final SimulatedDisk disk;
    /** Replicas don't share a clock. */
    private final long clockOffsetNanos;

    private @Nullable RaftCore core;
    private int incarnation;
    private boolean electable = true;
    private long pausedUntilNanos;
    private boolean turnDue;
    private final ArrayDeque<Consumer<RaftCore>> held = new ArrayDeque<>();

    private final ArrayDeque<Persist> lane = new ArrayDeque<>();
    private List<Persist> syncing = List.of();
    private long syncStartedNanos;
    private long diskStallUntilNanos;

    /** The log as the driver wrote or is about to write it. */
    private List<Entry> written = new ArrayList<>();

    private long appliedIndex;
    private long nextReadContext;

    SimulatedReplica(
            SimulatedCluster cluster, EventQueue events, SplittableRandom random, int position, CoreConfig config) {
        this.cluster = cluster;
        this.events = events;
        this.random = random;
        this.position = position;
        this.id = config.self();
        this.config = config;
        this.disk = new SimulatedDisk(cluster.membership());
        this.clockOffsetNanos = random.nextLong(1L << 40) - (1L << 39);
    }

    public ReplicaId id() {
        return id;
    }

    int position() {
        return position;
    }

    SimulatedDisk disk() {
        return disk;
    }

    List<Entry> written() {
        return written;
    }

    public long appliedIndex() {
        return appliedIndex;
    }

    public boolean isUp() {
        return core != null;
    }

    public boolean leads() {
        return core != null && core.role() == Role.LEADER;
    }

    /** The running core. */
    public RaftCore core() {
        if (core == null) {
            throw new IllegalStateException("replica " + id + " is down");
        }
        return core;
    }

    boolean isPaused() {
        return pausedUntilNanos > events.nowNanos();
    }

    private long clock() {
        return events.nowNanos() + clockOffsetNanos;
    }

    // ------------------------------------------------------------------------------------------ life and death

    public void start() {
        incarnation++;
        written = disk.copyOfEntries();
        appliedIndex = disk.flushedAppliedIndex();
        core = new RaftCore(config, disk.restore(electable), random.split(), clock());
        cluster.invariants().restarted(this);
        int mine = incarnation;
        events.after(random.nextLong(TICK_NANOS), () -> tick(mine));
        cluster.openStreams(this);
    }

    /** As kill -9: of what was being written, some may have reached the disk. */
    public void crash() {
        if (!syncing.isEmpty()) {
            int whole = random.nextInt(syncing.size() + 1);
            for (int i = 0; i < whole; i++) {
                disk.write(syncing.get(i));
            }
            if (whole < syncing.size()) {
                disk.writeTorn(syncing.get(whole), random);
            }
        }
        long flushed = disk.flushedAppliedIndex();
        disk.flushApplied(flushed + random.nextLong(appliedIndex - flushed + 1));
        core = null;
        lane.clear();
        syncing = List.of();
        held.clear();
        turnDue = false;
        pausedUntilNanos = 0;
    }

    /** As SIGSTOP: what arrives waits. */
    void pause(long spanNanos) {
        pausedUntilNanos = Math.max(pausedUntilNanos, events.nowNanos() + spanNanos);
    }

    void resume() {
        pausedUntilNanos = 0;
        diskStallUntilNanos = 0;
        releaseHeld();
    }

    void stallDisk(long spanNanos) {
        diskStallUntilNanos = events.nowNanos() + spanNanos;
    }

    void electable(boolean value) {
        electable = value;
        input(c -> c.electable(value));
    }

    void trim(long firstIndex) {
        if (core != null && firstIndex <= Math.min(appliedIndex, disk.flushedAppliedIndex()) + 1) {
            disk.trim(firstIndex);
            core.trimmed(firstIndex);
        }
    }

    // ------------------------------------------------------------------------------------------------- inputs

    void receive(ReplicaId from, Message message) {
        input(c -> c.receive(from, message, clock()));
    }

    void peerReset(ReplicaId peer, long session) {
        input(c -> c.peerReset(peer, session));
    }

    void peerUnreachable(ReplicaId peer) {
        input(c -> c.peerUnreachable(peer));
    }

    void peerLost(ReplicaId peer) {
        input(c -> c.peerLost(peer, clock()));
    }

    void resign() {
        input(RaftCore::resign);
    }

    void changeMembership(MembershipChange change) {
        input(c -> c.changeMembership(change, clock()));
    }

    void transferLeadership(Optional<ReplicaId> to) {
        input(c -> c.transferLeadership(to, clock()));
    }

    void propose(long number, int payloadBytes) {
        input(c -> {
            ByteBuffer payload = ByteBuffer.allocate(8 + payloadBytes).putLong(0, number);
            c.propose(EntryType.COMMAND, payload, Entry.crcOf(payload));
        });
    }

    void read() {
        input(c -> {
            long context = nextReadContext++;
            cluster.invariants().readBegan(this, context);
            c.requestRead(context);
        });
    }

    private void tick(int mine) {
        if (mine != incarnation || core == null) {
            return;
        }
        events.after(TICK_NANOS, () -> tick(mine));
        if (!isPaused()) {
            core.tick(clock());
            core.diskHealth(syncing.isEmpty() ? 0 : events.nowNanos() - syncStartedNanos, clock());
            scheduleTurn();
        }
    }

    private void input(Consumer<RaftCore> action) {
        if (core == null) {
            return;
        }
        if (isPaused()) {
            held.add(action);
            int mine = incarnation;
            events.after(pausedUntilNanos - events.nowNanos(), () -> {
                if (mine == incarnation) {
                    releaseHeld();
                }
            });
            return;
        }
        action.accept(core);
        scheduleTurn();
    }

    /** What waited while the process was stopped, in order. */
    private void releaseHeld() {
        while (core != null && !isPaused() && !held.isEmpty()) {
            held.removeFirst().accept(core);
            scheduleTurn();
        }
    }

    // ------------------------------------------------------------------------------------------------- the driver

    /** A turn comes a little later, so that some inputs share it. */
    private void scheduleTurn() {
        if (!turnDue) {
            turnDue = true;
            int mine = incarnation;
            events.after(random.nextLong(100_000), () -> {
                if (mine == incarnation && core != null) {
                    turnDue = false;
                    turn();
                }
            });
        }
    }

    private void turn() {
        RaftCore running = core();
        if (!running.hasEffects()) {
            return;
        }
        Effects effects = running.takeEffects();
        effects.persist().ifPresent(this::enqueue);
        for (Outbound outbound : effects.sendNow()) {
            cluster.send(this, outbound);
        }
        apply(effects.commitIndex());
        for (ReadReady ready : effects.readsReady()) {
            cluster.invariants().readConfirmed(this, ready);
        }
        for (long context : effects.readsFailed()) {
            cluster.invariants().readFailed(this, context);
        }
        for (LogRead read : effects.logReads()) {
            readLog(read);
        }
        cluster.invariants().turned(this);
    }

    private void enqueue(Persist persist) {
        cluster.invariants().persisting(this, persist);
        persist.truncateFrom()
                .ifPresent(index ->
                        written.subList((int) index - 1, written.size()).clear());
        written.addAll(persist.entries());
        lane.add(persist);
        if (syncing.isEmpty()) {
            sync();
        }
    }

    /** One fsync for all requests that wait. */
    private void sync() {
        syncing = new ArrayList<>(lane);
        lane.clear();
        syncStartedNanos = events.nowNanos();
        finishSyncAfter(incarnation, 50_000 + random.nextLong(cluster.fsyncNanos()));
    }

    private void finishSyncAfter(int mine, long delayNanos) {
        events.after(delayNanos, () -> {
            if (mine != incarnation || core == null) {
                return;
            }
            long waitNanos = Math.max(diskStallUntilNanos, pausedUntilNanos) - events.nowNanos();
            if (waitNanos > 0) {
                finishSyncAfter(mine, waitNanos);
                return;
            }
            finishSync(core);
        });
    }

    private void finishSync(RaftCore running) {
        List<Persist> done = syncing;
        syncing = List.of();
        for (Persist persist : done) {
            disk.write(persist);
            running.persisted(persist.sequence());
            for (Outbound outbound : persist.sendAfterDurable()) {
                cluster.send(this, outbound);
            }
        }
        cluster.invariants().synced(this);
        scheduleTurn();
        if (!lane.isEmpty()) {
            sync();
        }
    }

    private void apply(long upTo) {
        while (appliedIndex < upTo) {
            appliedIndex++;
            cluster.invariants().applied(this, written.get((int) appliedIndex - 1));
        }
        core().applied(appliedIndex);
        if (random.nextInt(50) == 0) {
            disk.flushApplied(appliedIndex);
        }
    }

    private void readLog(LogRead read) {
        int mine = incarnation;
        List<Entry> entries = cluster.readFails() ? List.<Entry>of() : disk.read(read.fromIndex(), read.bytesMax());
        events.after(random.nextLong(cluster.fsyncNanos()), () -> {
            if (mine == incarnation) {
                input(c -> c.logRead(read.peer(), read.session(), entries));
            }
        });
    }
}
