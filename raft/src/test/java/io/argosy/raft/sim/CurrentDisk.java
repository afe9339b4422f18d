package io.argosy.raft.sim;

import io.argosy.raft.storage.Disk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** A machine's disk, whatever became of it: after a loss of power it is another object. */
final class CurrentDisk implements Disk {

    private final Supplier<? extends Disk> disk;

    CurrentDisk(Supplier<? extends Disk> disk) {
        this.disk = disk;
    }

    @Override
    public void createFolders(Path folder) throws IOException {
        disk.get().createFolders(folder);
    }

    @Override
    public List<String> list(Path folder) throws IOException {
        return disk.get().list(folder);
    }

    @Override
    public boolean exists(Path file) throws IOException {
        return disk.get().exists(file);
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        return disk.get().open(file, create);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.get().rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        disk.get().delete(file);
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        disk.get().syncFolder(folder);
    }

    @Override
    public Closeable lock(Path folder) throws IOException {
        return disk.get().lock(folder);
    }

    @Override
    public Optional<UUID> bootId() throws IOException {
        return disk.get().bootId();
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        return disk.get().usableBytes(folder);
    }
}
