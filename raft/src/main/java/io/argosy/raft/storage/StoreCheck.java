package io.argosy.raft.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One reading of all that a store keeps at rest, a stretch at a time, so that whoever does it can pace it. Damaged
 * entries show up in {@link RaftLog#damage()}; a file that lost only a spare copy of something shows up in {@link
 * RaftLog#patchRanges()}. One thread, any one.
 */
public final class StoreCheck {

    private final SegmentedLog log;
    private final long totalBytes;
    private long doneBytes;
    /** First index of the last file that was read. */
    private long readFirstIndex;

    private boolean done;
    private Optional<SegmentCheck> current = Optional.empty();
    private final List<String> badIndexes = new ArrayList<>();

    StoreCheck(SegmentedLog log) {
        this.log = log;
        this.totalBytes = log.sizeBytes();
    }

    /** Bytes of log when the reading began. */
    public long totalBytes() {
        return totalBytes;
    }

    public boolean isDone() {
        return done;
    }

    /** Of the bytes to read; the log may grow and be trimmed meanwhile. */
    public long doneBytes() {
        return done ? totalBytes : Math.min(doneBytes, totalBytes);
    }

    /** Indexes of segments that cannot be read, for {@link ReplicaStore#renewSmallFiles}. */
    public List<String> badIndexes() {
        return List.copyOf(badIndexes);
    }

    /**
     * Reads on; at least one record.
     *
     * @return the bytes that were read, 0 only when it is done
     */
    public long step(int bytesMax) throws IOException {
        if (done) {
            return 0;
        }
        if (current.isEmpty()) {
            current = log.beginCheckBehind(readFirstIndex);
            if (current.isEmpty()) {
                done = true;
                return 0;
            }
        }
        SegmentCheck checking = current.get();
        long read = checking.step(bytesMax);
        doneBytes += read;
        if (checking.isDone()) {
            // A segment that a truncation changed meanwhile is read again, its new end included.
            if (log.conclude(checking)) {
                readFirstIndex = checking.segment().firstIndex();
                log.badIndex(checking.segment()).ifPresent(badIndexes::add);
            }
            checking.close();
            current = Optional.empty();
        }
        return Math.max(1, read);
    }

    /** Gives up in the middle. */
    public void close() throws IOException {
        if (current.isPresent()) {
            current.get().close();
            current = Optional.empty();
        }
        done = true;
    }
}
