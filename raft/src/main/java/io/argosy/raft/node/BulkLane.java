package io.argosy.raft.node;

import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftStatus.Catchup;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.storage.SnapshotManifest;
import io.argosy.raft.transport.Bulk;
import io.argosy.raft.transport.PeerTransport;
import java.io.IOException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lane of large data: gives snapshots and log to peers, and fetches what this replica lacks. Waits for the disk, so
 * it is a lane of its own; nothing that Raft decides waits for it.
 */
final class BulkLane implements Lane {

    private static final Logger log = LoggerFactory.getLogger(BulkLane.class);

    /** More requests of peers than this are sent away. */
    private static final int TASKS_MAX = 1024;

    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PeerTransport transport;
    private final LongSupplier nanoClock;
    private final Wake wake;
    private final LogSource logSource;
    private final SnapshotSource source;
    private final SnapshotFetch fetch;
    private final LogFetch logFetch;
    private final Scrub scrub;
    private final Queue<Task> tasks = new LinkedBlockingQueue<>();
    private volatile boolean stopped;

    @FunctionalInterface
    interface Task {
        void run() throws IOException;
    }

    BulkLane(
            ReplicaStore store,
            StateMachine stateMachine,
            PeerTransport transport,
            LongSupplier nanoClock,
            LogSource logSource,
            long bytesPerSecond,
            RaftConfig.Scrub scrubbing,
            Consumer<SnapshotManifest> snapshotComplete,
            LogFetch.Surroundings surroundings,
            Runnable damageFound,
            Wake wake) {
        this.transport = transport;
        this.nanoClock = nanoClock;
        this.wake = wake;
        this.logSource = logSource;
        this.source = new SnapshotSource(stateMachine, store);
        Calls calls = new Calls();
        Pace pace = new Pace(bytesPerSecond);
        this.fetch = new SnapshotFetch(store, calls, pace, snapshotComplete);
        this.logFetch = new LogFetch(store, calls, pace, surroundings);
        this.scrub =
                new Scrub(store, stateMachine, scrubbing, damageFound, surroundings::change, nanoClock.getAsLong());
    }

    // ---------------------------------------------------------------------------------------------- for any thread

    /** A peer asks. */
    CompletableFuture<Bulk.Answer> serve(ReplicaId from, Bulk.Request request) {
        if (stopped || tasks.size() > TASKS_MAX) {
            return CompletableFuture.completedFuture(new Bulk.Refused(Bulk.Reason.LATER, "too many requests wait"));
        }
        CompletableFuture<Bulk.Answer> answer = new CompletableFuture<>();
        post(() -> answer.complete(answer(from, request)));
        return answer;
    }

    /** The leader offers a snapshot. */
    void fetchSnapshot(ReplicaId leader) {
        post(() -> fetch.begin(leader, nanoClock.getAsLong()));
    }

    /** The core wants the snapshot that is complete. */
    void publish(boolean keepsLog, Runnable published) {
        post(() -> {
            fetch.publish(keepsLog);
            published.run();
        });
    }

    void discardSnapshot() {
        post(fetch::discard);
    }

    void snapshotInstalled() {
        post(() -> {
            fetch.installed();
            logFetch.restart();
            scrub.restart(nanoClock.getAsLong());
        });
    }

    /** Log may be missing or damaged here. */
    void checkLog() {
        post(() -> logFetch.check(nanoClock.getAsLong()));
    }

    /** Everything at rest is read, now; at this rate, or, if 0, at the configured one. */
    void scrub(long bytesPerSecond) {
        post(() -> scrub.begin(bytesPerSecond, nanoClock.getAsLong()));
    }

    ScrubStatus scrubbed() {
        return scrub.status();
    }

    /** Nothing above it may be trimmed. */
    long pinnedIndex() {
        return source.pinnedIndex();
    }

    Optional<Catchup> progress() {
        return fetch.progress().or(logFetch::progress);
    }

    void post(Task task) {
        tasks.add(task);
        wake.raise();
    }

    /** Ends after the current task. */
    void stop() {
        stopped = true;
        wake.raise();
    }

    // ------------------------------------------------------------------------------------------------ bulk thread

    @Override
    public boolean hasWork() {
        return stopped || !tasks.isEmpty();
    }

    @Override
    public long step() {
        try {
            if (stopped) {
                source.drop();
                scrub.stop();
                return ENDED;
            }
            for (Task task = tasks.poll(); task != null && !stopped; task = tasks.poll()) {
                task.run();
            }
            long now = nanoClock.getAsLong();
            long nextNanos = Math.min(Math.min(fetch.step(now), logFetch.step(now)), source.step(now));
            return Math.min(Math.min(IDLE_NANOS, nextNanos), scrub.step(now));
        } catch (DiskFullException e) {
            // What was being brought here is dropped, which gives its space back, and begun again later (R35).
            log.warn("disk full, nothing is fetched from peers for now reason={}", e.getMessage());
            giveUp();
            return RETRY_NANOS;
        } catch (IOException e) {
            throw new DiskFailure("writing a snapshot failed", e);
        }
    }

    private void giveUp() {
        try {
            fetch.giveUp();
            logFetch.giveUp();
        } catch (IOException e) {
            throw new DiskFailure("giving up a snapshot or a repair failed", e);
        }
    }

    private Bulk.Answer answer(ReplicaId from, Bulk.Request request) {
        long now = nanoClock.getAsLong();
        if (request instanceof Bulk.OpenSnapshot) {
            return source.open(now);
        }
        if (request instanceof Bulk.ReadSnapshot read) {
            return source.read(read, now);
        }
        if (request instanceof Bulk.ReadLog read) {
            return logSource.read(read);
        }
        throw new AssertionError(from + " asked " + request);
    }

    private final class Calls implements BulkCalls {
        @Override
        public void ask(ReplicaId peer, Bulk.Request request, MaybeReceiver receiver) {
            var unused = transport.bulk(peer, request).whenComplete((answer, failure) -> {
                if (failure != null) {
                    log.debug("bulk call failed peer={} request={} reason={}", peer, request, failure.toString());
                }
                post(() -> receiver.receive(Optional.ofNullable(answer)));
            });
        }

        @Override
        public long nowNanos() {
            return nanoClock.getAsLong();
        }
    }
}
