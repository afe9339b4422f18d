package io.argosy.raft.node;

import io.argosy.raft.RaftStatus.Catchup;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.IncomingSnapshot;
import io.argosy.raft.storage.IncomingSnapshot.Part;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.storage.SnapshotManifest;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a snapshot here, part by part. A part that is lost or fails its checksum is asked for again; nothing counts
 * before all of it was read back and compared with the manifest. Then the core decides whether it is still wanted. On
 * the bulk lane.
 */
final class SnapshotFetch {

    private static final Logger log = LoggerFactory.getLogger(SnapshotFetch.class);

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** Without progress for so long, the attempt ends; the leader offers again. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final ReplicaStore store;
    private final BulkCalls calls;
    private final Pace pace;
    private final Consumer<SnapshotManifest> complete;

    private Phase phase = Phase.IDLE;
    private Optional<ReplicaId> source = Optional.empty();
    private Optional<IncomingSnapshot> incoming = Optional.empty();
    private long snapshotId;
    private boolean waiting;
    private long attempt;
    private long dueNanos;
    private long progressNanos;
    private volatile Optional<Catchup> progress = Optional.empty();

    private enum Phase {
        IDLE,
        OPENING,
        RECEIVING,
        /** It is the core's, then the applier's and the writer's turn. */
        HANDED_OVER
    }

    /** @param complete told of a snapshot that is whole; answers by {@link #publish} or {@link #discard} */
    SnapshotFetch(ReplicaStore store, BulkCalls calls, Pace pace, Consumer<SnapshotManifest> complete) {
        this.store = store;
        this.calls = calls;
        this.pace = pace;
        this.complete = complete;
    }

    /** Any thread. */
    Optional<Catchup> progress() {
        return progress;
    }

    /** From this leader, unless it is being fetched from there already. */
    void begin(ReplicaId leader, long nowNanos) {
        if (phase == Phase.HANDED_OVER
                || (phase != Phase.IDLE && source.filter(leader::equals).isPresent())) {
            return;
        }
        end();
        log.info("fetching a snapshot from={}", leader);
        phase = Phase.OPENING;
        source = Optional.of(leader);
        dueNanos = nowNanos;
        progressNanos = nowNanos;
    }

    /** Returns the nanos until the next step. */
    long step(long nowNanos) throws IOException {
        if (phase != Phase.OPENING && phase != Phase.RECEIVING) {
            return Long.MAX_VALUE;
        }
        if (nowNanos - progressNanos > PATIENCE_NANOS) {
            log.warn("no snapshot comes, giving up until it is offered again from={}", source);
            discard();
            return Long.MAX_VALUE;
        }
        long waitNanos = Math.max(dueNanos - nowNanos, pace.waitNanos(nowNanos));
        if (waiting || waitNanos > 0) {
            return waiting ? PATIENCE_NANOS : waitNanos;
        }
        if (phase == Phase.OPENING) {
            ask(new Bulk.OpenSnapshot(), answer -> opened(answer, calls.nowNanos()));
        } else {
            Optional<Part> part = incoming.orElseThrow().next(Bulk.PART_BYTES_MAX);
            if (part.isPresent()) {
                Part wanted = part.get();
                ask(
                        new Bulk.ReadSnapshot(snapshotId, wanted.file(), wanted.offset(), wanted.bytes()),
                        answer -> received(wanted, answer, calls.nowNanos()));
            } else {
                check();
            }
        }
        return PATIENCE_NANOS;
    }

    private void ask(Bulk.Request request, BulkCalls.Receiver receiver) {
        long asked = ++attempt;
        waiting = true;
        calls.ask(source.orElseThrow(), request, answer -> {
            if (asked != attempt) {
                return; // meanwhile everything began anew
            }
            waiting = false;
            if (answer.isEmpty()) {
                dueNanos = calls.nowNanos() + RETRY_NANOS;
            } else {
                receiver.receive(answer.get());
            }
        });
    }

    private void opened(Bulk.Answer answer, long nowNanos) throws IOException {
        if (answer instanceof Bulk.Snapshot opened) {
            Optional<SnapshotManifest> manifest = SnapshotManifest.decode(opened.manifest());
            if (manifest.isPresent()) {
                snapshotId = opened.id();
                incoming = Optional.of(store.receiveSnapshot(manifest.get()));
                phase = Phase.RECEIVING;
                progressNanos = nowNanos;
                show();
                return;
            }
            log.warn("a snapshot's manifest cannot be read from={}", source);
        }
        dueNanos = nowNanos + RETRY_NANOS;
    }

    private void received(Part wanted, Bulk.Answer answer, long nowNanos) throws IOException {
        if (answer instanceof Bulk.Part part) {
            pace.moved(part.bytes().remaining(), nowNanos);
            if (incoming.orElseThrow().write(wanted, part.bytes(), part.crc())) {
                progressNanos = nowNanos;
                show();
                return;
            }
            log.warn("a part of a snapshot failed its checksum, asking again from={} part={}", source, wanted);
        } else if (answer instanceof Bulk.Refused refused && refused.reason() == Bulk.Reason.GONE) {
            log.info("the snapshot was dropped meanwhile, beginning with another from={}", source);
            incoming.orElseThrow().close();
            phase = Phase.OPENING;
        }
        dueNanos = nowNanos + RETRY_NANOS;
    }

    private void check() throws IOException {
        IncomingSnapshot whole = incoming.orElseThrow();
        if (whole.verify()) {
            phase = Phase.HANDED_OVER;
            complete.accept(whole.manifest());
        } else {
            log.error("a snapshot arrived that its manifest does not fit, beginning anew from={}", source);
            discard();
        }
    }

    private void show() {
        IncomingSnapshot receiving = incoming.orElseThrow();
        progress = Optional.of(new Catchup(
                "snapshot",
                source.orElseThrow(),
                receiving.receivedBytes(),
                receiving.manifest().sizeBytes()));
    }

    /** The core wants it: from now on a crash leads to its installation. */
    void publish(boolean keepsLog) throws IOException {
        IncomingSnapshot whole = incoming.orElseThrow();
        whole.close();
        try {
            whole.publish(keepsLog);
        } catch (DiskFullException e) {
            // The core takes no more entries until it is installed: the next start begins before all this.
            throw new IOException("no space to publish a snapshot", e);
        }
    }

    /** It is installed, and its files are gone. */
    void installed() {
        end();
    }

    /** It is of no use. */
    void discard() throws IOException {
        if (incoming.isPresent()) {
            incoming.get().close();
        }
        store.discardSnapshot();
        end();
    }

    /** There is no space for it; the leader offers another. */
    void giveUp() throws IOException {
        if (phase == Phase.OPENING || phase == Phase.RECEIVING) {
            discard();
        }
    }

    private void end() {
        attempt++;
        waiting = false;
        phase = Phase.IDLE;
        source = Optional.empty();
        incoming = Optional.empty();
        progress = Optional.empty();
    }
}
