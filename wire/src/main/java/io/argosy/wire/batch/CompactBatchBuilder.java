package io.argosy.wire.batch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Collects messages for one queue. Bodies are copied once, into an array that the caller gives and gets back; nothing is
 * kept per message that has no attributes. Not thread-safe.
 */
public final class CompactBatchBuilder {

    private static final int SYSTEM_TAG = 1;
    private static final int SYSTEM_KEY = 2;
    private static final int MESSAGE_USER_PROPERTIES = 2;
    private static final int PAIR_KEY = 1;
    private static final int PAIR_VALUE = 2;
    private static final byte[] NOTHING = new byte[0];

    private final byte[] bornHost;

    private byte[] bodies;
    private int bodiesBytes;
    private int count;

    /** Length of all bodies so far; -1 once they differ. */
    private int uniformLength = -1;

    private boolean differ;

    /** Varints; only kept once they differ. */
    private final Bytes lengths = new Bytes();

    private final Bytes attributes = new Bytes();
    private boolean hasAttributes;

    /**
     * @param bodies where bodies go; replaced by a longer one when it is full
     * @param bornHost name of this host, perhaps empty
     */
    public CompactBatchBuilder(byte[] bodies, String bornHost) {
        this.bodies = bodies;
        this.bornHost = bornHost.getBytes(StandardCharsets.UTF_8);
    }

    /** Adds a message that has only a body. */
    public void add(ByteBuffer body) {
        int length = body.remaining();
        body.get(body.position(), roomFor(length), bodiesBytes, length);
        added(length);
        if (hasAttributes) {
            attributes.varint(0);
            attributes.varint(0);
        }
    }

    /** Adds a message. */
    public void add(ByteBuffer body, Optional<String> tag, Collection<String> keys, Map<String, String> properties) {
        if (tag.isEmpty() && keys.isEmpty() && properties.isEmpty()) {
            add(body);
            return;
        }
        if (!hasAttributes) {
            hasAttributes = true;
            for (int i = 0; i < count; i++) {
                attributes.varint(0);
                attributes.varint(0);
            }
        }
        int length = body.remaining();
        body.get(body.position(), roomFor(length), bodiesBytes, length);
        added(length);
        Bytes pairs = new Bytes();
        for (Map.Entry<String, String> property : properties.entrySet()) {
            Bytes pair = new Bytes();
            pair.text(PAIR_KEY, property.getKey());
            pair.text(PAIR_VALUE, property.getValue());
            pairs.field(MESSAGE_USER_PROPERTIES, pair);
        }
        attributes.section(pairs);
        Bytes system = new Bytes();
        if (tag.isPresent()) {
            system.text(SYSTEM_TAG, tag.get());
        }
        for (String key : keys) {
            system.text(SYSTEM_KEY, key);
        }
        attributes.section(system);
    }

    private byte[] roomFor(int length) {
        if (count == CompactBatch.COUNT_MAX || length > CompactBatch.BODIES_BYTES_MAX - bodiesBytes) {
            throw new IllegalStateException("no room for " + length + " bytes in a batch of " + count + " messages");
        }
        if (length > bodies.length - bodiesBytes) {
            bodies = Arrays.copyOf(bodies, Math.max(bodiesBytes + length, bodies.length * 2));
        }
        return bodies;
    }

    private void added(int length) {
        if (!differ && count > 0 && length != uniformLength) {
            differ = true;
            for (int i = 0; i < count; i++) {
                lengths.varint(uniformLength);
            }
        }
        if (differ) {
            lengths.varint(length);
        } else {
            uniformLength = length;
        }
        bodiesBytes += length;
        count++;
    }

    public int count() {
        return count;
    }

    /** The array that bodies are in; not a copy. A sealed batch reads it unless it was compressed. */
    public byte[] array() {
        return bodies;
    }

    /** About what the batch takes on the wire; exact but for the numbers in front of sections. */
    public int sizeBytes() {
        return CompactBatch.HEADER_BYTES + bornHost.length + lengths.size + attributes.size + bodiesBytes;
    }

    /**
     * What is known when the batch leaves.
     *
     * @param producer random per producer; 0 if duplicates are not to be looked for
     * @param sequence of this batch among the producer's batches for this queue, from 1
     * @param idSeconds {@link MessageIds#seconds}
     * @param idCounter of the first message; the others follow
     */
    public record Labels(int queueId, long producer, long sequence, long bornMillis, int idSeconds, int idCounter) {}

    /** The batch as it is; nothing may be added any more. */
    public Sealed seal(Labels labels) {
        return seal(labels, BodyCodec.NONE);
    }

