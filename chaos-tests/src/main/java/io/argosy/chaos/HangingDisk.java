package io.argosy.chaos;

import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.ForwardingDisk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The file system, except that no sync returns while a file lies beside the data folder. It can make a disk of a real
 * process hang without the rights that it takes to do so to a real disk. Not in any production jar.
 */
final class HangingDisk extends ForwardingDisk {

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private volatile Optional<Path> hangFile = Optional.empty();

    HangingDisk() {
        super(new FileSystemDisk());
    }

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
        Closeable lock = super.lock(folder);
        hangFile = Optional.of(hangFile(folder));
        return lock;
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        hang();
        super.syncFolder(folder);
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        return new HangingFile(super.open(file, create));
    }

    private final class HangingFile extends ForwardingFile {

        HangingFile(DiskFile file) {
            super(file);
        }

        @Override
        public void force() throws IOException {
            hang();
            super.force();
        }
    }
}
