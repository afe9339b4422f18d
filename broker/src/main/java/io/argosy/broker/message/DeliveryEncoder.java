package io.argosy.broker.message;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;

/**
 * Stored bytes to delivered bytes. What only the broker knows goes to the end of the one system_properties field, of
 * which only the length prefix changes; everything else is copied as it is. A second system_properties field would be
 * simpler and wrong: parsers of some clients replace a sub-message that comes twice instead of merging it, and would
 * lose tag, keys and id.
 *
 * <p>Values are written even if they are zero: the last one counts, so a value that a client sent by mistake must be
 * overwritten. Thread-safe.
 */
public final class DeliveryEncoder {

    /** The field that carries a message in ReceiveMessageResponse and in PullMessageResponse alike. */
    private static final int RESPONSE_MESSAGE = 2;

    private static final int SYSTEM_PROPERTIES = 3;
    private static final int BODY_DIGEST = 4;
    private static final int BODY_ENCODING = 5;
    private static final int MESSAGE_TYPE = 6;
    private static final int BORN_TIMESTAMP = 7;
    private static final int STORE_TIMESTAMP = 9;
    private static final int STORE_HOST = 10;
    private static final int RECEIPT_HANDLE = 12;
    private static final int QUEUE_ID = 13;
    private static final int QUEUE_OFFSET = 14;
    private static final int INVISIBLE_DURATION = 15;
    private static final int DELIVERY_ATTEMPT = 16;

    private static final int LENGTH_DELIMITED = 2;
    private static final int ENCODING_IDENTITY = 1;
    private static final int DIGEST_MD5 = 2;
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

    /** More than all fields but the texts can take. */
    private static final int FIXED_BYTES_MAX = 256;

    private final String storeHost;
    private final ThreadLocal<MessageDigest> md5 = ThreadLocal.withInitial(DeliveryEncoder::newMd5);

    /** @param storeHost what consumers see as the host that stored the message; equal on all replicas by choice */
    public DeliveryEncoder(String storeHost) {
        this.storeHost = storeHost;
    }

    /**
     * @param stored position to limit is one message that passed a {@link MessageScan} when it was sent
     * @return an apache.rocketmq.v2.Message
     */
    public ByteString message(ByteBuffer stored, DeliveryFacts facts) {
        return encode(stored, facts, false);
    }

    /**
     * As {@link #message}, wrapped as the message of a ReceiveMessageResponse or of a PullMessageResponse: both have it
     * in field 2.
     */
    public ByteString response(ByteBuffer stored, DeliveryFacts facts) {
        return encode(stored, facts, true);
    }

    private ByteString encode(ByteBuffer stored, DeliveryFacts facts, boolean wrapped) {
        MessageScan scan = new MessageScan();
        if (!scan.scan(stored)) {
            throw new IllegalStateException("stored message is broken: " + scan.problem());
        }
        try {
            return splice(stored, scan, facts, wrapped);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // arrays of our own size: cannot happen
        }
    }

    private ByteString splice(ByteBuffer stored, MessageScan scan, DeliveryFacts facts, boolean wrapped)
            throws IOException {
        byte[] addition = new byte
                [FIXED_BYTES_MAX
                        + 3 * storeHost.length()
                        + 3 * facts.receiptHandle().map(String::length).orElse(0)];
        CodedOutputStream added = CodedOutputStream.newInstance(addition);
        write(added, stored, scan, facts);
        int additionBytes = added.getTotalBytesWritten();

        boolean hasSystem = scan.systemPosition() != MessageScan.ABSENT;
        int headEnd = hasSystem ? scan.systemFieldPosition() : stored.limit();
        int oldSystemBytes = hasSystem ? scan.systemEnd() - scan.systemPosition() : 0;
        int systemBytes = oldSystemBytes + additionBytes;
        int headBytes = headEnd - stored.position();
        int tailBytes = hasSystem ? stored.limit() - scan.systemEnd() : 0;
        int messageBytes = headBytes
                + CodedOutputStream.computeTagSize(SYSTEM_PROPERTIES)
                + CodedOutputStream.computeUInt32SizeNoTag(systemBytes)
                + systemBytes
                + tailBytes;
        int wrapperBytes = wrapped
                ? CodedOutputStream.computeTagSize(RESPONSE_MESSAGE)
                        + CodedOutputStream.computeUInt32SizeNoTag(messageBytes)
                : 0;

        byte[] result = new byte[wrapperBytes + messageBytes];
        CodedOutputStream out = CodedOutputStream.newInstance(result);
        if (wrapped) {
            out.writeTag(RESPONSE_MESSAGE, LENGTH_DELIMITED);
            out.writeUInt32NoTag(messageBytes);
        }
        copy(stored, stored.position(), headBytes, out);
        out.writeTag(SYSTEM_PROPERTIES, LENGTH_DELIMITED);
        out.writeUInt32NoTag(systemBytes);
        copy(stored, hasSystem ? scan.systemPosition() : stored.limit(), oldSystemBytes, out);
        out.write(addition, 0, additionBytes);
        copy(stored, hasSystem ? scan.systemEnd() : stored.limit(), tailBytes, out);
        out.checkNoSpaceLeft();
        // Nobody else has the array, so that wrapping it is safe.
        return UnsafeByteOperations.unsafeWrap(result);
    }