    /** The batch, with its bodies compressed if that makes them shorter; nothing may be added any more. */
    public Sealed seal(Labels labels, BodyCodec wanted) {
        if (count == 0) {
            throw new IllegalStateException("an empty batch");
        }
        BodyCodec codec = BodyCodec.NONE;
        byte[] stored = bodies;
        int storedBytes = bodiesBytes;
        if (wanted != BodyCodec.NONE) {
            byte[] compressed = wanted.compress(bodies, bodiesBytes);
            if (compressed.length < bodiesBytes) {
                codec = wanted;
                stored = compressed;
                storedBytes = compressed.length;
            }
        }
        if (!differ) {
            lengths.varint(uniformLength);
        }
        int metaBytes = Bytes.varintBytes(bornHost.length)
                + bornHost.length
                + Bytes.varintBytes(lengths.size)
                + lengths.size
                + attributes.size;
        Bytes head = new Bytes(CompactBatch.HEADER_BYTES + metaBytes);
        head.size = CompactBatch.HEADER_BYTES;
        head.varint(bornHost.length);
        head.raw(bornHost, bornHost.length);
        head.varint(lengths.size);
        head.raw(lengths.bytes, lengths.size);
        head.raw(attributes.bytes, attributes.size);
        ByteBuffer header = ByteBuffer.wrap(head.bytes);
        header.put(0, CompactBatch.KIND)
                .put(1, CompactBatch.VERSION)
                .putInt(CompactBatch.QUEUE_ID_AT, labels.queueId)
                .putLong(CompactBatch.PRODUCER_AT, labels.producer)
                .putLong(CompactBatch.SEQUENCE_AT, labels.sequence)
                .putLong(CompactBatch.BORN_AT, labels.bornMillis)
                .putInt(CompactBatch.ID_SECONDS_AT, labels.idSeconds)
                .putInt(CompactBatch.ID_COUNTER_AT, labels.idCounter)
                .putInt(CompactBatch.COUNT_AT, count)
                .put(CompactBatch.FLAGS_AT, (byte)
                        ((differ ? 0 : CompactBatch.FLAG_UNIFORM) | (hasAttributes ? CompactBatch.FLAG_ATTRIBUTES : 0)))
                .put(CompactBatch.CODEC_AT, codec.code())
                .putInt(CompactBatch.BODIES_BYTES_AT, bodiesBytes)
                .putInt(CompactBatch.META_BYTES_AT, metaBytes);
        CRC32C crc = new CRC32C();
        crc.update(head.bytes, CompactBatch.QUEUE_ID_AT, CompactBatch.CRC_AT - CompactBatch.QUEUE_ID_AT);
        crc.update(head.bytes, CompactBatch.HEADER_BYTES, metaBytes);
        crc.update(stored, 0, storedBytes);
        header.putInt(CompactBatch.CRC_AT, (int) crc.getValue());
        return new Sealed(head.bytes, stored, storedBytes);
    }

    /** A finished batch in two pieces, so that the bodies are not copied: the head, and then the bodies. */
    public static final class Sealed {

        private final byte[] head;
        private final byte[] bodies;
        private final int bodiesBytes;

        Sealed(byte[] head, byte[] bodies, int bodiesBytes) {
            this.head = head;
            this.bodies = bodies;
            this.bodiesBytes = bodiesBytes;
        }

        /** Header and meta; not a copy. */
        public byte[] head() {
            return head;
        }

        /** The array that holds the bodies at its front, compressed or not; not a copy. */
        public byte[] bodies() {
            return bodies;
        }

        public int bodiesBytes() {
            return bodiesBytes;
        }

        public int sizeBytes() {
            return head.length + bodiesBytes;
        }

        /** A copy in one piece. */
        public ByteBuffer toByteBuffer() {
            return ByteBuffer.allocate(sizeBytes())
                    .put(head)
                    .put(bodies, 0, bodiesBytes)
                    .flip();
        }
    }

    /** Bytes that grow, and protobuf's way to write lengths and texts. */
    private static final class Bytes {

        private byte[] bytes;
        private int size;

        Bytes() {
            this.bytes = NOTHING;
        }

        Bytes(int capacity) {
            this.bytes = new byte[capacity];
        }

        void varint(int value) {
            reserve(varintBytes(value));
            int rest = value;
            while ((rest & ~0x7f) != 0) {
                bytes[size++] = (byte) ((rest & 0x7f) | 0x80);
                rest >>>= 7;
            }
            bytes[size++] = (byte) rest;
        }

        void text(int field, String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            varint(field << 3 | 2);
            varint(utf8.length);
            raw(utf8, utf8.length);
        }

        void field(int field, Bytes content) {
            varint(field << 3 | 2);
            section(content);
        }

        void section(Bytes content) {
            varint(content.size);
            raw(content.bytes, content.size);
        }

        void raw(byte[] source, int length) {
            reserve(length);
            System.arraycopy(source, 0, bytes, size, length);
            size += length;
        }

        private void reserve(int more) {
            if (bytes.length - size < more) {
                bytes = Arrays.copyOf(bytes, Math.max(size + more, Math.max(64, bytes.length * 2)));
            }
        }

        static int varintBytes(int value) {
            return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
        }
    }
}
