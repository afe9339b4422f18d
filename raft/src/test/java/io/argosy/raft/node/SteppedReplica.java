package io.argosy.raft.node;

import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.PeerTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** The production {@link Replica} with its lanes in the hands of the simulator: opens this package's doors, no more. */
public final class SteppedReplica {

    /** Answer of a step after the last one. */
    public static final long ENDED = Lane.ENDED;

    private final Replica replica;
    private final ReplicaStore store;

    /** Who is told that a lane has work. */
    public record Wakes(Runnable loop, Runnable writer, Runnable applier, Runnable bulk, Executor readers) {}

    public SteppedReplica(
            RaftConfig config,
            Disk disk,
            ReplicaStore store,
            StateMachine stateMachine,
            PeerTransport transport,
            Surroundings surroundings,
            Wakes wakes)
            throws IOException {
        Replica.Lanes lanes = new Replica.Lanes(
                wakes.loop()::run, wakes.writer()::run, wakes.applier()::run, wakes.bulk()::run, wakes.readers());
        this.store = store;
        this.replica = new Replica(config, disk, store, stateMachine, transport, surroundings, lanes);
    }

    public void begin() {
        replica.begin();
    }

    /** Nanos until the next step, as {@link Lane#step}. */
    public long stepLoop() {
        return replica.step();
    }

    /** Whether the writer has something to do; then time passes, then {@link #writerPerforms}. */
    public boolean writerGathers() {
        return replica.writer().gather();
    }

    public long writerPerforms() {
        return replica.writer().perform();
    }

    /** For a writer with nothing to do. */
    public long writerIdles() {
        return replica.writer().step();
    }

    public boolean writerHasWork() {
        return replica.writer().hasWork();
    }

    public long stepApplier() {
        return replica.applier().step();
    }

    public boolean applierHasWork() {
        return replica.applier().hasWork();
    }

    public long stepBulk() {
        return replica.bulk().step();
    }

    /** The lane threw. */
    public void fail(String lane, Throwable cause) {
        replica.fail(lane, cause);
    }

    public RaftCore core() {
        return replica.core();
    }

    /** Committed and durable here: may be applied and read. */
    public long targetIndex() {
        return replica.applier().targetIndex();
    }

    public long appliedIndex() {
        return replica.applier().appliedIndex();
    }

    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        replica.propose(payload, payloadCrc, listener);
    }

    public CompletableFuture<Long> readIndex() {
        return replica.readIndex();
    }

    public RaftStatus status() {
        return replica.status();
    }

    public ScrubStatus scrubbed() {
        return replica.scrubbed();
    }

    public CompletableFuture<UUID> bootstrap() {
        return replica.bootstrap();
    }

    public RaftNode.Operations operations() {
        return replica.operations();
    }

    public LogReader log() {
        return replica.log();
    }

    public void trim(long upToIndex) {
        replica.trim(upToIndex);
    }

    /** As before a flush of the state, at once. */
    public void syncLog() {
        try {
            store.log().sync();
        } catch (IOException e) {
            throw new DiskFailure("syncing the log failed", e);
        }
    }

    /** Reads the whole log at once. */
    public void verify() {
        try {
            store.log().verify();
        } catch (IOException e) {
            throw new DiskFailure("reading the log failed", e);
        }
        if (!store.log().damage().isEmpty()) {
            replica.damageFound();
        }
    }
}
