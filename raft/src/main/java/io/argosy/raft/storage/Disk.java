package io.argosy.raft.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The disk as the log needs it, so that a simulator can break it. Paths are absolute. Nothing is durable but what
 * {@link DiskFile#force} and {@link #syncFolder} made so: a created, renamed or deleted name survives a crash only
 * after its folder was synced.
 */
public interface Disk {

    void createFolders(Path folder) throws IOException;

    /** Names of the files in the folder, sorted; empty if it doesn't exist. */
    List<String> list(Path folder) throws IOException;

    boolean exists(Path file) throws IOException;

    /** Opens for reading and writing; creates the file if asked to, and fails if it is not there otherwise. */
    DiskFile open(Path file, boolean create) throws IOException;

    /** Atomic; replaces the target. */
    void rename(Path from, Path to) throws IOException;

    void delete(Path file) throws IOException;

    void syncFolder(Path folder) throws IOException;

    /**
     * Locks the folder exclusively for this process until closed.
     *
     * @throws StoreLockedException if somebody else holds it
     */
    Closeable lock(Path folder) throws IOException;

    /** Bytes that can still be written to the file system that holds the folder. */
    long usableBytes(Path folder) throws IOException;

    /**
     * What the machine calls the time since it started: as long as it is the same, what was written and not synced is still
     * there. Empty if nobody knows.
     */
    Optional<UUID> bootId() throws IOException;

    /** One open file. One thread writes; reads may come from any thread. */
    interface DiskFile extends Closeable {

        long sizeBytes() throws IOException;

        /** Reads at most {@code target.remaining()} bytes at the position; -1 at the end of the file. */
        int read(ByteBuffer target, long position) throws IOException;

        /** Writes all bytes of all buffers at the position, in one gathering write where the platform has it. */
        void write(ByteBuffer[] sources, int count, long position) throws IOException;

        /** Makes everything written before durable, size included. A failure is final: never retried (R30). */
        void force() throws IOException;

        void truncate(long sizeBytes) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Another process uses the folder. */
    final class StoreLockedException extends IOException {
        private static final long serialVersionUID = 1L;

        public StoreLockedException(String message) {
            super(message);
        }
    }
}
