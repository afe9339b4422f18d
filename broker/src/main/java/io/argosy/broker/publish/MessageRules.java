package io.argosy.broker.publish;

import io.argosy.broker.message.MessageScan;
import io.argosy.proto.v2.Code;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;

/** What a message must be like to be stored (client-plane 5), each rule with its code. */
final class MessageRules {

    static final int BODY_BYTES_MAX = 4 << 20;
    static final int PROPERTIES_MAX = 128;
    static final int PROPERTIES_BYTES_MAX = 16 << 10;
    static final int MESSAGE_GROUP_BYTES_MAX = 63;

    /** Ids of official clients have 34; the bound only keeps nonsense out. */
    static final int MESSAGE_ID_BYTES_MAX = 255;

    /** Names that servers of this protocol use themselves; a user property must not look like one. */
    private static final Set<String> RESERVED_KEYS = Set.of(
            "KEYS",
            "TAGS",
            "UNIQ_KEY",
            "DELAY",
            "RETRY_TOPIC",
            "REAL_TOPIC",
            "REAL_QID",
            "TRAN_MSG",
            "PGROUP",
            "MIN_OFFSET",
            "MAX_OFFSET",
            "BUYER_ID",
            "ORIGIN_MESSAGE_ID",
            "TRANSFER_FLAG",
            "CORRECTION_FLAG",
            "MQ2_FLAG",
            "RECONSUME_TIME",
            "MSG_REGION",
            "TRACE_ON",
            "MAX_RECONSUME_TIMES",
            "CONSUME_START_TIME",
            "POP_CK",
            "POP_CK_OFFSET",
            "1ST_POP_TIME",
            "TRAN_PREPARED_QUEUE_OFFSET",
            "DUP_INFO",
            "EXTEND_UNIQ_INFO",
            "INSTANCE_ID",
            "CORRELATION_ID",
            "REPLY_TO_CLIENT",
            "TTL",
            "ARRIVE_TIME",
            "PUSH_REPLY_TIME",
            "CLUSTER",
            "MSG_TYPE",
            "INNER_MULTI_QUEUE_OFFSET",
            "WAIT",
            "__BORNHOST",
            "BORN_TIMESTAMP",
            "__CRC32#");

    private static final Set<String> RESERVED_PREFIXES = Set.of("TIMER_", "DLQ_ORIGIN_");

    private MessageRules() {}

    /** The first rule the scanned message breaks. The topic is not looked at. */
    static Optional<Refusal> broken(MessageScan message) {
        return body(message)
                .or(() -> messageId(message))
                .or(() -> brokenAttributes(message))
                .or(() -> messageGroup(message))
                .or(() -> type(message));
    }

    /** The first rule that tag, keys or user properties break. */
    static Optional<Refusal> brokenAttributes(MessageScan message) {
        return tag(message).or(() -> keys(message)).or(() -> userProperties(message));
    }

