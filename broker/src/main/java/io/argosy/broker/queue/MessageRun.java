package io.argosy.broker.queue;

import java.nio.ByteBuffer;

/**
 * Messages that follow each other both in a queue and in one entry of the log. Immutable.
 *
 * <p>As a value of the queue index, big endian, under the key topic id (4), queue id (4), base offset (8):
 *
 * <pre>
 * field         offset  sizeBytes  meaning
 * version            0          1  1
 * tagForm            1          1  0: no message has a tag; 1: all have the same; 2: one hash each
 * logIndex           2          8
 * firstOrdinal      10          2  of the first message in the entry, unsigned
 * count             12          2  unsigned
 * timestamp         14          8  entry time, milliseconds
 * tagHashes         22   0, 4, 4n  as tagForm says
 * </pre>
 */
public final class MessageRun {

    private static final byte VERSION = 1;
    private static final int TAGS_POSITION = 22;

    private final long baseOffset;
    private final byte[] value;
    private final int skipped;
    private final int count;

    private MessageRun(long baseOffset, byte[] value, int skipped, int count) {
        this.baseOffset = baseOffset;
        this.value = value;
        this.skipped = skipped;
        this.count = count;
    }

    static byte[] encode(long logIndex, int firstOrdinal, int count, long timestampMillis, TagHashes tags) {
        int first = tags.tagHash(firstOrdinal);
        boolean same = true;
        for (int i = 1; tags != TagHashes.NONE && i < count && same; i++) {
            same = tags.tagHash(firstOrdinal + i) == first;
        }
        int form = !same ? 2 : first == 0 ? 0 : 1;
        int hashes = form == 2 ? count : form;
        ByteBuffer target = ByteBuffer.allocate(TAGS_POSITION + 4 * hashes);
        target.put(VERSION)
                .put((byte) form)
                .putLong(logIndex)
                .putShort((short) firstOrdinal)
                .putShort((short) count)
                .putLong(timestampMillis);
        for (int i = 0; i < hashes; i++) {
            target.putInt(tags.tagHash(firstOrdinal + i));
        }
        return target.array();
    }

    static MessageRun decode(long baseOffset, byte[] value) {
        if (value.length < TAGS_POSITION || value[0] != VERSION) {
            throw new IllegalStateException("queue index value of " + value.length + " bytes is not of version 1");
        }
        return new MessageRun(baseOffset, value, 0, ByteBuffer.wrap(value).getShort(12) & 0xffff);
    }

    public long logIndex() {
        return ByteBuffer.wrap(value).getLong(2);
    }

    /** Ordinal of the first message of this run in its entry. */
    public int firstOrdinal() {
        return (ByteBuffer.wrap(value).getShort(10) & 0xffff) + skipped;
    }

    public int count() {
        return count;
    }

    /** Queue offset of the first message. */
    public long baseOffset() {
        return baseOffset + skipped;
    }

    /** Behind the queue offset of the last message. */
    public long endOffset() {
        return baseOffset() + count;
    }

    /** Entry time of the entry. */
    public long timestampMillis() {
        return ByteBuffer.wrap(value).getLong(14);
    }

    /** Hash of the tag of the i-th message of this run, {@code io.argosy.broker.message.BytesHash#ofTag}; 0: none. */
    public int tagHash(int i) {
        return switch (value[1]) {
            case 0 -> 0;
            case 1 -> ByteBuffer.wrap(value).getInt(TAGS_POSITION);
            default -> ByteBuffer.wrap(value).getInt(TAGS_POSITION + 4 * (skipped + i));
        };
    }

    /** The part of this run in [fromOffset, toOffset), which must not be empty. */
    public MessageRun between(long fromOffset, long toOffset) {
        long from = Math.max(fromOffset, baseOffset());
        long to = Math.min(toOffset, endOffset());
        if (from >= to) {
            throw new IllegalArgumentException("nothing of " + this + " between " + fromOffset + " and " + toOffset);
        }
        return new MessageRun(baseOffset, value, (int) (from - baseOffset), (int) (to - from));
    }

    @Override
    public String toString() {
        return "run(" + baseOffset() + "+" + count + " in entry " + logIndex() + " from " + firstOrdinal() + ")";
    }
}
