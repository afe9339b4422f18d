package io.argosy.raft.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A small file that is replaced as a whole: write aside, force, rename, sync the folder (R4). */
final class AtomicFile {

    static final String ASIDE = ".tmp";

    private AtomicFile() {}

    static void replace(Disk disk, Path folder, String name, ByteBuffer bytes) throws IOException {
        Path aside = folder.resolve(name + ASIDE);
        try (Disk.DiskFile file = disk.open(aside, true)) {
            file.truncate(0);
            file.write(new ByteBuffer[] {bytes.duplicate()}, 1, 0);
            file.force();
        }
        disk.rename(aside, folder.resolve(name));
        disk.syncFolder(folder);
    }

    static ByteBuffer load(Disk disk, Path path) throws IOException {
        try (Disk.DiskFile file = disk.open(path, false)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(file.sizeBytes(), 64 << 20));
            Checksums.readFully(file, bytes, 0);
            return bytes.flip();
        }
    }
}