    private static void copy(ByteBuffer from, int position, int length, CodedOutputStream out) throws IOException {
        if (length > 0) {
            out.write(from.slice(position, length));
        }
    }

    private void write(CodedOutputStream out, ByteBuffer stored, MessageScan scan, DeliveryFacts facts)
            throws IOException {
        out.writeTag(BODY_DIGEST, LENGTH_DELIMITED);
        out.writeUInt32NoTag(2 + 2 + 32);
        out.writeEnum(1, DIGEST_MD5);
        out.writeByteArray(2, md5Hex(stored, scan));
        if (scan.bodyEncoding() == 0) {
            out.writeEnum(BODY_ENCODING, ENCODING_IDENTITY);
        }
        if (scan.messageType() == MessageScan.TYPE_UNSPECIFIED) {
            out.writeEnum(MESSAGE_TYPE, scan.derivedType());
        }
        if (!scan.hasBornTimestamp()) {
            writeTime(out, BORN_TIMESTAMP, facts.storeTimestampMillis());
        }
        writeTime(out, STORE_TIMESTAMP, facts.storeTimestampMillis());
        out.writeString(STORE_HOST, storeHost);
        if (facts.receiptHandle().isPresent()) {
            out.writeString(RECEIPT_HANDLE, facts.receiptHandle().get());
        }
        out.writeInt32(QUEUE_ID, facts.queueId());
        out.writeInt64(QUEUE_OFFSET, facts.queueOffset());
        if (facts.invisibleDuration().isPresent()) {
            Duration invisible = facts.invisibleDuration().get();
            writeSecondsNanos(out, INVISIBLE_DURATION, invisible.getSeconds(), invisible.getNano());
        }
        out.writeInt32(DELIVERY_ATTEMPT, facts.deliveryAttempt());
    }

    private static void writeTime(CodedOutputStream out, int field, long millis) throws IOException {
        writeSecondsNanos(out, field, Math.floorDiv(millis, 1000L), Math.floorMod(millis, 1000) * 1_000_000);
    }

    /** Timestamp and Duration have the same bytes. */
    private static void writeSecondsNanos(CodedOutputStream out, int field, long seconds, int nanos)
            throws IOException {
        out.writeTag(field, LENGTH_DELIMITED);
        out.writeUInt32NoTag(
                CodedOutputStream.computeInt64Size(1, seconds) + CodedOutputStream.computeInt32Size(2, nanos));
        out.writeInt64(1, seconds);
        out.writeInt32(2, nanos);
    }

    private byte[] md5Hex(ByteBuffer stored, MessageScan scan) {
        MessageDigest digest = md5.get();
        digest.reset();
        if (scan.bodyLength() > 0) {
            digest.update(stored.slice(scan.bodyPosition(), scan.bodyLength()));
        }
        byte[] sum = digest.digest();
        byte[] hex = new byte[sum.length * 2];
        for (int i = 0; i < sum.length; i++) {
            hex[2 * i] = HEX[(sum[i] >> 4) & 15];
            hex[2 * i + 1] = HEX[sum[i] & 15];
        }
        return hex;
    }

    private static MessageDigest newMd5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
    }
}
