package io.argosy.client.internal;

import com.google.protobuf.CodedOutputStream;
import io.argosy.proto.v2.Encoding;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SystemProperties;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/**
 * Writes one message of one topic as it stands in a SendMessageRequest, tag and length included, into one array of the
 * exact size: a batch is then the arrays one after the other. Written by hand, because generated builders cost several
 * objects per message. The queue id comes last in the system properties and has a fixed width, so that the queue can be
 * chosen after encoding. Thread-safe.
 */
public final class MessageEncoder {

    private static final int TAG_BYTES = 1;
    private static final int USER_PROPERTY_KEY = 1;
    private static final int USER_PROPERTY_VALUE = 2;
    private static final int TIMESTAMP_SECONDS = 1;
    private static final int TIMESTAMP_NANOS = 2;

    private final MessageIds ids;
    private final byte[] topic;
    private final byte[] bornHost;

    public MessageEncoder(MessageIds ids, String namespace, String topic) {
        this.ids = ids;
        Resource.Builder resource = Resource.newBuilder().setName(topic);
        if (!namespace.isEmpty()) {
            resource.setResourceNamespace(namespace);
        }
        this.topic = resource.build().toByteArray();
        this.bornHost = HostName.LOCAL.getBytes(StandardCharsets.UTF_8);
    }

    /** An encoded message; complete once the queue is set. */
    public static final class Encoded {
        private final byte[] bytes;
        private final int idAt;
        private final int queueIdAt;
        private final int queueIdBytes;

        Encoded(byte[] bytes, int idAt, int queueIdAt, int queueIdBytes) {
            this.bytes = bytes;
            this.idAt = idAt;
            this.queueIdAt = queueIdAt;
            this.queueIdBytes = queueIdBytes;
        }

        /** The field of the request, not a copy. */
        byte[] bytes() {
            return bytes;
        }

        public int sizeBytes() {
            return bytes.length;
        }

        public String messageId() {
            return new String(bytes, idAt, MessageIds.LENGTH, StandardCharsets.ISO_8859_1);
        }

        /** Only before the message was handed to the network. */
        public void setQueueId(int queueId) {
            writeFixedVarint(bytes, queueIdAt, queueIdBytes, queueId);
        }

        public boolean fits(int queueId) {
            return queueId >>> (7 * queueIdBytes) == 0;
        }
    }

    /** How many bytes a queue id up to this one takes. */
    public static int queueIdBytes(int queueIdMax) {
        return CodedOutputStream.computeUInt32SizeNoTag(queueIdMax);
    }

