package io.argosy.raft;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One slot of the log. Travels and lies on disk as one frame (big endian), the same bytes on every replica:
 *
 * <pre>
 * field         offset  sizeBytes  meaning
 * payloadBytes       0          4  length of the payload, 0 to {@link #PAYLOAD_BYTES_MAX}
 * index              4          8  log index, from 1
 * term              12          8  term of the leader that created the entry, from 0
 * type              20          1  {@link EntryType#code()}
 * version           21          1  frame layout, 1
 * reserved          22          2  0
 * payloadCrc        24          4  CRC-32C of the payload
 * headerCrc         28          4  CRC-32C of bytes 0 to 27
 * payload           32          n
 * </pre>
 *
 * <p>The header has a checksum of its own, so that a flipped length is not mistaken for a torn write. The payload's
 * checksum can be computed before index and term are known, off the event loop. Immutable.
 */
public final class Entry {

    public static final int HEADER_BYTES = 32;
    public static final int PAYLOAD_BYTES_MAX = 16 << 20;
    private static final byte VERSION = 1;

    private final long index;
    private final long term;
    private final EntryType type;
    private final ByteBuffer payload;
    private final int payloadCrc;

    private Entry(long index, long term, EntryType type, ByteBuffer payload, int payloadCrc) {
        this.index = index;
        this.term = term;
        this.type = type;
        this.payload = payload;
        this.payloadCrc = payloadCrc;
    }

    /**
     * @param payload position to limit; the bytes must not change afterwards
     * @param payloadCrc {@link #crcOf(ByteBuffer)} of the payload
     */
    public static Entry of(long index, long term, EntryType type, ByteBuffer payload, int payloadCrc) {
        if (index < 1 || term < 0) {
            throw new IllegalArgumentException("index " + index + " or term " + term + " out of range");
        }
        if (payload.remaining() > PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("payload of " + payload.remaining() + " bytes");
        }
        return new Entry(index, term, type, payload.duplicate(), payloadCrc);
    }

    /** As {@link #of(long, long, EntryType, ByteBuffer, int)}, computing the checksum here. */
    public static Entry of(long index, long term, EntryType type, ByteBuffer payload) {
        return of(index, term, type, payload, crcOf(payload));
    }

    /** CRC-32C from position to limit, which stay where they are. */
    public static int crcOf(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    public long index() {
        return index;
    }

    public long term() {
        return term;
    }

    public EntryType type() {
        return type;
    }

    /** A read-only view with its own position. */
    public ByteBuffer payload() {
        return payload.asReadOnlyBuffer();
    }

    /** Writes the payload, straight from its array if it has one, else through the scratch array. */
    public void writePayload(OutputStream target, byte[] scratch) throws IOException {
        if (payload.hasArray()) {
            target.write(payload.array(), payload.arrayOffset() + payload.position(), payload.remaining());
            return;
        }
        ByteBuffer source = payload.duplicate();
        while (source.hasRemaining()) {
            int length = Math.min(scratch.length, source.remaining());
            source.get(scratch, 0, length);
            target.write(scratch, 0, length);
        }
    }

    public int payloadBytes() {
        return payload.remaining();
    }

    public int payloadCrc() {
        return payloadCrc;
    }

    /** Header and payload. */
    public int frameBytes() {
        return HEADER_BYTES + payload.remaining();
    }

    /** Writes the {@link #HEADER_BYTES} bytes in front of the payload. */
    public void encodeHeader(ByteBuffer target) {
        int start = target.position();
        target.putInt(payload.remaining())
                .putLong(index)
                .putLong(term)
                .put(type.code())
                .put(VERSION)
                .putShort((short) 0)
                .putInt(payloadCrc);
        target.putInt(crcOf(target.duplicate().position(start).limit(start + HEADER_BYTES - 4)));
    }

    /** What {@link #decode} found; only {@link Decoded#entry()} of a whole and undamaged frame may be used. */
    public sealed interface Decoded {
        record Whole(Entry entry) implements Decoded {}

        /** The buffer ends inside the frame. */
        record Truncated() implements Decoded {}

        /** Header fails its checksum or holds impossible values: nothing in it can be trusted, not even the length. */
        record BadHeader(String reason) implements Decoded {}

        /** Header is good, payload fails its checksum: index, term and length are known. */
        record BadPayload(long index, long term, int payloadBytes) implements Decoded {}
    }

    /** Reads one frame and checks both checksums; moves the position behind it only if {@link Decoded.Whole}. */
    public static Decoded decode(ByteBuffer source) {
        if (source.remaining() < HEADER_BYTES) {
            return new Decoded.Truncated();
        }
        int start = source.position();
        if (source.getInt(start + 28)
                != crcOf(source.duplicate().position(start).limit(start + 28))) {
            return new Decoded.BadHeader("header checksum");
        }
        int payloadBytes = source.getInt(start);
        long index = source.getLong(start + 4);
        long term = source.getLong(start + 12);
        if (payloadBytes < 0 || payloadBytes > PAYLOAD_BYTES_MAX || index < 1 || term < 0) {
            return new Decoded.BadHeader("length " + payloadBytes + ", index " + index + ", term " + term);
        }
        if (source.get(start + 21) != VERSION) {
            return new Decoded.BadHeader("frame version " + source.get(start + 21));
        }
        EntryType type;
        try {
            type = EntryType.ofCode(source.get(start + 20));
        } catch (IllegalArgumentException e) {
            return new Decoded.BadHeader("entry type " + source.get(start + 20));
        }
        if (source.remaining() < HEADER_BYTES + payloadBytes) {
            return new Decoded.Truncated();
        }
        ByteBuffer payload = source.slice(start + HEADER_BYTES, payloadBytes);
        int payloadCrc = source.getInt(start + 24);
        if (crcOf(payload) != payloadCrc) {
            return new Decoded.BadPayload(index, term, payloadBytes);
        }
        source.position(start + HEADER_BYTES + payloadBytes);
        return new Decoded.Whole(new Entry(index, term, type, payload, payloadCrc));
    }

    @Override
    public String toString() {
        return type + "(" + index + "@" + term + ", " + payload.remaining() + "B)";
    }
}
