package io.argosy.raft.storage;

import io.argosy.raft.storage.SnapshotManifest.SnapshotFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A snapshot that is being received: file after file, each from its beginning, so that file and offset say where to go
 * on after a broken connection. It counts only once its manifest has its name, which is the last step and atomic (R24);
 * whatever a crash leaves without a manifest is deleted at the next start. One thread.
 */
public final class IncomingSnapshot implements Closeable {

    static final String FOLDER = "snapshot";
    static final String MANIFEST = "snapshot.manifest";
    private static final String KEEPS_LOG = "snapshot.keeps-log";

    private static final int CHECK_BYTES = 1 << 20;

    private final Disk disk;
    private final Path dataFolder;
    private final SnapshotManifest manifest;
    private int current;
    private long offset;
    private long receivedBytes;
    private Optional<Disk.DiskFile> open = Optional.empty();

    /** What to ask for next. */
    public record Part(int file, long offset, int bytes) {}

    private IncomingSnapshot(Disk disk, Path dataFolder, SnapshotManifest manifest) {
        this.disk = disk;
        this.dataFolder = dataFolder;
        this.manifest = manifest;
    }

    /** Begins anew; what another attempt left is deleted. */
    static IncomingSnapshot begin(Disk disk, Path dataFolder, SnapshotManifest manifest) throws IOException {
        discard(disk, dataFolder);
        disk.createFolders(dataFolder.resolve(FOLDER));
        disk.syncFolder(dataFolder);
        return new IncomingSnapshot(disk, dataFolder, manifest);
    }

    /** The snapshot that was published and not yet taken over; anything else is deleted. */
    static Optional<SnapshotManifest> recover(Disk disk, Path dataFolder) throws IOException {
        Path file = dataFolder.resolve(MANIFEST);
        if (disk.exists(file)) {
            Optional<SnapshotManifest> found = SnapshotManifest.decode(AtomicFile.load(disk, file));
            if (found.isEmpty()) {
                // Its rename was durable only with all of it: this is rot. The log may be reset already, so there is
                // no state to go back to.
                throw new DamagedStoreException(file + " is damaged in the middle of an installation: remove the"
                        + " replica from its group and add it again empty.");
            }
            // Its files were compared before it got its name; what has become of them since is unknown.
            if (!new IncomingSnapshot(disk, dataFolder, found.get()).verify()) {
                throw new DamagedStoreException("a file in " + dataFolder.resolve(FOLDER) + " is damaged in the middle"
                        + " of an installation: remove the replica from its group and add it again empty.");
            }
            return found;
        }
        discard(disk, dataFolder);
        return Optional.empty();
    }

    /** Deletes manifest and files, in this order: files alone mean nothing. */
    static void discard(Disk disk, Path dataFolder) throws IOException {
        Path manifest = dataFolder.resolve(MANIFEST);
        if (disk.exists(manifest)) {
            disk.delete(manifest);
            disk.syncFolder(dataFolder);
        }
        disk.delete(dataFolder.resolve(MANIFEST + AtomicFile.ASIDE));
        disk.delete(dataFolder.resolve(KEEPS_LOG));
        deleteFolder(disk, dataFolder.resolve(FOLDER));
    }

    static void deleteFolder(Disk disk, Path folder) throws IOException {
        for (String name : disk.list(folder)) {
            disk.delete(folder.resolve(name));
        }
        disk.delete(folder);
    }

    public SnapshotManifest manifest() {
        return manifest;
    }

    public long receivedBytes() {
        return receivedBytes;
    }

    /** The next part to ask for; empty once everything is here. */
    public Optional<Part> next(int bytesMax) throws IOException {
        while (current < manifest.files().size()) {
            SnapshotFile file = manifest.files().get(current);
            if (offset < file.sizeBytes()) {
                return Optional.of(new Part(current, offset, (int) Math.min(bytesMax, file.sizeBytes() - offset)));
            }
            if (open.isEmpty()) {
                open = Optional.of(disk.open(path(file), true)); // an empty file
            }
            finishFile();
        }
        return Optional.empty();
    }

    /**
     * Writes the part that {@link #next} asked for.
     *
     * @param crc CRC-32C of the bytes, as the sender read them
     * @return false if these are not the bytes that were asked for, or not as they were sent; nothing was written
     */
    public boolean write(Part part, ByteBuffer bytes, int crc) throws IOException {
        if (part.file() != current
                || part.offset() != offset
                || bytes.remaining() != part.bytes()
                || crc != Checksums.of(bytes, bytes.position(), bytes.remaining())) {
            return false;
        }
        SnapshotFile file = manifest.files().get(current);
        if (open.isEmpty()) {
            open = Optional.of(disk.open(path(file), true));
        }
        open.get().write(new ByteBuffer[] {bytes.duplicate()}, 1, offset);
        offset += part.bytes();
        receivedBytes += part.bytes();
        return true;
    }

    private void finishFile() throws IOException {
        try (Disk.DiskFile file = open.orElseThrow()) {
            file.force();
        }
        open = Optional.empty();
        current++;
        offset = 0;
    }

    /**
     * Reads everything back and compares it with the manifest.
     *
     * @return false if a file is not what its sender had when it took the snapshot
     */
    public boolean verify() throws IOException {
        for (SnapshotFile expected : manifest.files()) {
            if (!disk.exists(path(expected))) {
                return false;
            }
            try (Disk.DiskFile file = disk.open(path(expected), false)) {
                if (file.sizeBytes() != expected.sizeBytes() || crcOf(file) != expected.crc()) {
                    return false;
                }
            }
        }
        return true;
    }

    static int crcOf(Disk.DiskFile file) throws IOException {
        Checksums checksums = new Checksums();
        checksums.reset();
        ByteBuffer buffer = ByteBuffer.allocate(CHECK_BYTES);
        for (long at = 0; ; ) {
            int count = Checksums.readFully(file, buffer.clear(), at);
            if (count == 0) {
                return checksums.value();
            }
            checksums.add(buffer, 0, count);
            at += count;
        }
    }

    /** What was published replaces the state alone; the log holds the entry at its index. */
    static boolean keepsLog(Disk disk, Path dataFolder) throws IOException {
        return disk.exists(dataFolder.resolve(KEEPS_LOG));
    }

    /**
     * From now on a start takes the snapshot over; all of it is durable on return.
     *
     * @param keepsLog the log holds the entry at the snapshot's index and goes on as it is; else it begins anew behind it
     */
    public void publish(boolean keepsLog) throws IOException {
        disk.syncFolder(folder());
        Path mark = dataFolder.resolve(KEEPS_LOG);
        if (keepsLog) {
            disk.open(mark, true).close();
            disk.syncFolder(dataFolder);
        } else if (disk.exists(mark)) {
            disk.delete(mark);
            disk.syncFolder(dataFolder);
        }
        AtomicFile.replace(disk, dataFolder, MANIFEST, manifest.encode());
    }

    public Path folder() {
        return dataFolder.resolve(FOLDER);
    }

    private Path path(SnapshotFile file) {
        return folder().resolve(file.name());
    }

    /** Leaves the files to {@link ReplicaStore#discardSnapshot()}. */
    @Override
    public void close() throws IOException {
        if (open.isPresent()) {
            open.get().close();
            open = Optional.empty();
        }
    }
}
