package io.argosy.raft.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C as this package uses it. One instance per thread. */
final class Checksums {

    private final CRC32C crc = new CRC32C();
    private final ByteBuffer seed = ByteBuffer.allocate(16);

    /** CRC-32C of a range of the buffer, whose position and limit stay. */
    static int of(ByteBuffer bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().limit(from + length).position(from));
        return (int) crc.getValue();
    }

    /**
     * CRC-32C over epoch, position and a range of the buffer. The seed ties a record to its place: the same bytes
     * elsewhere, in an older life of the file or inside a message body, fail. Moves position and limit back.
     */
    int seeded(long epoch, long position, ByteBuffer bytes, int from, int length) {
        crc.reset();
        seed.clear();
        seed.putLong(epoch).putLong(position).flip();
        crc.update(seed);
        return update(bytes, from, length);
    }

    private int update(ByteBuffer bytes, int from, int length) {
        int limit = bytes.limit();
        int position = bytes.position();
        bytes.limit(from + length).position(from);
        crc.update(bytes);
        bytes.limit(limit).position(position);
        return (int) crc.getValue();
    }

    void reset() {
        crc.reset();
    }

    void add(ByteBuffer bytes, int from, int length) {
        update(bytes, from, length);
    }

    int value() {
        return (int) crc.getValue();
    }

    /** Fills the buffer from the position on as far as the file reaches; returns the number of bytes read. */
    static int readFully(Disk.DiskFile file, ByteBuffer target, long position) throws IOException {
        int start = target.position();
        long at = position;
        while (target.hasRemaining()) {
            int count = file.read(target, at);
            if (count < 0) {
                break;
            }
            at += count;
        }
        return target.position() - start;
    }
}
