package io.argosy.raft.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** One file of the log. Closed once the log dropped it and the last reader let go. */
final class Segment {

    static final String SUFFIX = ".log";
    static final String INDEX_SUFFIX = ".index";

    final Path path;
    final Disk.DiskFile file;
    final SegmentHeader header;
    final SegmentIndex index;

    /** Behind the last record. Written by the writer. */
    volatile long endPosition;
    /** Highest index in the segment. Written by the writer. */
    volatile long lastIndex;
    /** Checksum of the last record's head. Writer only. */
    int chain;

    /** Truncations in this segment. Written by the writer. */
    volatile Batch.Cuts cuts = Batch.Cuts.NONE;

    /** The log itself counts as one. */
    private final AtomicInteger users = new AtomicInteger(1);

    Segment(Path path, Disk.DiskFile file, SegmentHeader header, SegmentIndex index) {
        this.path = path;
        this.file = file;
        this.header = header;
        this.index = index;
    }

    static String name(long firstIndex) {
        return String.format("%020d", firstIndex);
    }

    /** First index of the file with that name, if it is a segment. */
    static Optional<Long> firstIndex(String fileName) {
        if (fileName.length() != 20 + SUFFIX.length() || !fileName.endsWith(SUFFIX)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.parseLong(fileName.substring(0, 20)));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    long firstIndex() {
        return header.firstIndex();
    }

    /** What the next segment says about this one. */
    SegmentHeader.Predecessor asPredecessor() {
        return new SegmentHeader.Predecessor(header.epoch(), chain, cuts);
    }

    String fileName() {
        return String.valueOf(path.getFileName());
    }

    String indexFileName() {
        return name(firstIndex()) + INDEX_SUFFIX;
    }

    /** False if the segment is gone. */
    boolean acquire() {
        while (true) {
            int count = users.get();
            if (count == 0) {
                return false;
            }
            if (users.compareAndSet(count, count + 1)) {
                return true;
            }
        }
    }

    void release() throws IOException {
        if (users.decrementAndGet() == 0) {
            file.close();
        }
    }
}
