package io.argosy.raft.storage;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Head of one record in a segment; the trailer repeats what is needed to find and name the record if the head is
 * damaged. Layout in {@code package-info}.
 *
 * @param bodyBytes between head and trailer
 * @param count entries in the body
 * @param firstIndex of the entries; or the index from which on everything before is dropped, {@link Kind#TRUNCATE}
 * @param prevChain {@code crc} of the record before
 * @param unsyncedBytes directly in front of this record that were not known to be durable when it was written
 * @param headersCrc of the heads of all entries
 * @param cuts truncations in this segment so far, this record included
 * @param crc of this head, seeded with epoch and position; the next record's {@code prevChain}
 */
record Batch(
        Kind kind,
        boolean hasConfig,
        int bodyBytes,
        int count,
        long firstIndex,
        long term,
        int prevChain,
        int unsyncedBytes,
        int headersCrc,
        Cuts cuts,
        int crc) {

    enum Kind {
        ENTRIES(1),
        TRUNCATE(2);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }
    }

    /** Both magics are negative, the first field of an entry never is: a reader always knows what it looks at. */
    static final int HEAD_MAGIC = 0xA7B01D01;

    static final int TRAILER_MAGIC = 0xA7B0E502;
    static final int HEAD_BYTES = 60;
    static final int TRAILER_BYTES = 32;
    /**
     * Records start at multiples of this. A torn write may turn a whole sector to garbage, and must not take the end of
     * the record before with it, which was durable and perhaps acknowledged.
     */
    static final int SECTOR_BYTES = 512;

    static final int OVERHEAD_BYTES = HEAD_BYTES + TRAILER_BYTES;

    private static final byte VERSION = 1;
    private static final int FLAG_CONFIG = 1;

    /** From this record's start to the next one's. */
    int recordBytes() {
        return padded(OVERHEAD_BYTES + bodyBytes);
    }

    int unpaddedBytes() {
        return OVERHEAD_BYTES + bodyBytes;
    }

    static int padded(int bytes) {
        return (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    }

    int trailerOffset() {
        return HEAD_BYTES + bodyBytes;
    }

    /** Highest index of the log once this record counts. */
    long lastIndex() {
        return kind == Kind.TRUNCATE ? firstIndex - 1 : firstIndex + count - 1;
    }

    /**
     * Truncations in a segment. Entries of indexes from the lowest on may be there twice, so that whoever cannot see all
     * truncations must not believe them.
     *
     * @param count -1 if unknown
     */
    record Cuts(int count, long lowestIndex) {
        static final Cuts NONE = new Cuts(0, Long.MAX_VALUE);
        static final Cuts UNKNOWN = new Cuts(-1, Long.MAX_VALUE);
        static final int BYTES = 12;

        Cuts and(long index) {
            return new Cuts(count + 1, Math.min(lowestIndex, index));
        }

        void encode(ByteBuffer target) {
            target.putInt(count).putLong(lowestIndex);
        }

        static Cuts decode(ByteBuffer in) {
            return new Cuts(in.getInt(), in.getLong());
        }
    }

    /** Writes the head; returns its checksum. */
    int encode(ByteBuffer target, int at, Checksums checksums, long epoch, long position) {
        target.putInt(at, HEAD_MAGIC)
                .put(at + 4, VERSION)
                .put(at + 5, kind.code)
                .putShort(at + 6, (short) (hasConfig ? FLAG_CONFIG : 0))
                .putInt(at + 8, bodyBytes)
                .putInt(at + 12, count)
                .putLong(at + 16, firstIndex)
                .putLong(at + 24, term)
                .putInt(at + 32, prevChain)
                .putInt(at + 36, unsyncedBytes)
                .putInt(at + 40, headersCrc)
                .putInt(at + 44, cuts.count())
                .putLong(at + 48, cuts.lowestIndex());
        int headCrc = checksums.seeded(epoch, position, target, at, HEAD_BYTES - 4);
        target.putInt(at + HEAD_BYTES - 4, headCrc);
        return headCrc;
    }

    static void encodeTrailer(
            ByteBuffer target,
            int at,
            Checksums checksums,
            long epoch,
            long position,
            int unpaddedBytes,
            long lastIndex,
            long term,
            int headCrc) {
        target.putInt(at, TRAILER_MAGIC)
                .putInt(at + 4, unpaddedBytes)
                .putLong(at + 8, lastIndex)
                .putLong(at + 16, term)
                .putInt(at + 24, headCrc);
        target.putInt(at + 28, checksums.seeded(epoch, position, target, at, TRAILER_BYTES - 4));
    }

    static Optional<Batch> decode(ByteBuffer in, int at, Checksums checksums, long epoch, long position) {
        if (in.getInt(at) != HEAD_MAGIC
                || in.getInt(at + HEAD_BYTES - 4) != checksums.seeded(epoch, position, in, at, HEAD_BYTES - 4)
                || in.get(at + 4) != VERSION) {
            return Optional.empty();
        }
        byte kind = in.get(at + 5);
        if (kind != Kind.ENTRIES.code && kind != Kind.TRUNCATE.code) {
            return Optional.empty();
        }
        return Optional.of(new Batch(
                kind == Kind.ENTRIES.code ? Kind.ENTRIES : Kind.TRUNCATE,
                (in.getShort(at + 6) & FLAG_CONFIG) != 0,
                in.getInt(at + 8),
                in.getInt(at + 12),
                in.getLong(at + 16),
                in.getLong(at + 24),
                in.getInt(at + 32),
                in.getInt(at + 36),
                in.getInt(at + 40),
                new Cuts(in.getInt(at + 44), in.getLong(at + 48)),
                in.getInt(at + HEAD_BYTES - 4)));
    }

    /** What the last bytes of a record say about it; {@code headCrc} is the chain value. */
    record Trailer(int unpaddedBytes, long lastIndex, long term, int headCrc) {

        int recordBytes() {
            return padded(unpaddedBytes);
        }

        static Optional<Trailer> decode(ByteBuffer in, int at, Checksums checksums, long epoch, long position) {
            if (in.getInt(at) != TRAILER_MAGIC
                    || in.getInt(at + 28) != checksums.seeded(epoch, position, in, at, TRAILER_BYTES - 4)) {
                return Optional.empty();
            }
            return Optional.of(
                    new Trailer(in.getInt(at + 4), in.getLong(at + 8), in.getLong(at + 16), in.getInt(at + 24)));
        }
    }
}
