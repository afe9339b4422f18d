package io.argosy.broker.command;

import java.nio.ByteBuffer;

/**
 * What a COMMAND entry of the log says. The first two bytes of the payload are {@link Kind#code()} and the layout
 * version of that kind; what follows is the kind's own business, documented in its class.
 */
public interface Command {

    /** Codes are stored in the log and never change meaning. Kinds are switched on by the log, not the binary (R60). */
    enum Kind {
        PUBLISH(1),
        CREATE_TOPIC(2),
        DELETE_TOPIC(3),
        /** Hand-outs, acknowledgements, visibility changes and committed offsets, coalesced. */
        CONSUME(4),
        TRIM_LOG(5);

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
}
