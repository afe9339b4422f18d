package io.argosy.raft.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a stretch of a segment again, with the bytes that it holds, so that it is durable for certain. A loss of power
 * in the middle may destroy a sector that was durable before: so the bytes are first put into a file of their own, and
 * whoever opens the log next finishes the work. The same bytes are right for as long as the segment exists, because
 * nothing in it is changed in place. Layout in {@code package-info}.
 */
final class Rewrite {

    private static final Logger log = LoggerFactory.getLogger(Rewrite.class);

    static final String NAME = "rewrite";
    private static final int MAGIC = 0x41524757;
    private static final int HEAD_BYTES = 24;
    /** Of a stretch that is held in memory and written aside at once. */
    private static final int BYTES_MAX = 1 << 20;

    private Rewrite() {}

    /** Durable on return. */
    static void run(Disk disk, Path folder, Disk.DiskFile file, long epoch, long from, long to) throws IOException {
        ByteBuffer aside = ByteBuffer.allocate(HEAD_BYTES + (int) Math.min(BYTES_MAX, Math.max(0, to - from)) + 4);
        long at = from;
        while (at < to) {
            int wanted = (int) Math.min(BYTES_MAX, to - at);
            aside.clear().position(HEAD_BYTES).limit(HEAD_BYTES + wanted);
            // The padding behind the last record may be missing.
            int count = Checksums.readFully(file, aside, at);
            if (count == 0) {
                break;
            }
            aside.clear().putInt(MAGIC).putLong(epoch).putLong(at).putInt(count).position(HEAD_BYTES + count);
            aside.putInt(Checksums.of(aside, 0, aside.position())).flip();
            saveAside(disk, folder, aside);
            write(file, aside, at, count);
            at += count;
        }
        file.force();
        disk.delete(folder.resolve(NAME));
    }

    private static void saveAside(Disk disk, Path folder, ByteBuffer bytes) throws IOException {
        try {
            AtomicFile.replace(disk, folder, NAME, bytes);
        } catch (DiskFullException e) {
            // Better in place than not at all: a full disk must not keep a replica from starting (R35).
            log.warn("no space to write the end of the log aside, writing it again in place folder={}", folder);
        }
    }

    private static void write(Disk.DiskFile file, ByteBuffer aside, long at, int count) throws IOException {
        ByteBuffer bytes = aside.duplicate().position(HEAD_BYTES).limit(HEAD_BYTES + count);
        file.write(new ByteBuffer[] {bytes}, 1, at);
        file.force();
    }

    /** What an earlier start did not finish; {@link #finish} is called for each segment, {@link #discard} behind it. */
    static Optional<ByteBuffer> interrupted(Disk disk, Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        ByteBuffer found = AtomicFile.load(disk, path);
        int end = found.remaining() - 4;
        boolean whole = end > HEAD_BYTES
                && found.getInt(end) == Checksums.of(found, 0, end)
                && found.getInt(0) == MAGIC
                && found.getInt(20) == end - HEAD_BYTES;
        return whole ? Optional.of(found) : Optional.empty();
    }

    /** If it is this segment's. */
    static void finish(ByteBuffer interrupted, Disk.DiskFile file, long epoch) throws IOException {
        long at = interrupted.getLong(12);
        int count = interrupted.getInt(20);
        if (interrupted.getLong(4) == epoch && at + count <= file.sizeBytes()) {
            write(file, interrupted, at, count);
            log.info(
                    "wrote the end of the log again, as an earlier start had begun to position={} bytes={}", at, count);
        }
    }

    static void discard(Disk disk, Path folder) throws IOException {
        disk.delete(folder.resolve(NAME));
        disk.delete(folder.resolve(NAME + AtomicFile.ASIDE));
    }
}
