package io.argosy.raft.storage;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Evidence, outside the segments, of what was durable: everything before the position in the segment of this epoch,
 * and all older segments from {@code firstIndex} on.
 *
 * @param firstIndex lowest index that must be there
 * @param segmentIndex first index of the segment
 */
record TailMark(long firstIndex, long segmentIndex, long epoch, long position, long lastIndex, long lastTerm) {

    static final String NAME = "tailmark";
    static final int MAGIC = 0x4152474D;
    private static final int VALUE_BYTES = 48;

    ByteBuffer encode() {
        return ByteBuffer.allocate(VALUE_BYTES)
                .putLong(firstIndex)
                .putLong(segmentIndex)
                .putLong(epoch)
                .putLong(position)
                .putLong(lastIndex)
                .putLong(lastTerm)
                .flip();
    }

    static Optional<TailMark> decode(ByteBuffer in) {
        return in.remaining() == VALUE_BYTES
                ? Optional.of(new TailMark(
                        in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong()))
                : Optional.empty();
    }
}