    /** Encodes with a new message id and queue id 0. */
    public Encoded encode(
            Optional<String> tag,
            Collection<String> keys,
            Map<String, String> properties,
            ByteBuffer body,
            long nowMillis,
            int queueIdBytes) {
        long seconds = Math.floorDiv(nowMillis, 1000L);
        int nanos = (int) Math.floorMod(nowMillis, 1000L) * 1_000_000;
        int bornAtBytes = CodedOutputStream.computeInt64Size(TIMESTAMP_SECONDS, seconds)
                + (nanos == 0 ? 0 : CodedOutputStream.computeInt32Size(TIMESTAMP_NANOS, nanos));
        int propertiesBytes = 0;
        for (Map.Entry<String, String> property : properties.entrySet()) {
            propertiesBytes += field(propertyBytes(property));
        }
        int systemBytes = systemBytes(tag, keys, bornAtBytes, queueIdBytes);
        int messageBytes = field(topic.length) + propertiesBytes + field(systemBytes) + field(body.remaining());
        byte[] bytes = new byte[field(messageBytes)];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            length(out, SendMessageRequest.MESSAGES_FIELD_NUMBER, messageBytes);
            length(out, Message.TOPIC_FIELD_NUMBER, topic.length);
            out.writeRawBytes(topic);
            for (Map.Entry<String, String> property : properties.entrySet()) {
                length(out, Message.USER_PROPERTIES_FIELD_NUMBER, propertyBytes(property));
                out.writeString(USER_PROPERTY_KEY, property.getKey());
                out.writeString(USER_PROPERTY_VALUE, property.getValue());
            }
            length(out, Message.SYSTEM_PROPERTIES_FIELD_NUMBER, systemBytes);
            if (tag.isPresent()) {
                out.writeString(SystemProperties.TAG_FIELD_NUMBER, tag.get());
            }
            for (String key : keys) {
                out.writeString(SystemProperties.KEYS_FIELD_NUMBER, key);
            }
            length(out, SystemProperties.MESSAGE_ID_FIELD_NUMBER, MessageIds.LENGTH);
            int idAt = out.getTotalBytesWritten();
            ids.write(bytes, idAt, nowMillis);
            // The id went into the array beside the stream; a second stream goes on behind it.
            int rest = idAt + MessageIds.LENGTH;
            CodedOutputStream tail = CodedOutputStream.newInstance(bytes, rest, bytes.length - rest);
            tail.writeEnum(SystemProperties.BODY_ENCODING_FIELD_NUMBER, Encoding.IDENTITY_VALUE);
            tail.writeEnum(SystemProperties.MESSAGE_TYPE_FIELD_NUMBER, MessageType.NORMAL_VALUE);
            length(tail, SystemProperties.BORN_TIMESTAMP_FIELD_NUMBER, bornAtBytes);
            tail.writeInt64(TIMESTAMP_SECONDS, seconds);
            if (nanos != 0) {
                tail.writeInt32(TIMESTAMP_NANOS, nanos);
            }
            tail.writeByteArray(SystemProperties.BORN_HOST_FIELD_NUMBER, bornHost);
            tail.writeTag(SystemProperties.QUEUE_ID_FIELD_NUMBER, 0);
            int queueIdAt = rest + tail.getTotalBytesWritten();
            int afterQueueId = queueIdAt + queueIdBytes;
            writeFixedVarint(bytes, queueIdAt, queueIdBytes, 0);
            CodedOutputStream last = CodedOutputStream.newInstance(bytes, afterQueueId, bytes.length - afterQueueId);
            length(last, Message.BODY_FIELD_NUMBER, body.remaining());
            last.writeRawBytes(body.duplicate());
            last.checkNoSpaceLeft();
            return new Encoded(bytes, idAt, queueIdAt, queueIdBytes);
        } catch (IOException e) {
            throw new AssertionError("a computed size was wrong", e);
        }
    }

    private int systemBytes(Optional<String> tag, Collection<String> keys, int bornAtBytes, int queueIdBytes) {
        int bytes =
                tag.isPresent() ? CodedOutputStream.computeStringSize(SystemProperties.TAG_FIELD_NUMBER, tag.get()) : 0;
        for (String key : keys) {
            bytes += CodedOutputStream.computeStringSize(SystemProperties.KEYS_FIELD_NUMBER, key);
        }
        return bytes
                + field(MessageIds.LENGTH)
                + CodedOutputStream.computeEnumSize(
                        SystemProperties.BODY_ENCODING_FIELD_NUMBER, Encoding.IDENTITY_VALUE)
                + CodedOutputStream.computeEnumSize(
                        SystemProperties.MESSAGE_TYPE_FIELD_NUMBER, MessageType.NORMAL_VALUE)
                + field(bornAtBytes)
                + field(bornHost.length)
                + TAG_BYTES
                + queueIdBytes;
    }

    private static int propertyBytes(Map.Entry<String, String> property) {
        return CodedOutputStream.computeStringSize(USER_PROPERTY_KEY, property.getKey())
                + CodedOutputStream.computeStringSize(USER_PROPERTY_VALUE, property.getValue());
    }

    /** Size of a length-delimited field whose number is below 16. */
    private static int field(int contentBytes) {
        return TAG_BYTES + CodedOutputStream.computeUInt32SizeNoTag(contentBytes) + contentBytes;
    }

    private static void length(CodedOutputStream out, int fieldNumber, int contentBytes) throws IOException {
        out.writeTag(fieldNumber, 2);
        out.writeUInt32NoTag(contentBytes);
    }

    /** A varint padded with leading zero groups, which every reader takes, so that its width does not change. */
    private static void writeFixedVarint(byte[] target, int at, int widthBytes, int value) {
        int rest = value;
        for (int i = 0; i < widthBytes; i++) {
            boolean last = i == widthBytes - 1;
            target[at + i] = (byte) (last ? rest : (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
    }
}
