package io.argosy.wire.name;

import io.argosy.proto.v2.Code;
import java.util.Optional;
import java.util.Set;

/** What tag, keys and user properties of a message must be like (client-plane 5), each rule with its code. */
public final class AttributeRules {

    public static final int PROPERTIES_MAX = 128;

    /** Of user properties, tag and keys together. */
    public static final int BYTES_MAX = 16 << 10;

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

    private AttributeRules() {}

    /** The rule that is broken. */
    public record Broken(Code code, String reason) {}

    public static Optional<Broken> tag(String tag) {
        if (tag.isBlank()) {
            return broken(Code.ILLEGAL_MESSAGE_TAG, "the tag is blank");
        }
        if (tag.indexOf('|') >= 0) {
            return broken(Code.ILLEGAL_MESSAGE_TAG, "the tag contains |");
        }
        if (hasControlCharacter(tag)) {
            return broken(Code.ILLEGAL_MESSAGE_TAG, "the tag contains a control character");
        }
        return Optional.empty();
    }

    public static Optional<Broken> key(String key) {
        return key.isBlank() || hasControlCharacter(key)
                ? broken(Code.ILLEGAL_MESSAGE_KEY, "a message key is blank or contains a control character")
                : Optional.empty();
    }

    public static Optional<Broken> property(String name, String value) {
        if (RESERVED_KEYS.contains(name) || RESERVED_PREFIXES.stream().anyMatch(name::startsWith)) {
            return broken(Code.ILLEGAL_MESSAGE_PROPERTY_KEY, "user property " + name + " is reserved");
        }
        return hasControlCharacter(name) || hasControlCharacter(value)
                ? broken(Code.ILLEGAL_MESSAGE_PROPERTY_KEY, "a user property contains a control character")
                : Optional.empty();
    }

    /**
     * Numbers of them all.
     *
     * @param bytes UTF-8 bytes of user properties, tag and keys
     */
    public static Optional<Broken> sizes(int propertyCount, long bytes) {
        if (propertyCount > PROPERTIES_MAX) {
            return broken(
                    Code.MESSAGE_PROPERTIES_TOO_LARGE,
                    propertyCount + " user properties, at most " + PROPERTIES_MAX + " are allowed");
        }
        return bytes > BYTES_MAX
                ? broken(
                        Code.MESSAGE_PROPERTIES_TOO_LARGE,
                        "user properties, tag and keys have " + bytes + " bytes, at most " + BYTES_MAX + " are allowed")
                : Optional.empty();
    }

    public static boolean hasControlCharacter(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static Optional<Broken> broken(Code code, String reason) {
        return Optional.of(new Broken(code, reason));
    }
}
