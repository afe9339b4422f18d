package io.argosy.chaos;

import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The file system, except that no sync returns while a file lies beside the data folder. It can make a disk of a real
 * process hang without the rights that it takes to do so to a real disk. Not in any production jar.
 */
final class HangingDisk implements Disk {

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Disk disk = new FileSystemDisk();
    private volatile Optional<Path> hangFile = Optional.empty();

    /** Syncs of that data folder hang while this file exists. */
    static Path hangFile(Path dataFolder) {
        return dataFolder.resolveSibling(dataFolder.getFileName() + ".hangs");
    }

    private void hang() {
        while (hangFile.isPresent() && Files.exists(hangFile.get())) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    @Override
    public Closeable lock(Path folder) throws IOException {
        Closeable lock = disk.lock(folder);
        hangFile = Optional.of(hangFile(folder));
        return lock;
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        hang();
        disk.syncFolder(folder);
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        return new HangingFile(disk.open(file, create));
    }

    @Override
    public void createFolders(Path folder) throws IOException {
        disk.createFolders(folder);
    }

    @Override
    public List<String> list(Path folder) throws IOException {
        return disk.list(folder);
    }

    @Override
    public boolean exists(Path file) throws IOException {
        return disk.exists(file);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        disk.delete(file);
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        return disk.usableBytes(folder);
    }

    private final class HangingFile implements DiskFile {

        private final DiskFile file;

        HangingFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public void force() throws IOException {
            hang();
            file.force();
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long position) throws IOException {
            file.write(sources, count, position);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