    private static Optional<Refusal> body(MessageScan message) {
        if (message.bodyLength() == 0) {
            return refusal(Code.MESSAGE_BODY_EMPTY, "the body is empty");
        }
        if (message.bodyLength() > BODY_BYTES_MAX) {
            return refusal(
                    Code.MESSAGE_BODY_TOO_LARGE,
                    "the body has " + message.bodyLength() + " bytes, at most " + BODY_BYTES_MAX + " are allowed");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> messageId(MessageScan message) {
        if (blank(message.bytes(), message.messageIdPosition(), message.messageIdLength())) {
            return refusal(Code.ILLEGAL_MESSAGE_ID, "the message id is blank");
        }
        if (message.messageIdLength() > MESSAGE_ID_BYTES_MAX) {
            return refusal(
                    Code.ILLEGAL_MESSAGE_ID,
                    "the message id has " + message.messageIdLength() + " bytes, at most " + MESSAGE_ID_BYTES_MAX
                            + " are allowed");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> tag(MessageScan message) {
        if (message.tagLength() == 0) {
            return Optional.empty();
        }
        String tag = message.tag().orElse("");
        if (tag.isBlank()) {
            return refusal(Code.ILLEGAL_MESSAGE_TAG, "the tag is blank");
        }
        if (tag.indexOf('|') >= 0) {
            return refusal(Code.ILLEGAL_MESSAGE_TAG, "the tag contains |");
        }
        if (hasControlCharacter(tag)) {
            return refusal(Code.ILLEGAL_MESSAGE_TAG, "the tag contains a control character");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> keys(MessageScan message) {
        if (message.keyCount() == 0) {
            return Optional.empty();
        }
        boolean[] illegal = new boolean[1];
        message.keys((bytes, position, length) -> {
            illegal[0] = blank(bytes, position, length) || hasControlCharacter(text(bytes, position, length));
            return !illegal[0];
        });
        return illegal[0]
                ? refusal(Code.ILLEGAL_MESSAGE_KEY, "a message key is blank or contains a control character")
                : Optional.empty();
    }

    private static Optional<Refusal> userProperties(MessageScan message) {
        if (message.userPropertyCount() > PROPERTIES_MAX) {
            return refusal(
                    Code.MESSAGE_PROPERTIES_TOO_LARGE,
                    message.userPropertyCount() + " user properties, at most " + PROPERTIES_MAX + " are allowed");
        }
        long bytes = (long) message.userPropertyBytes() + message.tagLength() + message.keyBytes();
        if (bytes > PROPERTIES_BYTES_MAX) {
            return refusal(
                    Code.MESSAGE_PROPERTIES_TOO_LARGE,
                    "user properties, tag and keys have " + bytes + " bytes, at most " + PROPERTIES_BYTES_MAX
                            + " are allowed");
        }
        if (message.userPropertyCount() == 0) {
            return Optional.empty();
        }
        String[] problem = new String[] {""};
        message.userProperties((in, keyPosition, keyLength, valuePosition, valueLength) -> {
            String key = text(in, keyPosition, keyLength);
            if (reserved(key)) {
                problem[0] = "user property " + key + " is reserved";
            } else if (hasControlCharacter(key) || hasControlCharacter(text(in, valuePosition, valueLength))) {
                problem[0] = "a user property contains a control character";
            }
            return problem[0].isEmpty();
        });
        return problem[0].isEmpty() ? Optional.empty() : refusal(Code.ILLEGAL_MESSAGE_PROPERTY_KEY, problem[0]);
    }

    private static Optional<Refusal> messageGroup(MessageScan message) {
        Optional<String> group = message.messageGroup();
        if (group.isEmpty() || group.get().isEmpty()) {
            return Optional.empty();
        }
        if (group.get().isBlank() || hasControlCharacter(group.get())) {
            return refusal(Code.ILLEGAL_MESSAGE_GROUP, "the message group is blank or contains a control character");
        }
        if (group.get().getBytes(StandardCharsets.UTF_8).length > MESSAGE_GROUP_BYTES_MAX) {
            return refusal(
                    Code.ILLEGAL_MESSAGE_GROUP,
                    "the message group has more than " + MESSAGE_GROUP_BYTES_MAX + " bytes");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> type(MessageScan message) {
        int declared = message.messageType();
        int derived = message.derivedType();
        if (declared == MessageScan.TYPE_TRANSACTION && derived == MessageScan.TYPE_NORMAL) {
            derived = MessageScan.TYPE_TRANSACTION;
        }
        if (declared != MessageScan.TYPE_UNSPECIFIED && declared != derived) {
            return refusal(
                    Code.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
                    "declared as " + name(declared) + ", but its fields make it " + name(derived));
        }
        if (derived != MessageScan.TYPE_NORMAL) {
            return refusal(Code.UNSUPPORTED, "messages of type " + name(derived) + " are not supported yet");
        }
        return Optional.empty();
    }

    private static String name(int type) {
        return switch (type) {
            case MessageScan.TYPE_NORMAL -> "NORMAL";
            case MessageScan.TYPE_FIFO -> "FIFO";
            case MessageScan.TYPE_DELAY -> "DELAY";
            case MessageScan.TYPE_TRANSACTION -> "TRANSACTION";
            case MessageScan.TYPE_LITE -> "LITE";
            case MessageScan.TYPE_PRIORITY -> "PRIORITY";
            default -> "type " + type;
        };
    }

    private static boolean reserved(String key) {
        return RESERVED_KEYS.contains(key) || RESERVED_PREFIXES.stream().anyMatch(key::startsWith);
    }

    /** Looks at the bytes first: almost every text begins with a printable ASCII character. */
    private static boolean blank(ByteBuffer bytes, int position, int length) {
        return length == 0
                || ((bytes.get(position) <= ' ')
                        && text(bytes, position, length).isBlank());
    }

    private static boolean hasControlCharacter(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static String text(ByteBuffer bytes, int position, int length) {
        byte[] copy = new byte[length];
        bytes.get(position, copy);
        return new String(copy, StandardCharsets.UTF_8);
    }

    private static Optional<Refusal> refusal(Code code, String reason) {
        return Optional.of(new Refusal(code, reason));
    }
}
