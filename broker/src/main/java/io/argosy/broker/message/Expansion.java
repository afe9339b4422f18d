package io.argosy.broker.message;

import com.google.protobuf.CodedOutputStream;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import io.argosy.wire.batch.MessageIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Messages of a compact batch as the apache.rocketmq.v2.Message bytes that their producer could have sent, for consumers
 * that know nothing of batches. What the batch holds of a message is in protobuf's form already and is copied. Not
 * thread-safe.
 */
public final class Expansion {

    private static final int LENGTH_DELIMITED = 2;

    // Message
    private static final int TOPIC = 1;
    private static final int SYSTEM_PROPERTIES = 3;
    private static final int BODY = 4;
    private static final int RESOURCE_NAME = 2;

    // SystemProperties
    private static final int MESSAGE_ID = 3;
    private static final int BODY_ENCODING = 5;
    private static final int MESSAGE_TYPE = 6;
    private static final int BORN_TIMESTAMP = 7;
    private static final int BORN_HOST = 8;
    private static final int QUEUE_ID = 13;
    private static final int ENCODING_IDENTITY = 1;

    private final CompactBatch batch;
    private final ByteBuffer bytes;
    private final ByteBuffer bodies;
    private final CompactCursor cursor;
    private final byte[] topic;

    /** The system properties that all messages of the batch have but their id. */
    private final byte[] common;

    /** @param bodies {@link CompactBatch#openBodies} of the batch */
    public Expansion(CompactBatch batch, ByteBuffer bodies, String topic) {
        this.batch = batch;
        this.bytes = batch.bytes();
        this.bodies = bodies;
        this.cursor = batch.cursor();
        this.topic = topic.getBytes(StandardCharsets.UTF_8);
        try {
            this.common = common();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array of our own size: cannot happen
        }
    }

    private byte[] common() throws IOException {
        byte[] host = batch.bornHost().getBytes(StandardCharsets.UTF_8);
        byte[] written = new byte[64 + host.length];
        CodedOutputStream out = CodedOutputStream.newInstance(written);
        out.writeEnum(BODY_ENCODING, ENCODING_IDENTITY);
        out.writeEnum(MESSAGE_TYPE, MessageScan.TYPE_NORMAL);
        long seconds = Math.floorDiv(batch.bornMillis(), 1000L);
        int nanos = Math.floorMod(batch.bornMillis(), 1000) * 1_000_000;
        out.writeTag(BORN_TIMESTAMP, LENGTH_DELIMITED);
        out.writeUInt32NoTag(
                CodedOutputStream.computeInt64Size(1, seconds) + CodedOutputStream.computeInt32Size(2, nanos));
        out.writeInt64(1, seconds);
        out.writeInt32(2, nanos);
        out.writeByteArray(BORN_HOST, host);
        out.writeInt32(QUEUE_ID, batch.queueId());
        byte[] exact = new byte[out.getTotalBytesWritten()];
        System.arraycopy(written, 0, exact, 0, exact.length);
        return exact;
    }

    /** One message; ordinals must not go back from call to call. */
    public ByteBuffer message(int ordinal) {
        cursor.moveTo(ordinal);
        int topicBytes = CodedOutputStream.computeByteArraySize(RESOURCE_NAME, topic);
        int systemBytes = cursor.systemLength()
                + CodedOutputStream.computeTagSize(MESSAGE_ID)
                + 1
                + MessageIds.LENGTH
                + common.length;
        int size = field(TOPIC, topicBytes)
                + cursor.propertiesLength()
                + field(SYSTEM_PROPERTIES, systemBytes)
                + field(BODY, cursor.bodyLength());
        byte[] message = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(message);
        try {
            begin(out, TOPIC, topicBytes);
            out.writeByteArray(RESOURCE_NAME, topic);
            copy(bytes, cursor.propertiesPosition(), cursor.propertiesLength(), out);
            begin(out, SYSTEM_PROPERTIES, systemBytes);
            copy(bytes, cursor.systemPosition(), cursor.systemLength(), out);
            byte[] id = new byte[MessageIds.LENGTH];
            batch.writeMessageId(ordinal, id, 0);
            out.writeByteArray(MESSAGE_ID, id);
            out.writeRawBytes(common);
            begin(out, BODY, cursor.bodyLength());
            copy(bodies, cursor.bodyPosition(), cursor.bodyLength(), out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array of our own size: cannot happen
        }
        return ByteBuffer.wrap(message);
    }

    private static int field(int number, int contentBytes) {
        return CodedOutputStream.computeTagSize(number)
                + CodedOutputStream.computeUInt32SizeNoTag(contentBytes)
                + contentBytes;
    }

    private static void begin(CodedOutputStream out, int number, int contentBytes) throws IOException {
        out.writeTag(number, LENGTH_DELIMITED);
        out.writeUInt32NoTag(contentBytes);
    }

    private static void copy(ByteBuffer from, int position, int length, CodedOutputStream out) throws IOException {
        if (length > 0) {
            out.write(from.slice(position, length));
        }
    }
}
