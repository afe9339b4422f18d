package io.argosy.broker.command;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** Deletes a topic and its messages; nothing changes if it does not exist. Its id is never used again. */
public record DeleteTopic(long timestampMillis, String name) implements Command {

    private static final byte VERSION = 1;

    @Override
    public Kind kind() {
        return Kind.DELETE_TOPIC;
    }

    @Override
    public ByteBuffer encode() {
        byte[] nameBytes = Texts.encode(name);
        ByteBuffer payload = ByteBuffer.allocate(HEADER_BYTES + 2 + nameBytes.length);
        Command.putHeader(payload, Kind.DELETE_TOPIC, VERSION, timestampMillis);
        Texts.put(payload, nameBytes);
        return payload.flip();
    }

    /** @throws IllegalArgumentException if the bytes are not a DELETE_TOPIC command of a known version */
    public static DeleteTopic decode(ByteBuffer payload) {
        ByteBuffer rest = Fixed.body(payload, Kind.DELETE_TOPIC, VERSION);
        try {
            return new DeleteTopic(Command.timestampMillisOf(payload), Texts.get(rest));
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("truncated DELETE_TOPIC command", e);
        }
    }
}
