package io.argosy.broker.command;

import java.nio.ByteBuffer;

/**
 * What a COMMAND entry of the log says. Every payload begins with {@link #HEADER_BYTES} bytes: {@link Kind#code()}, the
 * layout version of that kind, and the timestamp (big endian); what follows is the kind's own business, documented in
 * this package.
 */
public interface Command {

    /** Kind, layout version, timestamp. */
    int HEADER_BYTES = 10;

    /** Codes are stored in the log and never change meaning. Kinds are switched on by the log, not the binary (R60). */
    enum Kind {
        PUBLISH(1),
        CREATE_TOPIC(2),
        DELETE_TOPIC(3),
        /** Hand-outs, acknowledgements, visibility changes and committed offsets, coalesced. */
        CONSUME(4),
        TRIM_LOG(5),
        /** One producer's messages for one queue, as {@link io.argosy.wire.batch.CompactBatch}. */
        PUBLISH_COMPACT(6);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        public byte code() {
            return code;
        }

        /** @throws IllegalArgumentException if no kind has this code */
        public static Kind ofCode(byte code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("unknown command kind " + code);
        }
    }

    Kind kind();

    /** The leader's clock when it proposed, milliseconds since 1970; entry time is this, clamped to never go back. */
    long timestampMillis();

    /** The payload of the entry. */
    ByteBuffer encode();

    /**
     * The kind that a payload names.
     *
     * @throws IllegalArgumentException if the payload has no whole header or an unknown kind
     */
    static Kind kindOf(ByteBuffer payload) {
        if (payload.remaining() < HEADER_BYTES) {
            throw new IllegalArgumentException("command of " + payload.remaining() + " bytes");
        }
        return Kind.ofCode(payload.get(payload.position()));
    }

    /** The layout version that a payload with a whole header names. */
    static byte versionOf(ByteBuffer payload) {
        return payload.get(payload.position() + 1);
    }

    /** The timestamp that a payload with a whole header carries. */
    static long timestampMillisOf(ByteBuffer payload) {
        return payload.getLong(payload.position() + 2);
    }

    /** Writes the header at the position of the target. */
    static void putHeader(ByteBuffer target, Kind kind, byte version, long timestampMillis) {
        target.put(kind.code()).put(version).putLong(timestampMillis);
    }
}
