package io.argosy.wire.batch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A view of one compact batch; layout: see the package. Opening one costs the same however many messages it has: {@link
 * #check} once at the door, {@link #of} wherever the bytes were checked before. Immutable.
 */
public final class CompactBatch {

    /** First byte; the code of a broker's command. */
    public static final byte KIND = 6;

    public static final byte VERSION = 1;
    public static final int HEADER_BYTES = 68;
    public static final int COUNT_MAX = 0xffff;

    /** Of all bodies before compression: bounds what opening a batch takes. */
    public static final int BODIES_BYTES_MAX = 16 << 20;

    static final int TIMESTAMP_AT = 2;
    static final int TOPIC_ID_AT = 10;
    static final int QUEUE_ID_AT = 14;
    static final int PRODUCER_AT = 18;
    static final int SEQUENCE_AT = 26;
    static final int BORN_AT = 34;
    static final int ID_SECONDS_AT = 42;
    static final int ID_COUNTER_AT = 46;
    static final int COUNT_AT = 50;
    static final int FLAGS_AT = 54;
    static final int CODEC_AT = 55;
    static final int BODIES_BYTES_AT = 56;
    static final int META_BYTES_AT = 60;
    static final int CRC_AT = 64;

    static final int FLAG_UNIFORM = 1;
    static final int FLAG_ATTRIBUTES = 2;

    private final ByteBuffer bytes;
    private final int start;
    private final int end;

    private CompactBatch(ByteBuffer bytes) {
        this.bytes = bytes;
        this.start = bytes.position();
        this.end = bytes.limit();
    }

    /**
     * A batch whose bytes are known to be whole: from a log or from a server, which both have checksums of their own and
     * took it from {@link #check}.
     *
     * @param bytes position to limit; kept, must not change
     * @throws IllegalArgumentException if the header cannot be that of a batch of a known version
     */
    public static CompactBatch of(ByteBuffer bytes) {
        String problem = headerProblem(bytes);
        if (!problem.isEmpty()) {
            throw new IllegalArgumentException(problem);
        }
        return new CompactBatch(bytes);
    }

    /** What {@link #check} found. */
    public sealed interface Checked {

        /**
         * The checksum is right and all lengths add up. Attributes lie where they should; what they say is not checked.
         * Nor is what compressed bodies open to.
         */
        record Sound(CompactBatch batch, int shortestBodyBytes, int longestBodyBytes) implements Checked {}

        record Broken(String problem) implements Checked {}
    }

    /** Checks bytes from somebody who is not trusted; position to limit, kept. */
    public static Checked check(ByteBuffer bytes) {
        String problem = headerProblem(bytes);
        if (!problem.isEmpty()) {
            return new Checked.Broken(problem);
        }
        CompactBatch batch = new CompactBatch(bytes);
        if (batch.crc() != bytes.getInt(batch.start + CRC_AT)) {
            return new Checked.Broken("the checksum of the batch is wrong");
        }
        return batch.checkMeta();
    }

    private static String headerProblem(ByteBuffer bytes) {
        int start = bytes.position();
        int size = bytes.remaining();
        if (size < HEADER_BYTES) {
            return "a batch of " + size + " bytes";
        }
        if (bytes.get(start) != KIND || bytes.get(start + 1) != VERSION) {
            return "not a compact batch of version " + VERSION;
        }
        int count = bytes.getInt(start + COUNT_AT);
        if (count < 1 || count > COUNT_MAX) {
            return "a batch of " + count + " messages, 1 to " + COUNT_MAX + " are allowed";
        }
        int flags = bytes.get(start + FLAGS_AT);
        if ((flags & ~(FLAG_UNIFORM | FLAG_ATTRIBUTES)) != 0) {
            return "unknown flags " + flags + " in a batch";
        }
        byte codec = bytes.get(start + CODEC_AT);
        if (BodyCodec.ofCode(codec).isEmpty()) {
            return "codec " + codec + " of a batch is unknown";
        }
        int bodiesBytes = bytes.getInt(start + BODIES_BYTES_AT);
        if (bodiesBytes < 0 || bodiesBytes > BODIES_BYTES_MAX) {
            return "bodies of " + bodiesBytes + " bytes, at most " + BODIES_BYTES_MAX + " are allowed in a batch";
        }
        int metaBytes = bytes.getInt(start + META_BYTES_AT);
        if (metaBytes < 0 || metaBytes > size - HEADER_BYTES) {
            return "meta section of " + metaBytes + " bytes in a batch of " + size;
        }
        int stored = size - HEADER_BYTES - metaBytes;
        if (codec == BodyCodec.NONE.code() && stored != bodiesBytes) {
            return "bodies of " + stored + " bytes instead of " + bodiesBytes;
        }
        if (stored > bodiesBytes) {
            return "bodies of " + bodiesBytes + " bytes that were compressed to " + stored;
        }
        return "";
    }

    private int crc() {
        CRC32C crc = new CRC32C();
        ByteBuffer part = bytes.duplicate();
        crc.update(part.limit(start + CRC_AT).position(start + QUEUE_ID_AT));
        crc.update(part.limit(end).position(start + HEADER_BYTES));
        return (int) crc.getValue();
    }

    /** Walks over the lengths: every varint ends inside the section, and the sums are those that the header says. */
    private Checked checkMeta() {
        VarintReader meta = new VarintReader(bytes, start + HEADER_BYTES, bodiesPosition());
        meta.skip(meta.next());
        int lengthsEnd = meta.section(meta.next());
        int shortest = Integer.MAX_VALUE;
        int longest = 0;
        long sum = 0;
        int lengths = uniform() ? 1 : count();
        for (int i = 0; i < lengths; i++) {
            int length = meta.next();
            shortest = Math.min(shortest, length);
            longest = Math.max(longest, length);
            sum += length;
        }
        if (meta.broken() || meta.position() != lengthsEnd) {
            return new Checked.Broken("the lengths in a batch do not fill their section");
        }
        if ((uniform() ? sum * count() : sum) != bodiesBytes()) {
            return new Checked.Broken("the lengths in a batch add up to " + (uniform() ? sum * count() : sum)
                    + " instead of " + bodiesBytes());
        }
        if (hasAttributes()) {
            for (int i = 0; i < count() && !meta.broken(); i++) {
                meta.skip(meta.next());
                meta.skip(meta.next());
            }
        }
        if (meta.broken() || meta.position() != bodiesPosition()) {
            return new Checked.Broken("the attributes in a batch do not fill their section");
        }
        return new Checked.Sound(this, shortest, longest);
    }

    /** The leader's two fields, at the front of an array that nobody else reads yet; they are not under the checksum. */
    public static void stamp(byte[] target, int batchAt, long timestampMillis, int topicId) {
        ByteBuffer.wrap(target).putLong(batchAt + TIMESTAMP_AT, timestampMillis).putInt(batchAt + TOPIC_ID_AT, topicId);
    }

    public long timestampMillis() {
        return bytes.getLong(start + TIMESTAMP_AT);
    }

    public int topicId() {
        return bytes.getInt(start + TOPIC_ID_AT);
    }

    public int queueId() {
        return bytes.getInt(start + QUEUE_ID_AT);
    }

    /** 0 if duplicates are not looked for. */
    public long producer() {
        return bytes.getLong(start + PRODUCER_AT);
    }

    public long sequence() {
        return bytes.getLong(start + SEQUENCE_AT);
    }

    public long bornMillis() {
        return bytes.getLong(start + BORN_AT);
    }

    public int idSeconds() {
        return bytes.getInt(start + ID_SECONDS_AT);
    }

    /** Of the first message. */
    public int idCounter() {
        return bytes.getInt(start + ID_COUNTER_AT);
    }

    public int count() {
        return bytes.getInt(start + COUNT_AT);
    }

    public boolean hasAttributes() {
        return (bytes.get(start + FLAGS_AT) & FLAG_ATTRIBUTES) != 0;
    }

    boolean uniform() {
        return (bytes.get(start + FLAGS_AT) & FLAG_UNIFORM) != 0;
    }

    public BodyCodec codec() {
        return BodyCodec.ofCode(bytes.get(start + CODEC_AT)).orElseThrow();
    }

    /** Of all bodies, before compression. */
    public int bodiesBytes() {
        return bytes.getInt(start + BODIES_BYTES_AT);
    }

    /** Of the whole batch. */
    public int sizeBytes() {
        return end - start;
    }

    /** All bytes of the batch; positions of a {@link CompactCursor} count in this buffer. */
    public ByteBuffer bytes() {
        return bytes.duplicate();
    }

    int metaPosition() {
        return start + HEADER_BYTES;
    }

    int bodiesPosition() {
        return start + HEADER_BYTES + bytes.getInt(start + META_BYTES_AT);
    }

    /** Name of the host that made the messages, perhaps empty. */
    public String bornHost() {
        VarintReader meta = new VarintReader(bytes, metaPosition(), bodiesPosition());
        byte[] text = new byte[meta.next()];
        bytes.get(meta.position(), text);
        return new String(text, StandardCharsets.UTF_8);
    }

    /** The bodies as they were sent, compressed or not. */
    private ByteBuffer storedBodies() {
        return bytes.slice(bodiesPosition(), end - bodiesPosition());
    }

    /**
     * The bodies back to back; a view if they are not compressed.
     *
     * @return empty if they cannot be opened: a producer compressed them wrongly, and nobody ever will open them
     */
    public Optional<ByteBuffer> openBodies() {
        ByteBuffer stored = storedBodies();
        if (codec() == BodyCodec.NONE) {
            return Optional.of(stored);
        }
        byte[] compressed = new byte[stored.remaining()];
        stored.get(compressed);
        return codec().open(compressed, bodiesBytes()).map(ByteBuffer::wrap);
    }

    /** Steps over the messages, from the first one. */
    public CompactCursor cursor() {
        return new CompactCursor(this);
    }

    /** Writes the id of a message, {@link MessageIds#LENGTH} ASCII characters. */
    public void writeMessageId(int ordinal, byte[] target, int at) {
        MessageIds.write(producer(), idSeconds(), idCounter() + ordinal, target, at);
    }

    public String messageId(int ordinal) {
        return MessageIds.text(producer(), idSeconds(), idCounter() + ordinal);
    }

    @Override
    public String toString() {
        return "compact(" + count() + " messages, " + sizeBytes() + " bytes, producer " + producer() + " sequence "
                + sequence() + ")";
    }
}
