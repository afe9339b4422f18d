package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a segment says about itself, twice, so that one rotten page does not make the whole segment unreadable.
 *
 * @param epoch drawn at random when the segment was made; part of every checksum inside it
 * @param prevTerm term of the entry before the first index
 * @param before the segment in front of it
 * @param config the membership as of the entry before the first index
 */
record SegmentHeader(long epoch, long firstIndex, long prevTerm, Predecessor before, Optional<ConfigAt> config) {

    /**
     * The end of the segment in front, as it was when this one was made.
     *
     * @param epoch 0 if there is none
     * @param chain checksum of its last record
     * @param cuts truncations in it
     */
    record Predecessor(long epoch, int chain, Batch.Cuts cuts) {
        static final Predecessor NONE = new Predecessor(0, 0, Batch.Cuts.NONE);
        /** Of a segment that was written as a whole to take the place of a damaged or missing one. */
        static final Predecessor WRITTEN_WHOLE = new Predecessor(0, 0, Batch.Cuts.UNKNOWN);
    }

    static final int COPY_BYTES = 4096;
    /** Where the first record starts. */
    static final int BYTES = 2 * COPY_BYTES;

    private static final int MAGIC = 0x41524753;
    private static final int VERSION = 1;
    private static final int FIXED_BYTES = 4 + 4 + 8 + 8 + 8 + 8 + 4 + Batch.Cuts.BYTES + 8 + 4;

    /** Not written entry by entry, so that it was durable before it had its name. */
    boolean writtenWhole() {
        return before.equals(Predecessor.WRITTEN_WHOLE);
    }

    ByteBuffer encode() {
        ByteBuffer copy = ByteBuffer.allocate(COPY_BYTES);
        ByteBuffer members = config.map(c -> c.membership().encode()).orElse(ByteBuffer.allocate(0));
        if (members.remaining() > COPY_BYTES - FIXED_BYTES - 4) {
            throw new IllegalStateException("membership of " + members.remaining() + " bytes");
        }
        copy.putInt(MAGIC)
                .putInt(VERSION)
                .putLong(epoch)
                .putLong(firstIndex)
                .putLong(prevTerm)
                .putLong(before.epoch())
                .putInt(before.chain());
        before.cuts().encode(copy);
        copy.putLong(config.map(ConfigAt::index).orElse(0L))
                .putInt(members.remaining())
                .put(members);
        copy.putInt(COPY_BYTES - 4, Checksums.of(copy, 0, COPY_BYTES - 4)).clear();
        return ByteBuffer.allocate(BYTES).put(copy.duplicate()).put(copy).flip();
    }

    static Optional<SegmentHeader> read(Disk.DiskFile file) throws IOException {
        Optional<SegmentHeader> first = read(file, 0);
        return first.isPresent() ? first : read(file, 1);
    }

    static boolean copiesWhole(Disk.DiskFile file) throws IOException {
        Optional<SegmentHeader> first = read(file, 0);
        return first.isPresent() && first.equals(read(file, 1));
    }

    private static Optional<SegmentHeader> read(Disk.DiskFile file, int copy) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(COPY_BYTES);
        return Checksums.readFully(file, bytes, (long) copy * COPY_BYTES) == COPY_BYTES
                ? decode(bytes.flip())
                : Optional.empty();
    }

    private static Optional<SegmentHeader> decode(ByteBuffer in) {
        if (in.getInt(COPY_BYTES - 4) != Checksums.of(in, 0, COPY_BYTES - 4)
                || in.getInt() != MAGIC
                || in.getInt() != VERSION) {
            return Optional.empty();
        }
        long epoch = in.getLong();
        long firstIndex = in.getLong();
        long prevTerm = in.getLong();
        Predecessor before = new Predecessor(in.getLong(), in.getInt(), Batch.Cuts.decode(in));
        long configIndex = in.getLong();
        int membersBytes = in.getInt();
        Optional<ConfigAt> config = membersBytes == 0
                ? Optional.empty()
                : Optional.of(new ConfigAt(configIndex, Membership.decode(in.slice(in.position(), membersBytes))));
        return Optional.of(new SegmentHeader(epoch, firstIndex, prevTerm, before, config));
    }
}
