package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.storage.RaftLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;

/** Reads of committed entries, from memory if they are there, else on the reader pool (D14). */
final class LogReads implements LogReader {

    private static final int WAITING_READS_MAX = 1024;

    private final TailCache tail;
    private final RaftLog raftLog;
    private final Executor readers;
    /** Nothing behind it is shown: it may still be replaced. */
    private final LongSupplier committedIndex;

    private final Runnable damageFound;
    private final Semaphore waiting = new Semaphore(WAITING_READS_MAX);

    LogReads(TailCache tail, RaftLog raftLog, Executor readers, LongSupplier committedIndex, Runnable damageFound) {
        this.tail = tail;
        this.raftLog = raftLog;
        this.readers = readers;
        this.committedIndex = committedIndex;
        this.damageFound = damageFound;
    }

    @Override
    public long firstIndex() {
        return raftLog.firstIndex();
    }

    @Override
    public Optional<Entry> cached(long index) {
        return index > committedIndex.getAsLong() ? Optional.empty() : tail.get(index);
    }

    @Override
    public CompletableFuture<List<Entry>> read(long fromIndex, int bytesMax) {
        List<Entry> run = tail.run(fromIndex, committedIndex.getAsLong(), bytesMax, Integer.MAX_VALUE);
        if (!run.isEmpty()) {
            return CompletableFuture.completedFuture(run);
        }
        if (!waiting.tryAcquire()) {
            return CompletableFuture.failedFuture(
                    new RejectedExecutionException(WAITING_READS_MAX + " reads of the log wait already"));
        }
        CompletableFuture<List<Entry>> answer = new CompletableFuture<>();
        try {
            readers.execute(() -> {
                waiting.release();
                try {
                    answer.complete(readBlocking(fromIndex, bytesMax));
                } catch (RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            waiting.release();
            answer.completeExceptionally(e);
        }
        return answer;
    }

    @Override
    public List<Entry> readBlocking(long fromIndex, int bytesMax) {
        long committed = committedIndex.getAsLong();
        if (fromIndex > committed) {
            throw new IllegalArgumentException("entry " + fromIndex + " lies behind the last committed, " + committed);
        }
        List<Entry> run = tail.run(fromIndex, committed, bytesMax, Integer.MAX_VALUE);
        return run.isEmpty() ? readFromDisk(fromIndex, committed, bytesMax) : run;
    }

    @Override
    public List<Entry> readBlocking(long[] indexes, int from, int to, ByteBuffer room) {
        long committed = committedIndex.getAsLong();
        if (indexes[from] > committed) {
            throw new IllegalArgumentException(
                    "entry " + indexes[from] + " lies behind the last committed, " + committed);
        }
        int committedTo = from + 1;
        while (committedTo < to && indexes[committedTo] <= committed) {
            committedTo++;
        }
        try {
            return raftLog.read(indexes, from, committedTo, room);
        } catch (DamagedEntryException e) {
            damageFound.run();
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("reading entry " + indexes[from] + " failed", e);
        }
    }

    /**
     * @param toIndex nothing behind it is returned: what lies there on disk may be about to be truncated
     */
    List<Entry> readFromDisk(long fromIndex, long toIndex, int bytesMax) {
        try {
            List<Entry> read = raftLog.read(fromIndex, bytesMax);
            return read.subList(0, (int) Math.min(read.size(), toIndex - fromIndex + 1));
        } catch (DamagedEntryException e) {
            damageFound.run();
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("reading entry " + fromIndex + " failed", e);
        }
    }
}
