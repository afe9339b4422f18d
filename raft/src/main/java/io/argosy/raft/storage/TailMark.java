package io.argosy.raft.storage;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Evidence, outside the segments, of what was durable: everything before the position in the segment of this epoch,
 * and all older segments from {@code firstIndex} on.
 *
 * @param firstIndex lowest index that must be there
 * @param segmentIndex first index of the segment
 * @param cuts truncations in that segment
 */
record TailMark(
        long firstIndex, long segmentIndex, long epoch, long position, long lastIndex, long lastTerm, Batch.Cuts cuts) {

    static final String NAME = "tailmark";
    static final int MAGIC = 0x4152474D;
    private static final int VALUE_BYTES = 48 + Batch.Cuts.BYTES;

    ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(VALUE_BYTES)
                .putLong(firstIndex)
                .putLong(segmentIndex)
                .putLong(epoch)
                .putLong(position)
                .putLong(lastIndex)
                .putLong(lastTerm);
        cuts.encode(out);
        return out.flip();
    }

    static Optional<TailMark> decode(ByteBuffer in) {
        return in.remaining() == VALUE_BYTES
                ? Optional.of(new TailMark(
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        Batch.Cuts.decode(in)))
                : Optional.empty();
    }
}
