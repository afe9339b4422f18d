package io.argosy.broker.publish;

import io.argosy.broker.message.MessageScan;
import io.argosy.proto.v2.Code;
import io.argosy.wire.name.AttributeRules;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a message must be like to be stored (client-plane 5), each rule with its code. */
final class MessageRules {

    static final int BODY_BYTES_MAX = 4 << 20;
    static final int MESSAGE_GROUP_BYTES_MAX = 63;

    /** Ids of official clients have 34; the bound only keeps nonsense out. */
    static final int MESSAGE_ID_BYTES_MAX = 255;

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
        return message.tagLength() == 0
                ? Optional.empty()
                : AttributeRules.tag(message.tag().orElse("")).map(MessageRules::refusal);
    }

    private static Optional<Refusal> keys(MessageScan message) {
        if (message.keyCount() == 0) {
            return Optional.empty();
        }
        List<Refusal> found = new ArrayList<>(0);
        message.keys((bytes, position, length) -> {
            AttributeRules.key(text(bytes, position, length))
                    .map(MessageRules::refusal)
                    .ifPresent(found::add);
            return found.isEmpty();
        });
        return found.stream().findFirst();
    }

    private static Optional<Refusal> userProperties(MessageScan message) {
        Optional<Refusal> tooLarge = AttributeRules.sizes(
                        message.userPropertyCount(),
                        (long) message.userPropertyBytes() + message.tagLength() + message.keyBytes())
                .map(MessageRules::refusal);
        if (tooLarge.isPresent() || message.userPropertyCount() == 0) {
            return tooLarge;
        }
        List<Refusal> found = new ArrayList<>(0);
        message.userProperties((in, keyPosition, keyLength, valuePosition, valueLength) -> {
            AttributeRules.property(text(in, keyPosition, keyLength), text(in, valuePosition, valueLength))
                    .map(MessageRules::refusal)
                    .ifPresent(found::add);
            return found.isEmpty();
        });
        return found.stream().findFirst();
    }

    private static Refusal refusal(AttributeRules.Broken broken) {
        return new Refusal(broken.code(), broken.reason());
    }

    private static Optional<Refusal> messageGroup(MessageScan message) {
        Optional<String> group = message.messageGroup();
        if (group.isEmpty() || group.get().isEmpty()) {
            return Optional.empty();
        }
        if (group.get().isBlank() || AttributeRules.hasControlCharacter(group.get())) {
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

    /** Looks at the bytes first: almost every text begins with a printable ASCII character. */
    private static boolean blank(ByteBuffer bytes, int position, int length) {
        return length == 0
                || ((bytes.get(position) <= ' ')
                        && text(bytes, position, length).isBlank());
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
