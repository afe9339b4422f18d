package io.argosy.raft.node;

import io.argosy.raft.StateMachine;
import io.argosy.raft.storage.OutgoingSnapshot;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshot that this replica gives to others: taken when somebody asks, kept while it is read, and a while longer,
 * so that its reader finds the log that follows it. On the bulk lane.
 */
final class SnapshotSource {

    private static final Logger log = LoggerFactory.getLogger(SnapshotSource.class);

    /** Unused for so long, it is dropped; also the time in which its reader must begin to follow the log. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Older ones are not given to new readers. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final long NOTHING_PINNED = Long.MAX_VALUE;

    private final StateMachine stateMachine;
    private final ReplicaStore store;
    private Optional<OutgoingSnapshot> current = Optional.empty();
    private long id;
    private long takenNanos;
    private long usedNanos;
    private volatile long pinnedIndex = NOTHING_PINNED;

    SnapshotSource(StateMachine stateMachine, ReplicaStore store) {
        this.stateMachine = stateMachine;
        this.store = store;
    }

    /** The log must not be trimmed above it: a snapshot is being read, and what follows it is needed next. Any thread. */
    long pinnedIndex() {
        return pinnedIndex;
    }

    Bulk.Answer open(long nowNanos) {
        if (current.isEmpty() || nowNanos - takenNanos > FRESH_NANOS) {
            drop();
            if (!store.log().damage().isEmpty()) {
                // An entry that is lost may have changed the membership, which the snapshot must name (R25).
                return new Bulk.Refused(Bulk.Reason.LATER, "log is damaged here: who has it whole is to lead");
            }
            try {
                if (!take(nowNanos)) {
                    drop();
                    return new Bulk.Refused(Bulk.Reason.LATER, "nothing was applied here yet");
                }
            } catch (IOException e) {
                log.warn("cannot take a snapshot for a peer", e);
                drop();
                return new Bulk.Refused(Bulk.Reason.LATER, "taking a snapshot failed: " + e.getMessage());
            }
        }
        usedNanos = nowNanos;
        return new Bulk.Snapshot(id, current.orElseThrow().manifest().encode());
    }

    /** Returns false if there is no state to give: who asks may have heard of a store that was replaced since. */
    private boolean take(long nowNanos) throws IOException {
        // Before the state is written: the term of its index must still be known afterwards.
        pinnedIndex = store.log().firstIndex();
        long index = stateMachine.snapshot(store.checkpointFolder());
        if (index == 0) {
            store.checkpointFolder(); // deletes what was written
            return false;
        }
        OutgoingSnapshot taken = store.offerSnapshot(index);
        current = Optional.of(taken);
        id++;
        takenNanos = nowNanos;
        pinnedIndex = index;
        log.info(
                "took a snapshot for a peer index={} files={} bytes={}",
                index,
                taken.manifest().files().size(),
                taken.manifest().sizeBytes());
        return true;
    }

    Bulk.Answer read(Bulk.ReadSnapshot request, long nowNanos) {
        if (current.isEmpty() || request.snapshot() != id) {
            return new Bulk.Refused(Bulk.Reason.GONE, "snapshot " + request.snapshot() + " is no longer here");
        }
        usedNanos = nowNanos;
        try {
            ByteBuffer bytes = current.get().read(request.file(), request.offset(), request.bytes());
            return new Bulk.Part(bytes, io.argosy.raft.Entry.crcOf(bytes));
        } catch (IllegalArgumentException e) {
            return new Bulk.Refused(Bulk.Reason.GONE, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            log.warn("cannot read a part of a snapshot request={}", request, e);
            return new Bulk.Refused(Bulk.Reason.LATER, String.valueOf(e.getMessage()));
        }
    }

    /** Returns the nanos until there may be something to drop. */
    long step(long nowNanos) {
        if (current.isPresent() && nowNanos - usedNanos > IDLE_NANOS) {
            drop();
        }
        return current.isPresent() ? Math.max(1, usedNanos + IDLE_NANOS - nowNanos + 1) : Long.MAX_VALUE;
    }

    void drop() {
        pinnedIndex = NOTHING_PINNED;
        if (current.isPresent()) {
            try {
                current.get().close();
            } catch (IOException e) {
                // The next start deletes what is left.
                log.warn("cannot delete a snapshot", e);
            }
            current = Optional.empty();
        }
    }
}
