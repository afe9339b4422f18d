package io.argosy.raft.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The operating system's file system. No memory mapping: an I/O error must arrive as an exception (R31). */
public final class FileSystemDisk implements Disk {

    /** Largest single read into a heap buffer: the JDK keeps a direct buffer of that size per reading thread. */
    private static final int READ_BYTES_MAX = 1 << 20;

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Map<Path, FileStore> stores = new ConcurrentHashMap<>();

    @Override
    public void createFolders(Path folder) throws IOException {
        Files.createDirectories(folder);
    }

    @Override
    public List<String> list(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public boolean exists(Path file) {
        return Files.exists(file);
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        Set<OpenOption> options = create
                ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)
                : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new ChannelFile(file, FileChannel.open(file, options));
        } catch (IOException e) {
            throw named(e, "open " + file);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("the file system of " + to + " cannot rename atomically", e);
        } catch (IOException e) {
            throw named(e, "rename " + from + " to " + to);
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public Closeable lock(Path folder) throws IOException {
        Path file = folder.resolve("LOCK");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // The same process holds it: said below in the same words.
        } catch (IOException e) {
            channel.close();
            throw new IOException("cannot lock " + file, e);
        }
        channel.close();
        throw new StoreLockedException("data folder " + folder + " is in use by another replica: stop that process, or"
                + " give this one a data folder of its own");
    }

    @Override
    public Optional<UUID> bootId() throws IOException {
        if (!Files.isReadable(BOOT_ID)) {
            return Optional.empty();
        }
        try {
            return Optional.of(UUID.fromString(Files.readString(BOOT_ID).strip()));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // not Linux as we know it
        }
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        // Finding the file system of a folder means reading the table of all mounts; asking it for its space does not.
        FileStore store = stores.get(folder);
        if (store == null) {
            store = Files.getFileStore(folder);
            stores.put(folder, store);
        }
        return store.getUsableSpace();
    }

    /** Java has no error codes, so the operating system's words have to do. */
    private static IOException named(IOException e, String what) {
        if (e instanceof DiskFullException) {
            return e;
        }
        String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        if (text.contains("no space left") || text.contains("quota exceeded") || text.contains("not enough space")) {
            return new DiskFullException(what + ": " + e.getMessage(), e);
        }
        return new IOException(what + ": " + e, e);
    }

    /**
     * Writes go through one channel, reads through another: an interrupt closes the channel that a thread is using, and
     * an interrupted reader must not take the writer's channel with it. The readers' channel is opened again.
     */
    private static final class ChannelFile implements DiskFile {

        private final Path file;
        private final FileChannel writes;
        private FileChannel reads;
        private boolean closed;

        /** Size as this handle knows it; another handle may have made the file longer meanwhile. Writer's. */
        private long knownBytes;
        /** The size changed since the last force, so that metadata must reach the disk too. Writer's. */
        private boolean resized = true;

        ChannelFile(Path file, FileChannel channel) throws IOException {
            this.file = file;
            this.writes = channel;
            this.reads = FileChannel.open(file, StandardOpenOption.READ);
            this.knownBytes = channel.size();
        }

        @Override
        public long sizeBytes() throws IOException {
            return writes.size();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            while (true) {
                FileChannel channel = reads();
                try {
                    return readSome(channel, target, position);
                } catch (ClosedByInterruptException e) {
                    throw named(e, "read " + file);
                } catch (ClosedChannelException e) {
                    // Another reader was interrupted on the shared channel; unless the file was closed, go on with a
                    // new one.
                } catch (IOException e) {
                    throw named(e, "read " + file + " at " + position);
                }
            }
        }

        private static int readSome(FileChannel channel, ByteBuffer target, long position) throws IOException {
            if (target.isDirect() || target.remaining() <= READ_BYTES_MAX) {
                return channel.read(target, position);
            }
            int limit = target.limit();
            target.limit(target.position() + READ_BYTES_MAX);
            try {
                return channel.read(target, position);
            } finally {
                target.limit(limit);
            }
        }

        /** A lock, because opening the channel again is rare and must happen once. */
        private synchronized FileChannel reads() throws IOException {
            if (closed) {
                throw new ClosedChannelException();
            }
            if (!reads.isOpen()) {
                reads = FileChannel.open(file, StandardOpenOption.READ);
            }
            return reads;
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long position) throws IOException {
            long bytes = 0;
            for (int i = 0; i < count; i++) {
                bytes += sources[i].remaining();
            }
            if (position + bytes > knownBytes) {
                long before = writes.size();
                resized |= position + bytes > before;
                knownBytes = Math.max(before, position + bytes);
            }
            try {
                if (count == 1) {
                    long at = position;
                    while (sources[0].hasRemaining()) {
                        at += writes.write(sources[0], at);
                    }
                } else {
                    writes.position(position);
                    for (long left = bytes; left > 0; ) {
                        left -= writes.write(sources, 0, count);
                    }
                }
            } catch (IOException e) {
                throw named(e, "write " + file + " at " + position);
            }
        }

        @Override
        public void force() throws IOException {
            try {
                writes.force(resized);
            } catch (IOException e) {
                // Never a DiskFullException: what a failed force left behind is unknown (R30).
                throw new IOException("force " + file + ": " + e, e);
            }
            resized = false;
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            try {
                writes.truncate(sizeBytes);
            } catch (IOException e) {
                throw named(e, "truncate " + file);
            }
            knownBytes = Math.min(knownBytes, sizeBytes);
            resized = true;
        }

        @Override
        public synchronized void close() throws IOException {
            closed = true;
            try {
                writes.close();
            } finally {
                reads.close();
            }
        }
    }
}
