package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.Message;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.RaftLog;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.PeerTransport;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The append lane: makes requests durable in their order, then releases the messages that waited for it. All requests
 * that queued up during one fsync share the next one: that is the group commit. The only lane that writes the store. The
 * queue is bounded by what the core lets be uncommitted or in flight.
 *
 * <p>A step has two halves, {@link #gather} and {@link #perform}. The simulator lets time pass between them, as much as
 * the disk takes.
 */
final class LogWriter implements Lane {

    private static final Logger log = LoggerFactory.getLogger(LogWriter.class);

    private static final long BATCH_BYTES_MAX = 4 << 20;
    private static final long ASYNC_SYNC_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long SPACE_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long DISK_FULL_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long SLOW_LINE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long RESERVE_BYTES_MIN = 1 << 20;
    private static final long RESERVE_BYTES_MAX = 64 << 20;

    private final RaftConfig config;
    private final Disk disk;
    private final ReplicaStore store;
    private final RaftLog raftLog;
    private final PeerTransport transport;
    private final LongSupplier nanoClock;
    private final Events events;
    private final Wake wake;
    private final Queue<Task> queue = new MpscUnboundedArrayQueue<>(256);
    /** Taken from the queue and not yet done. */
    private final ArrayDeque<Task> taken = new ArrayDeque<>();
    /** Gathered, to be performed now. */
    private @Nullable Task gathered;
    /** Writes of the batch under way that are not done yet; the first one again after the disk was full. */
    private final ArrayDeque<DiskAction> writes = new ArrayDeque<>();
    /** What the batch under way carries. */
    private List<Persist> requests = List.of();

    private long batchBytes;

    private final AtomicLong queuedBytes = new AtomicLong();
    private final long maxBytes;
    private final long reserveBytes;
    private final long slowNanos;

    private volatile long persistedSequence;
    /** 0 if no write or fsync runs. Nanos that happen to be 0 are counted as 1. */
    private volatile long ioSinceNanos;

    private final AtomicLong writableBytes = new AtomicLong();
    private volatile boolean full;
    private volatile boolean finishing;
    private volatile boolean stopped;

    /** What the group wants: acknowledge before the sync (D3). */
    private volatile boolean async;
    /** What the store was told. */
    private boolean asyncNow;

    private boolean unsynced;
    private long nextSyncNanos;
    private long nextSpaceCheckNanos;
    private long slowestNanos;
    private long nextSlowLineNanos;

    /** What the loop is told; called on the writer thread. */
    interface Events {
        /** {@link #persistedSequence} rose. */
        void persisted();

        void adopted(Membership membership, CompletableFuture<Void> answer);

        void trimmed(long firstIndex);
    }

    private sealed interface Task {
        record Write(Persist request, long sizeBytes) implements Task {}

        record Adopt(String groupName, Membership membership, long recoveryEpoch, CompletableFuture<Void> answer)
                implements Task {}

        record Trim(long upToIndex) implements Task {}

        /** Something rare. */
        record Change(DiskAction action, Runnable done) implements Task {}
    }

    @FunctionalInterface
    interface DiskAction {
        void run() throws IOException;
    }

    LogWriter(
            RaftConfig config,
            Disk disk,
            ReplicaStore store,
            PeerTransport transport,
            LongSupplier nanoClock,
            Events events,
            Wake wake)
            throws IOException {
        this.wake = wake;
        this.config = config;
        this.disk = disk;
        this.store = store;
        this.raftLog = store.log();
        this.transport = transport;
        this.nanoClock = nanoClock;
        this.slowNanos = config.timing().electionMin().toNanos() / 2;
        this.nextSlowLineNanos = nanoClock.getAsLong();
        this.events = events;
        long usable = disk.usableBytes(config.dataFolder());
        this.maxBytes = config.storage().maxBytes() > 0 ? config.storage().maxBytes() : Long.MAX_VALUE;
        this.reserveBytes = Math.max(RESERVE_BYTES_MIN, Math.min(RESERVE_BYTES_MAX, usable / 16));
        checkSpace();
    }

    // ---------------------------------------------------------------------------------------------- for any thread

    void persist(Persist request) {
        long bytes = 0;
        for (Entry entry : request.entries()) {
            bytes += entry.frameBytes();
        }
        queuedBytes.addAndGet(bytes);
        queue.add(new Task.Write(request, bytes));
        wake.raise();
    }

    /** From the next batch on. */
    void async(boolean wanted) {
        async = wanted;
    }

    void adopt(String groupName, Membership membership, long recoveryEpoch, CompletableFuture<Void> answer) {
        queue.add(new Task.Adopt(groupName, membership, recoveryEpoch, answer));
        wake.raise();
    }

    void trim(long upToIndex) {
        queue.add(new Task.Trim(upToIndex));
        wake.raise();
    }

    /** Changes the store between two batches; {@code done} is called on the writer's lane. */
    void change(DiskAction action, Runnable done) {
        queue.add(new Task.Change(action, done));
        wake.raise();
    }

    long persistedSequence() {
        return persistedSequence;
    }

    /** Age of the oldest unfinished write or fsync, 0 if none. */
    long oldestPendingNanos(long nowNanos) {
        long since = ioSinceNanos;
        return since == 0 ? 0 : Math.max(0, nowNanos - since);
    }

    /** Why bytes that are proposed now should not enter the log: refused here, they cannot fill the disk later. */
    Optional<String> refusal(long proposedBytes) {
        if (full) {
            return Optional.of("disk full: the log cannot be written");
        }
        long writable = writableBytes.get() - queuedBytes.get();
        return proposedBytes <= writable
                ? Optional.empty()
                : Optional.of("disk full: " + Math.max(0, writable) + " bytes may still be written to the log");
    }

    /** Does what is queued, then ends. */
    void finish() {
        finishing = true;
        wake.raise();
    }

    /** Ends as soon as the current action returns; reports nothing more. */
    void stop() {
        stopped = true;
        wake.raise();
    }

    // ----------------------------------------------------------------------------------------------- writer thread

    @Override
    public long step() {
        if (stopped) {
            return ENDED;
        }
        if (gather()) {
            return perform();
        }
        if (finishing) {
            sync();
            while (!writes.isEmpty() && !stopped) {
                performWrites();
            }
            return ENDED;
        }
        long now = nanoClock.getAsLong();
        if (unsynced && now - nextSyncNanos >= 0) {
            sync();
            return performWrites() ? 0 : DISK_FULL_RETRY_NANOS;
        }
        if (now - nextSpaceCheckNanos >= 0) {
            disk(this::checkSpace);
        }
        return unsynced ? nextSyncNanos - now : SPACE_CHECK_NANOS;
    }

    @Override
    public boolean hasWork() {
        return finishing || stopped || (!full && !queue.isEmpty());
    }

    /** Takes what the next {@link #perform} is to do; false if there is nothing. */
    boolean gather() {
        if (writes.isEmpty() && gathered == null) {
            take();
            gathered = taken.poll();
            if (gathered instanceof Task.Write write) {
                gatherBatch(write);
            }
            if (gathered instanceof Task.Write || gathered instanceof Task.Adopt) {
                ioBegins();
            }
        }
        return !writes.isEmpty() || gathered != null;
    }

    /** Returns when to step again. */
    long perform() {
        if (!performWrites()) {
            return stopped ? ENDED : DISK_FULL_RETRY_NANOS;
        }
        Task task = gathered;
        gathered = null;
        if (task instanceof Task.Write) {
            batchIsDurable();
        } else if (task instanceof Task.Adopt adopt) {
            adopt(adopt);
        } else if (task instanceof Task.Trim trim) {
            disk(() -> raftLog.trim(trim.upToIndex));
            disk(this::checkSpace);
            events.trimmed(raftLog.firstIndex());
        } else if (task instanceof Task.Change change) {
            disk(change.action);
            disk(this::checkSpace);
            change.done.run();
        }
        return 0;
    }

    private void take() {
        for (Task task = queue.poll(); task != null; task = queue.poll()) {
            taken.add(task);
        }
    }

    /** The request and all writes queued right behind it become durable with one append and one fsync. */
    private void gatherBatch(Task.Write first) {
        requests = new ArrayList<>();
        batchBytes = first.sizeBytes;
        requests.add(first.request);
        while (batchBytes < BATCH_BYTES_MAX && taken.peek() instanceof Task.Write next) {
            taken.remove();
            requests.add(next.request);
            batchBytes += next.sizeBytes;
        }
        // The newest hard state first: term before entries of that term (R5). A vote that is durable earlier than it
        // would have to be does no harm.
        Optional<HardState> hardState = Optional.empty();
        for (Persist request : requests) {
            hardState = request.hardState().isPresent() ? request.hardState() : hardState;
        }
        if (hardState.isPresent()) {
            HardState toSave = hardState.get();
            writes.add(() -> store.saveHardState(toSave));
        }
        if (async != asyncNow) {
            boolean allowed = async;
            asyncNow = allowed;
            writes.add(() -> store.allowUnsynced(allowed));
        }
        List<Entry> entries = merge(requests);
        if (!entries.isEmpty()) {
            writes.add(() -> raftLog.append(entries));
            if (!asyncNow) {
                writes.add(raftLog::sync);
            } else if (!unsynced) {
                unsynced = true;
                nextSyncNanos = nanoClock.getAsLong() + ASYNC_SYNC_NANOS;
            }
        }
    }

    private void batchIsDurable() {
        writableBytes.addAndGet(-batchBytes);
        queuedBytes.addAndGet(-batchBytes);
        // Before the messages leave: an answer to them may reach the loop at once and must find this done.
        persistedSequence = requests.get(requests.size() - 1).sequence();
        events.persisted();
        for (Persist request : requests) {
            for (Outbound outbound : request.sendAfterDurable()) {
                transport.send(outbound.to(), outbound.message());
            }
        }
        requests = List.of();
        long now = nanoClock.getAsLong();
        if (unsynced && now - nextSyncNanos >= 0) {
            sync();
        }
        if (now - nextSpaceCheckNanos >= 0 || writableBytes.get() < RESERVE_BYTES_MAX) {
            disk(this::checkSpace);
        }
    }

    /** One run of entries in place of all requests: what a later request truncates again is never written. */
    private List<Entry> merge(List<Persist> requests) {
        if (requests.size() == 1 && requests.get(0).truncateFrom().isEmpty()) {
            return requests.get(0).entries();
        }
        List<Entry> merged = new ArrayList<>();
        long lastIndex = raftLog.lastIndex();
        for (Persist request : requests) {
            if (request.truncateFrom().isPresent()) {
                long from = request.truncateFrom().getAsLong();
                long prevTerm = request.prevTerm();
                while (!merged.isEmpty() && merged.get(merged.size() - 1).index() >= from) {
                    merged.remove(merged.size() - 1);
                }
                if (from <= lastIndex) {
                    writes.add(() -> raftLog.truncateFrom(from, prevTerm));
                    lastIndex = from - 1;
                }
            }
            merged.addAll(request.entries());
        }
        return merged;
    }

    /**
     * A full disk is no failure: the write waits for space and is repeated; votes go on meanwhile (R35).
     *
     * @return false if the disk is still full, or this lane was stopped
     */
    private boolean performWrites() {
        while (!stopped) {
            DiskAction write = writes.peek();
            if (write == null) {
                ioSinceNanos = 0;
                return true;
            }
            try {
                // While the disk is full this is still the same write, and grows old.
                long begun = full ? ioSinceNanos : ioBegins();
                write.run();
                ioEnds(begun);
                writes.remove();
                if (full) {
                    log.warn("disk has space again, the log is written again folder={}", config.dataFolder());
                    full = false;
                }
            } catch (DiskFullException e) {
                if (!full) {
                    log.error(
                            "disk full, this replica appends nothing until there is space folder={} reason={}",
                            config.dataFolder(),
                            e.getMessage());
                    full = true;
                }
                if (finishing) {
                    // What could not be written was not acknowledged.
                    stopped = true;
                } else {
                    releaseVotes();
                }
                return false;
            } catch (IOException e) {
                throw new DiskFailure("writing the store in " + config.dataFolder() + " failed", e);
            }
        }
        return false;
    }

    /** Votes depend on the hard state only, which has its place on disk: they need not wait behind entries. */
    private void releaseVotes() {
        List<Task> waiting = new ArrayList<>(taken);
        for (Task task = queue.poll(); task != null; task = queue.poll()) {
            waiting.add(task);
        }
        taken.clear();
        for (Task task : waiting) {
            taken.add(task instanceof Task.Write write ? withVotesReleased(write) : task);
        }
    }

    private Task.Write withVotesReleased(Task.Write write) {
        Persist request = write.request;
        try {
            if (request.hardState().isPresent()) {
                store.saveHardState(request.hardState().get());
            }
        } catch (DiskFullException e) {
            return write;
        } catch (IOException e) {
            throw new DiskFailure("writing the hard state in " + config.dataFolder() + " failed", e);
        }
        List<Outbound> rest = new ArrayList<>();
        for (Outbound outbound : request.sendAfterDurable()) {
            if (outbound.message() instanceof Message.VoteResponse) {
                transport.send(outbound.to(), outbound.message());
            } else {
                rest.add(outbound);
            }
        }
        return new Task.Write(
                new Persist(
                        request.sequence(),
                        request.term(),
                        Optional.empty(),
                        request.truncateFrom(),
                        request.prevTerm(),
                        request.entries(),
                        rest),
                write.sizeBytes);
    }

    private void adopt(Task.Adopt adopt) {
        long begun = ioBegins();
        try {
            store.adopt(adopt.groupName, adopt.membership, adopt.recoveryEpoch);
            ioEnds(begun);
            events.adopted(adopt.membership, adopt.answer);
        } catch (IllegalStateException | DiskFullException e) {
            ioSinceNanos = 0;
            adopt.answer.completeExceptionally(e);
        } catch (IOException e) {
            adopt.answer.completeExceptionally(e);
            throw new DiskFailure("adopting the group failed", e);
        }
    }

    private void sync() {
        if (unsynced) {
            unsynced = false;
            writes.add(raftLog::sync);
        }
    }

    private long ioBegins() {
        long now = nanoClock.getAsLong();
        ioSinceNanos = now == 0 ? 1 : now;
        return now;
    }

    private void ioEnds(long begunNanos) {
        ioSinceNanos = 0;
        long now = nanoClock.getAsLong();
        slowestNanos = Math.max(slowestNanos, now - begunNanos);
        if (slowestNanos > slowNanos && now - nextSlowLineNanos >= 0) {
            log.warn(
                    "slow disk: a write or fsync took longer than half an election timeout slowestMillis={} folder={}",
                    TimeUnit.NANOSECONDS.toMillis(slowestNanos),
                    config.dataFolder());
            slowestNanos = 0;
            nextSlowLineNanos = now + SLOW_LINE_NANOS;
        } else if (slowestNanos <= slowNanos) {
            slowestNanos = 0;
        }
    }

    private void checkSpace() throws IOException {
        nextSpaceCheckNanos = nanoClock.getAsLong() + SPACE_CHECK_NANOS;
        long byConfig = maxBytes - raftLog.sizeBytes();
        long byDisk = disk.usableBytes(config.dataFolder()) - reserveBytes;
        writableBytes.set(Math.min(byConfig, byDisk));
    }

    private void disk(DiskAction action) {
        try {
            action.run();
        } catch (IOException e) {
            throw new DiskFailure("the store in " + config.dataFolder() + " failed", e);
        }
    }

    /** After the thread has ended: whoever still waits for an adoption. */
    void abandon(Consumer<CompletableFuture<Void>> fail) {
        take();
        if (gathered != null) {
            taken.add(gathered);
        }
        for (Task task : taken) {
            if (task instanceof Task.Adopt adopt) {
                fail.accept(adopt.answer);
            }
        }
        taken.clear();
    }
}
