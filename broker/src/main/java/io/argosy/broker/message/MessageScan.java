package io.argosy.broker.message;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bytes of one apache.rocketmq.v2.Message without building it: where the parts lie, and the few values that
 * the broker needs. One object scans many messages, one after the other; not thread-safe. Positions are absolute in the
 * scanned buffer; a position of {@link #ABSENT} means that the field is not there.
 *
 * <p>Stricter than a protobuf parser, because what it lets pass is stored verbatim and must be readable by every
 * client: it refuses a second topic, body, system_properties or sub-message in them (parsers disagree between
 * merging and replacing), known fields with another wire type, groups, and strings that are not UTF-8 (a consumer could
 * not parse them, ever).
 */
public final class MessageScan {

    public static final int ABSENT = -1;

    /** Values of apache.rocketmq.v2.MessageType. */
    public static final int TYPE_UNSPECIFIED = 0;

    public static final int TYPE_NORMAL = 1;
    public static final int TYPE_FIFO = 2;
    public static final int TYPE_DELAY = 3;
    public static final int TYPE_TRANSACTION = 4;
    public static final int TYPE_LITE = 5;
    public static final int TYPE_PRIORITY = 6;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED32 = 5;

    private static final int USER_PROPERTIES = 2;
    private static final int TAG = 1;
    private static final int KEYS = 2;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private ByteBuffer in = NOTHING;
    private int at;
    private int limit;
    private @Nullable String problem;

    private int messagePosition;
    private int messageEnd;
    private int topicPosition;
    private int topicLength;
    private int namespacePosition;
    private int namespaceLength;
    private int userPropertyCount;
    private int userPropertyBytes;
    private int systemFieldPosition;
    private int systemPosition;
    private int systemEnd;
    private int bodyPosition;
    private int bodyLength;
    private int tagPosition;
    private int tagLength;
    private int keyCount;
    private int keyBytes;
    private int messageIdPosition;
    private int messageIdLength;
    private int groupPosition;
    private int groupLength;
    private int liteTopicPosition;
    private int liteTopicLength;
    private int bodyEncoding;
    private int messageType;
    private int queueId;
    private int systemFieldsSeen;

    /** Scans the bytes from position to limit of the buffer, which stay where they are. */
    public boolean scan(ByteBuffer bytes) {
        return scan(bytes, bytes.position(), bytes.remaining());
    }

    /**
     * @param bytes kept until the next scan; must not change meanwhile
     * @return whether the bytes are a message; if not, {@link #problem()} says why and nothing else may be asked
     */
    public boolean scan(ByteBuffer bytes, int position, int length) {
        in = bytes;
        at = position;
        limit = position + length;
        problem = null;
        messagePosition = position;
        messageEnd = limit;
        topicPosition = namespacePosition = systemFieldPosition = systemPosition = bodyPosition = ABSENT;
        tagPosition = messageIdPosition = groupPosition = liteTopicPosition = ABSENT;
        topicLength = namespaceLength = bodyLength = tagLength = messageIdLength = groupLength = liteTopicLength = 0;
        systemEnd = ABSENT;
        userPropertyCount = userPropertyBytes = keyCount = keyBytes = 0;
        bodyEncoding = messageType = 0;
        queueId = ABSENT;
        systemFieldsSeen = 0;
        while (problem == null && at < limit) {
            messageField();
        }
        return problem == null;
    }

    /**
     * Scans what a compact batch says of one message besides its body: entries of user_properties, and the fields tag
     * and keys of system_properties; nothing else may be there.
     *
     * @return as {@link #scan(ByteBuffer, int, int)}
     */
    public boolean scanAttributes(
            ByteBuffer bytes, int propertiesPosition, int propertiesLength, int systemFields, int systemLength) {
        scan(bytes, propertiesPosition, 0);
        limit = messageEnd = propertiesPosition + propertiesLength;
        while (problem == null && at < limit) {
            int tag = fieldTag();
            if (problem == null && tag != (USER_PROPERTIES << 3 | LENGTH)) {
                fail("field " + (tag >>> 3) + " among user properties");
            } else {
                userProperty();
            }
        }
        if (problem == null) {
            at = systemPosition = systemFields;
            limit = systemEnd = systemFields + systemLength;
        }
        while (problem == null && at < limit) {
            int field = in.get(at) & 0xff;
            if (field != (TAG << 3 | LENGTH) && field != (KEYS << 3 | LENGTH)) {
                fail("field " + (field >>> 3) + " beside tag and keys");
            } else {
                systemField();
            }
        }
        return problem == null;
    }

    private void messageField() {
        int fieldPosition = at;
        int tag = fieldTag();
        switch (tag >>> 3) {
            case 1 -> {
                if (expect(tag, LENGTH, "topic")) {
                    once(topicPosition, "topic");
                    resource();
                }
            }
            case 2 -> {
                if (expect(tag, LENGTH, "user_properties")) {
                    userProperty();
                }
            }
            case 3 -> {
                if (expect(tag, LENGTH, "system_properties")) {
                    once(systemPosition, "system_properties");
                    systemFieldPosition = fieldPosition;
                    systemProperties();
                }
            }
            case 4 -> {
                if (expect(tag, LENGTH, "body")) {
                    once(bodyPosition, "body");
                    bodyLength = length();
                    bodyPosition = at;
                    at += bodyLength;
                }
            }
            default -> skip(tag);
        }
    }

    private void resource() {
        int outer = enter();
        topicPosition = at;
        topicLength = 0;
        while (problem == null && at < limit) {
            int tag = fieldTag();
            switch (tag >>> 3) {
                case 1 -> {
                    if (expect(tag, LENGTH, "topic.resource_namespace")) {
                        namespaceLength = string("topic.resource_namespace");
                        namespacePosition = at - namespaceLength;
                    }
                }
                case 2 -> {
                    if (expect(tag, LENGTH, "topic.name")) {
                        topicLength = string("topic.name");
                        topicPosition = at - topicLength;
                    }
                }
                default -> skip(tag);
            }
        }
        limit = outer;
    }

    private void userProperty() {
        int outer = enter();
        int keyLength = 0;
        int valueLength = 0;
        while (problem == null && at < limit) {
            int tag = fieldTag();
            switch (tag >>> 3) {
                case 1 -> {
                    if (expect(tag, LENGTH, "user_properties.key")) {
                        keyLength = string("user_properties.key");
                    }
                }
                case 2 -> {
                    if (expect(tag, LENGTH, "user_properties.value")) {
                        valueLength = string("user_properties.value");
                    }
                }
                default -> skip(tag);
            }
        }
        userPropertyCount++;
        userPropertyBytes += keyLength + valueLength;
        limit = outer;
    }

    private void systemProperties() {
        int outer = enter();
        systemPosition = at;
        systemEnd = limit;
        while (problem == null && at < limit) {
            systemField();
        }
        limit = outer;
    }

    private void systemField() {
        int tag = fieldTag();
        int field = tag >>> 3;
        switch (field) {
            case 1 -> {
                if (expect(tag, LENGTH, "tag")) {
                    tagLength = string("tag");
                    tagPosition = at - tagLength;
                }
            }
            case 2 -> {
                if (expect(tag, LENGTH, "keys")) {
                    keyBytes += string("keys");
                    keyCount++;
                }
            }
            case 3 -> {
                if (expect(tag, LENGTH, "message_id")) {
                    messageIdLength = string("message_id");
                    messageIdPosition = at - messageIdLength;
                }
            }
            case 17 -> {
                if (expect(tag, LENGTH, "message_group")) {
                    groupLength = string("message_group");
                    groupPosition = at - groupLength;
                }
            }
            case 21 -> {
                if (expect(tag, LENGTH, "lite_topic")) {
                    liteTopicLength = string("lite_topic");
                    liteTopicPosition = at - liteTopicLength;
                }
            }
            case 8, 10, 12, 18 -> {
                if (expect(tag, LENGTH, "a text in system_properties")) {
                    string("system_properties");
                }
            }
            case 4 -> subMessage(tag, 1);
            case 7, 9, 11, 15, 19 -> subMessage(tag, 2);
            case 20 -> deadLetterQueue(tag);
            case 5 -> bodyEncoding = (int) number(tag);
            case 6 -> messageType = (int) number(tag);
            case 13 -> queueId = (int) number(tag);
            case 14, 16, 22 -> number(tag);
            default -> skip(tag);
        }
        if (field < 32) {
            systemFieldsSeen |= 1 << field;
        }
    }

    /**
     * Digest, Timestamp and Duration: two fields, of which the first {@code varints} are numbers and the others text.
     */
    private void subMessage(int outerTag, int varints) {
        onceInSystem(outerTag);
        if (!expect(outerTag, LENGTH, "a message in system_properties")) {
            return;
        }
        int outer = enter();
        while (problem == null && at < limit) {
            int tag = fieldTag();
            int field = tag >>> 3;
            if (field > 2) {
                skip(tag);
            } else if (field <= varints) {
                number(tag);
            } else if (expect(tag, LENGTH, "digest")) {
                string("digest");
            }
        }
        limit = outer;
    }

    private void deadLetterQueue(int outerTag) {
        onceInSystem(outerTag);
        if (!expect(outerTag, LENGTH, "dead_letter_queue")) {
            return;
        }
        int outer = enter();
        while (problem == null && at < limit) {
            int tag = fieldTag();
            if (tag >>> 3 > 2) {
                skip(tag);
            } else if (expect(tag, LENGTH, "dead_letter_queue")) {
                string("dead_letter_queue");
            }
        }
        limit = outer;
    }

    // ---- cursor ----

    private void fail(String text) {
        if (problem == null) {
            problem = text + " at byte " + (at - messagePosition);
        }
        at = limit;
    }

    private void once(int seen, String field) {
        if (seen != ABSENT) {
            fail("a second field " + field);
        }
    }

    private void onceInSystem(int tag) {
        if ((systemFieldsSeen & (1 << (tag >>> 3))) != 0) {
            fail("a second field " + (tag >>> 3) + " in system_properties");
        }
    }

    private boolean expect(int tag, int wireType, String field) {
        if ((tag & 7) != wireType) {
            fail("wire type " + (tag & 7) + " for " + field);
            return false;
        }
        return true;
    }

    /** Enters a length-delimited field: the limit becomes its end. Returns the limit to go back to. */
    private int enter() {
        int outer = limit;
        int length = length();
        if (problem == null) {
            limit = at + length;
        }
        return outer;
    }

    private int fieldTag() {
        long tag = varint();
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            fail("field number " + (tag >>> 3));
            return LENGTH | (1 << 30);
        }
        return (int) tag;
    }

    private long number(int tag) {
        if ((tag & 7) != VARINT) {
            // Not expect(): its text would be made for every message.
            fail("wire type " + (tag & 7) + " for field " + (tag >>> 3));
            return 0;
        }
        return varint();
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at >= limit) {
                fail("truncated number");
                return 0;
            }
            byte b = in.get(at++);
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        fail("number of more than ten bytes");
        return 0;
    }

    private int length() {
        long length = varint();
        if (length < 0 || length > limit - at) {
            fail("length " + length + " beyond the end");
            return 0;
        }
        return (int) length;
    }

    /** Checks a text and steps over it; returns its length. */
    private int string(String field) {
        int length = length();
        if (!Utf8.valid(in, at, length)) {
            fail(field + " is not UTF-8");
            return 0;
        }
        at += length;
        return length;
    }

    private void skip(int tag) {
        switch (tag & 7) {
            case VARINT -> varint();
            case FIXED64 -> skipBytes(8);
            case LENGTH -> skipBytes(length());
            case FIXED32 -> skipBytes(4);
            default -> fail("wire type " + (tag & 7));
        }
    }

    private void skipBytes(int count) {
        if (count > limit - at) {
            fail("truncated field");
        } else {
            at += count;
        }
    }

    // ---- what was found ----

    /** Why the last scan failed. */
    public String problem() {
        return problem == null ? "" : problem;
    }

    /** The buffer that was scanned. */
    public ByteBuffer bytes() {
        return in;
    }

    public int messagePosition() {
        return messagePosition;
    }

    public int messageLength() {
        return messageEnd - messagePosition;
    }

    /** Empty if the message names no topic. */
    public String topic() {
        return topicPosition == ABSENT ? "" : text(topicPosition, topicLength);
    }

    /** Whether the topic's name has exactly these UTF-8 bytes. */
    public boolean topicEquals(ByteBuffer other, int position, int length) {
        return topicLength == length
                && (length == 0 || in.slice(topicPosition, length).mismatch(other.slice(position, length)) == ABSENT);
    }

    public int topicPosition() {
        return topicPosition;
    }

    public int topicLength() {
        return topicLength;
    }

    public String namespace() {
        return namespacePosition == ABSENT ? "" : text(namespacePosition, namespaceLength);
    }

    public int userPropertyCount() {
        return userPropertyCount;
    }

    /** UTF-8 bytes of all keys and values. */
    public int userPropertyBytes() {
        return userPropertyBytes;
    }

    /** Where the one system_properties field begins, its own tag included, or {@link #ABSENT}. */
    public int systemFieldPosition() {
        return systemFieldPosition;
    }

    /** Where the content of system_properties begins. */
    public int systemPosition() {
        return systemPosition;
    }

    /** Behind the last byte of system_properties. */
    public int systemEnd() {
        return systemEnd;
    }

    /** Whether system_properties has the field. */
    public boolean hasSystemField(int number) {
        return (systemFieldsSeen & (1 << number)) != 0;
    }

    public int bodyPosition() {
        return bodyPosition;
    }

    /** 0 if there is no body. */
    public int bodyLength() {
        return bodyLength;
    }

    public Optional<String> tag() {
        return optionalText(tagPosition, tagLength);
    }

    public int tagLength() {
        return tagLength;
    }

    /** {@link BytesHash#ofTag} of the tag, 0 without one. */
    public int tagHash() {
        return tagLength == 0 ? 0 : BytesHash.ofTag(in, tagPosition, tagLength);
    }

    public int keyCount() {
        return keyCount;
    }

    /** UTF-8 bytes of all message keys. */
    public int keyBytes() {
        return keyBytes;
    }

    public String messageId() {
        return messageIdPosition == ABSENT ? "" : text(messageIdPosition, messageIdLength);
    }

    public int messageIdPosition() {
        return messageIdPosition;
    }

    public int messageIdLength() {
        return messageIdLength;
    }

    public Optional<String> messageGroup() {
        return optionalText(groupPosition, groupLength);
    }

    public Optional<String> liteTopic() {
        return optionalText(liteTopicPosition, liteTopicLength);
    }

    /** A number of apache.rocketmq.v2.Encoding, 0 if not said. */
    public int bodyEncoding() {
        return bodyEncoding;
    }

    /** As the client declared it; a number of apache.rocketmq.v2.MessageType, 0 if not said. */
    public int messageType() {
        return messageType;
    }

    /** The type that follows from the other fields; nothing in them tells a transaction from a normal message. */
    public int derivedType() {
        if (hasDeliveryTimestamp()) {
            return TYPE_DELAY;
        }
        if (groupLength > 0) {
            return TYPE_FIFO;
        }
        if (liteTopicLength > 0) {
            return TYPE_LITE;
        }
        return hasPriority() ? TYPE_PRIORITY : TYPE_NORMAL;
    }

    public boolean hasDeliveryTimestamp() {
        return hasSystemField(11);
    }

    public boolean hasBornTimestamp() {
        return hasSystemField(7);
    }

    public boolean hasPriority() {
        return hasSystemField(22);
    }

    /** The queue the client asked for, or {@link #ABSENT}; may lie out of range. */
    public int queueId() {
        return queueId;
    }

    /** Keys and values of user_properties, in the order of the bytes; a key may come twice, the last one counts. */
    public void userProperties(PairVisitor visitor) {
        Walk walk = new Walk(in, messagePosition, messageEnd);
        while (walk.next()) {
            if (walk.field != 2) {
                continue;
            }
            Walk pair = new Walk(in, walk.valuePosition, walk.valueEnd);
            int keyPosition = walk.valuePosition;
            int keyLength = 0;
            int valuePosition = walk.valuePosition;
            int valueLength = 0;
            while (pair.next()) {
                if (pair.field == 1) {
                    keyPosition = pair.valuePosition;
                    keyLength = pair.valueEnd - pair.valuePosition;
                } else if (pair.field == 2) {
                    valuePosition = pair.valuePosition;
                    valueLength = pair.valueEnd - pair.valuePosition;
                }
            }
            if (!visitor.visit(in, keyPosition, keyLength, valuePosition, valueLength)) {
                return;
            }
        }
    }

    /** The message keys, in order. */
    public void keys(RangeVisitor visitor) {
        if (systemPosition == ABSENT) {
            return;
        }
        Walk walk = new Walk(in, systemPosition, systemEnd);
        while (walk.next()) {
            if (walk.field == 2 && !visitor.visit(in, walk.valuePosition, walk.valueEnd - walk.valuePosition)) {
                return;
            }
        }
    }

    /** Sees a range of bytes; returns whether to go on. */
    @FunctionalInterface
    public interface RangeVisitor {
        boolean visit(ByteBuffer bytes, int position, int length);
    }

    /** Sees two ranges of bytes; returns whether to go on. */
    @FunctionalInterface
    public interface PairVisitor {
        boolean visit(ByteBuffer bytes, int keyPosition, int keyLength, int valuePosition, int valueLength);
    }

    private Optional<String> optionalText(int position, int length) {
        return position == ABSENT ? Optional.empty() : Optional.of(text(position, length));
    }

    private String text(int position, int length) {
        byte[] copy = new byte[length];
        in.get(position, copy);
        return new String(copy, StandardCharsets.UTF_8);
    }

    /**
     * The position and length of message_id in a message that passed a scan once, packed as {@code position << 32 |
     * length}; {@link #ABSENT} if it has none. Does not check anything again: applying an entry must be cheap.
     */
    public static long messageIdOf(ByteBuffer message, int position, int length) {
        Walk walk = new Walk(message, position, position + length);
        while (walk.next()) {
            if (walk.field == 3) {
                Walk system = new Walk(message, walk.valuePosition, walk.valueEnd);
                long found = ABSENT;
                while (system.next()) {
                    if (system.field == 3) {
                        found = (long) system.valuePosition << 32 | (system.valueEnd - system.valuePosition);
                    }
                }
                return found;
            }
        }
        return ABSENT;
    }

    /** Steps over the fields of bytes that are known to be well-formed. */
    private static final class Walk {
        private final ByteBuffer in;
        private int next;
        private final int end;
        private int field;
        private int valuePosition;
        private int valueEnd;

        Walk(ByteBuffer in, int position, int end) {
            this.in = in;
            this.next = position;
            this.end = end;
        }

        boolean next() {
            if (next >= end) {
                return false;
            }
            int tag = (int) readVarint();
            field = tag >>> 3;
            switch (tag & 7) {
                case VARINT -> {
                    valuePosition = next;
                    readVarint();
                    valueEnd = next;
                }
                case FIXED64 -> fixed(8);
                case LENGTH -> {
                    int length = (int) readVarint();
                    fixed(length);
                }
                case FIXED32 -> fixed(4);
                default -> throw new IllegalStateException("wire type " + (tag & 7) + " in a scanned message");
            }
            return true;
        }

        private void fixed(int length) {
            valuePosition = next;
            next += length;
            valueEnd = next;
        }

        private long readVarint() {
            long value = 0;
            int shift = 0;
            while (true) {
                byte b = in.get(next++);
                value |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    return value;
                }
                shift += 7;
            }
        }
    }
}
