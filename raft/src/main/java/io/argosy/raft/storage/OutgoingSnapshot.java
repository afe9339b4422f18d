package io.argosy.raft.storage;

import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.storage.SnapshotManifest.SnapshotFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A snapshot of this replica's own state, for others to read. Any thread; the files never change. */
public final class OutgoingSnapshot implements Closeable {

    /** Beside the log; deleted at each start. */
    static final String FOLDER = "checkpoint";

    private final Disk disk;
    private final Path folder;
    private final SnapshotManifest manifest;

    private OutgoingSnapshot(Disk disk, Path folder, SnapshotManifest manifest) {
        this.disk = disk;
        this.folder = folder;
        this.manifest = manifest;
    }

    /** Reads all files in the folder once, for their checksums. */
    static OutgoingSnapshot of(Disk disk, Path folder, long index, long term, Optional<ConfigAt> config)
            throws IOException {
        List<SnapshotFile> found = new ArrayList<>();
        for (String name : disk.list(folder)) {
            try (Disk.DiskFile file = disk.open(folder.resolve(name), false)) {
                found.add(new SnapshotFile(name, file.sizeBytes(), IncomingSnapshot.crcOf(file)));
            }
        }
        return new OutgoingSnapshot(disk, folder, new SnapshotManifest(index, term, config, found));
    }

    public SnapshotManifest manifest() {
        return manifest;
    }

    /**
     * Part of a file.
     *
     * @throws IllegalArgumentException if there is no such part
     */
    public ByteBuffer read(int file, long offset, int bytes) throws IOException {
        if (file < 0 || file >= manifest.files().size()) {
            throw new IllegalArgumentException(
                    "file " + file + " of " + manifest.files().size());
        }
        SnapshotFile wanted = manifest.files().get(file);
        if (offset < 0 || bytes < 0 || offset + bytes > wanted.sizeBytes()) {
            throw new IllegalArgumentException(bytes + " bytes at " + offset + " of " + wanted);
        }
        // Opened for each part: parts are large, and peers that read at the same time need not agree on handles.
        try (Disk.DiskFile open = disk.open(folder.resolve(wanted.name()), false)) {
            ByteBuffer buffer = ByteBuffer.allocate(bytes);
            if (Checksums.readFully(open, buffer, offset) != bytes) {
                throw new IOException(wanted.name() + " of the snapshot became shorter");
            }
            return buffer.flip();
        }
    }

    /** Deletes the files. */
    @Override
    public void close() throws IOException {
        IncomingSnapshot.deleteFolder(disk, folder);
    }
}
