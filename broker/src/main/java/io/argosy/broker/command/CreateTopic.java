package io.argosy.broker.command;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Creates a topic unless one of that name exists; then nothing changes, so that two first messages may race.
 *
 * @param name legal, checked by the proposer
 * @param retention how long messages are kept at least
 */
public record CreateTopic(long timestampMillis, String name, int queueCount, Duration retention) implements Command {

    public static final Duration RETENTION_DEFAULT = Duration.ofDays(3);

    /** One topic never needs more: consumers share a queue. */
    public static final int QUEUE_COUNT_MAX = 1 << 16;

    private static final byte VERSION = 1;

    public CreateTopic {
        if (queueCount < 1 || queueCount > QUEUE_COUNT_MAX) {
            throw new IllegalArgumentException(
                    "topic " + name + " with " + queueCount + " queues, 1 to " + QUEUE_COUNT_MAX + " are allowed");
        }
        if (retention.isNegative() || retention.isZero()) {
            throw new IllegalArgumentException("topic " + name + " with retention " + retention);
        }
    }

    @Override
    public Kind kind() {
        return Kind.CREATE_TOPIC;
    }

    @Override
    public ByteBuffer encode() {
        byte[] nameBytes = Texts.encode(name);
        ByteBuffer payload = ByteBuffer.allocate(HEADER_BYTES + 4 + 8 + 2 + nameBytes.length);
        Command.putHeader(payload, Kind.CREATE_TOPIC, VERSION, timestampMillis);
        payload.putInt(queueCount).putLong(retention.toMillis());
        Texts.put(payload, nameBytes);
        return payload.flip();
    }

    /** @throws IllegalArgumentException if the bytes are not a CREATE_TOPIC command of a known version */
    public static CreateTopic decode(ByteBuffer payload) {
        ByteBuffer rest = Fixed.body(payload, Kind.CREATE_TOPIC, VERSION);
        try {
            int queueCount = rest.getInt();
            Duration retention = Duration.ofMillis(rest.getLong());
            return new CreateTopic(Command.timestampMillisOf(payload), Texts.get(rest), queueCount, retention);
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("truncated CREATE_TOPIC command", e);
        }
    }
}
