package io.argosy.broker.command;

import io.argosy.broker.message.BytesHash;
import java.nio.ByteBuffer;

/**
 * Messages for one queue, as their clients sent them; all stored or, those that were stored before, answered as
 * duplicates. A view of the payload; immutable. Layout: see the package.
 */
public final class PublishBatch implements Command {

    public static final int MESSAGES_MAX = 0xffff;
    static final int TABLE_POSITION = 36;
    static final int MESSAGE_OVERHEAD_BYTES = 8;
    private static final byte VERSION = 1;

    private final ByteBuffer payload;
    private final int start;
    private final int count;

    private PublishBatch(ByteBuffer payload) {
        this.payload = payload;
        this.start = payload.position();
        this.count = payload.getShort(start + 34) & 0xffff;
    }

    /**
     * @param payload position to limit; kept
     * @throws IllegalArgumentException if the bytes are not a PUBLISH command of a known version
     */
    public static PublishBatch of(ByteBuffer payload) {
        if (payload.remaining() < TABLE_POSITION
                || Command.kindOf(payload) != Kind.PUBLISH
                || Command.versionOf(payload) != VERSION) {
            throw new IllegalArgumentException("not a PUBLISH command of version " + VERSION);
        }
        PublishBatch batch = new PublishBatch(payload);
        long end = TABLE_POSITION + (long) batch.count * MESSAGE_OVERHEAD_BYTES;
        for (int i = 0; i < batch.count && end <= payload.remaining(); i++) {
            int length = batch.messageLength(i);
            end += length < 0 ? Integer.MAX_VALUE : length;
        }
        if (batch.count == 0 || end != payload.remaining()) {
            throw new IllegalArgumentException("PUBLISH command of " + batch.count + " messages has "
                    + payload.remaining() + " bytes instead of " + end);
        }
        return batch;
    }

    @Override
    public Kind kind() {
        return Kind.PUBLISH;
    }

    @Override
    public long timestampMillis() {
        return Command.timestampMillisOf(payload);
    }

    public int topicId() {
        return payload.getInt(start + 10);
    }

    public int queueId() {
        return payload.getInt(start + 14);
    }

    /** Both halves 0 if duplicates are not to be looked for. */
    public long clientHashHigh() {
        return payload.getLong(start + 18);
    }

    public long clientHashLow() {
        return payload.getLong(start + 26);
    }

    public int count() {
        return count;
    }

    public int messageLength(int ordinal) {
        return payload.getInt(start + TABLE_POSITION + ordinal * MESSAGE_OVERHEAD_BYTES);
    }

    /** {@link BytesHash#ofTag} of the message's tag, 0 without one. */
    public int tagHash(int ordinal) {
        return payload.getInt(start + TABLE_POSITION + ordinal * MESSAGE_OVERHEAD_BYTES + 4);
    }

    /** Where the first message begins in {@link #encode()}; the others follow without a gap. */
    public int messagesPosition() {
        return start + TABLE_POSITION + count * MESSAGE_OVERHEAD_BYTES;
    }

    /** The bytes of one message; steps over those before it. */
    public ByteBuffer message(int ordinal) {
        int position = messagesPosition();
        for (int i = 0; i < ordinal; i++) {
            position += messageLength(i);
        }
        return payload.slice(position, messageLength(ordinal));
    }

    @Override
    public ByteBuffer encode() {
        return payload.duplicate();
    }

    /** What comes before the messages themselves. */
    public static int overheadBytes(int count) {
        return TABLE_POSITION + count * MESSAGE_OVERHEAD_BYTES;
    }

    /**
     * Collects messages into one payload, each copied once. Counts and bytes must be known before.
     */
    public static final class Builder {

        private final byte[] bytes;
        private final ByteBuffer payload;
        private int ordinal;
        private int messagePosition;

        public Builder(int topicId, int queueId, long timestampMillis, ClientHash client, int count, int messageBytes) {
            if (count < 1 || count > MESSAGES_MAX) {
                throw new IllegalArgumentException("batch of " + count + " messages");
            }
            bytes = new byte[overheadBytes(count) + messageBytes];
            payload = ByteBuffer.wrap(bytes);
            Command.putHeader(payload, Kind.PUBLISH, VERSION, timestampMillis);
            payload.putInt(topicId)
                    .putInt(queueId)
                    .putLong(client.high())
                    .putLong(client.low())
                    .putShort((short) count);
            messagePosition = overheadBytes(count);
        }

        public Builder add(ByteBuffer source, int position, int length, int tagHash) {
            payload.putInt(length).putInt(tagHash);
            source.get(position, bytes, messagePosition, length);
            messagePosition += length;
            ordinal++;
            return this;
        }

        public PublishBatch build() {
            if (payload.position() != overheadBytes(ordinal) || messagePosition != bytes.length) {
                throw new IllegalStateException("batch has " + ordinal + " messages and " + messagePosition
                        + " bytes, announced were " + bytes.length);
            }
            return PublishBatch.of(payload.duplicate().rewind());
        }
    }

    /** 128-bit hash of a producer's client id; message ids of different producers may collide (D15). */
    public record ClientHash(long high, long low) {

        /** Duplicates are not looked for. */
        public static final ClientHash NONE = new ClientHash(0, 0);

        public static ClientHash of(String clientId) {
            long high = BytesHash.hash(clientId, BytesHash.SEED_HIGH);
            return new ClientHash(high == 0 ? 1 : high, BytesHash.hash(clientId, BytesHash.SEED_LOW));
        }
    }
}
