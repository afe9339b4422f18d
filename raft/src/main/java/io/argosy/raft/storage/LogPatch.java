package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One file of the log, written aside from what peers give and what is still readable here, to take the place of what is
 * damaged or missing. It is a log of its own in a folder of its own until {@link ReplicaStore#insert} renames its file
 * into place, so that nothing is changed in place and a crash leaves the log as it was. One thread.
 */
public final class LogPatch implements Closeable {

    static final String FOLDER = "patch";

    /** Dirty bytes between two forces: a large patch must not make the writer's force wait. */
    private static final long FORCE_BYTES = 4 << 20;

    private final Disk disk;
    private final Path folder;
    private final IndexRange range;
    private final SegmentedLog aside;
    private final long truncationsBefore;
    private long dirtyBytes;

    private LogPatch(Disk disk, Path folder, IndexRange range, SegmentedLog aside, long truncationsBefore) {
        this.disk = disk;
        this.folder = folder;
        this.range = range;
        this.aside = aside;
        this.truncationsBefore = truncationsBefore;
    }

    static LogPatch begin(
            SegmentedLog.LogFiles files,
            IndexRange range,
            long prevTerm,
            Optional<ConfigAt> config,
            long truncationsBefore)
            throws IOException {
        Path folder = files.folder().resolve(FOLDER);
        IncomingSnapshot.deleteFolder(files.disk(), folder);
        files.disk().createFolders(folder);
        SegmentedLog aside = SegmentedLog.createBehind(
                new SegmentedLog.LogFiles(files.disk(), folder, Long.MAX_VALUE / 2, files.epochs()),
                range.from() - 1,
                prevTerm,
                SegmentHeader.Predecessor.WRITTEN_WHOLE,
                config);
        return new LogPatch(files.disk(), folder, range, aside, truncationsBefore);
    }

    public IndexRange range() {
        return range;
    }

    /** What is to be added next; behind the range once it is complete. */
    public long nextIndex() {
        return aside.lastIndex() + 1;
    }

    public boolean isComplete() {
        return nextIndex() > range.to();
    }

    /** Adds entries that follow; what lies behind the range is left out. */
    public void add(List<Entry> entries) throws IOException {
        int count = (int) Math.min(entries.size(), range.to() - nextIndex() + 1);
        List<Entry> wanted = entries.subList(0, count);
        aside.append(wanted);
        for (Entry entry : wanted) {
            dirtyBytes += entry.frameBytes();
        }
        if (dirtyBytes >= FORCE_BYTES) {
            aside.sync();
            dirtyBytes = 0;
        }
    }

    /** Nothing more comes; durable on return. */
    public void seal() throws IOException {
        aside.seal();
    }

    SegmentedLog log() {
        return aside;
    }

    long truncationsBefore() {
        return truncationsBefore;
    }

    /** Deletes what was not put into place. */
    @Override
    public void close() throws IOException {
        try {
            aside.close();
        } finally {
            IncomingSnapshot.deleteFolder(disk, folder);
        }
    }
}
