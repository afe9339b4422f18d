package io.argosy.broker.command;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Messages in entries up to the index are gone, and so are those older, at this command's time, than their topic keeps
 * them. Costs the same however many queues that touches (D11).
 *
 * @param upToIndex an index below the trim of an earlier command changes nothing
 */
public record TrimLog(long timestampMillis, long upToIndex) implements Command {

    private static final byte VERSION = 1;

    @Override
    public Kind kind() {
        return Kind.TRIM_LOG;
    }

    @Override
    public ByteBuffer encode() {
        ByteBuffer payload = ByteBuffer.allocate(HEADER_BYTES + 8);
        Command.putHeader(payload, Kind.TRIM_LOG, VERSION, timestampMillis);
        return payload.putLong(upToIndex).flip();
    }

    /** @throws IllegalArgumentException if the bytes are not a TRIM_LOG command of a known version */
    public static TrimLog decode(ByteBuffer payload) {
        ByteBuffer rest = Fixed.body(payload, Kind.TRIM_LOG, VERSION);
        try {
            return new TrimLog(Command.timestampMillisOf(payload), rest.getLong());
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("truncated TRIM_LOG command", e);
        }
    }
}
