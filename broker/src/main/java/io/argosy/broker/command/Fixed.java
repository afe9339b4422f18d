package io.argosy.broker.command;

import java.nio.ByteBuffer;

/** The common start of decoding. */
final class Fixed {

    private Fixed() {}

    /** What follows the header, after kind and version were checked. */
    static ByteBuffer body(ByteBuffer payload, Command.Kind kind, byte version) {
        if (Command.kindOf(payload) != kind || Command.versionOf(payload) != version) {
            throw new IllegalArgumentException("not a " + kind + " command of version " + version);
        }
        return payload.duplicate().position(payload.position() + Command.HEADER_BYTES);
    }
}
