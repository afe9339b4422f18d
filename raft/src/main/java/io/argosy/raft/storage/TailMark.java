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
 * @param doubtFrom damaged entries from here on to {@code doubtTo} may never have been durable, whatever was written
 *     behind them since; 0 if there are none
 */
record TailMark(
        long firstIndex,
        long segmentIndex,
        long epoch,
        long position,
        long lastIndex,
        long lastTerm,
        Batch.Cuts cuts,
        long doubtFrom,
        long doubtTo) {

    static final String NAME = "tailmark";
    static final int MAGIC = 0x4152474D;
    private static final int VALUE_BYTES = 48 + Batch.Cuts.BYTES;
    private static final int VALUE_BYTES_DOUBT = VALUE_BYTES + 16;

    ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(VALUE_BYTES_DOUBT)
                .putLong(firstIndex)
                .putLong(segmentIndex)
                .putLong(epoch)
                .putLong(position)
                .putLong(lastIndex)
                .putLong(lastTerm);
        cuts.encode(out);
        if (doubtFrom != 0) {
            out.putLong(doubtFrom).putLong(doubtTo);
        }
        return out.flip();
    }

    static Optional<TailMark> decode(ByteBuffer in) {
        boolean doubt = in.remaining() == VALUE_BYTES_DOUBT;
        return in.remaining() == VALUE_BYTES || doubt
                ? Optional.of(new TailMark(
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        Batch.Cuts.decode(in),
                        doubt ? in.getLong() : 0,
                        doubt ? in.getLong() : 0))
                : Optional.empty();
    }
}
