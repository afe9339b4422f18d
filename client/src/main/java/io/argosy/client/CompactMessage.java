package io.argosy.client;

import com.google.protobuf.CodedInputStream;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import io.argosy.wire.batch.MessageIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A message of a compact batch: where its parts lie in memory that the whole batch shares. */
final class CompactMessage extends ReceivedMessage {

    private final Shared shared;
    private final int ordinal;
    private final int bodyPosition;
    private final int bodyLength;
    private final int propertiesPosition;
    private final int propertiesLength;
    private final int systemPosition;
    private final int systemLength;

    /**
     * What all messages of a batch have in common.
     *
     * @param bodies read-only; positions of bodies count in it
     */
    record Shared(CompactBatch batch, ByteBuffer bodies, QueueRef queue, long timestampMillis) {}

    /**
     * Takes what it needs from the cursor.
     *
     * @param at on the message
     */
    CompactMessage(Shared shared, long queueOffset, CompactCursor at) {
        super(shared.queue, queueOffset);
        this.shared = shared;
        this.ordinal = at.ordinal();
        this.bodyPosition = at.bodyPosition();
        this.bodyLength = at.bodyLength();
        this.propertiesPosition = at.propertiesPosition();
        this.propertiesLength = at.propertiesLength();
        this.systemPosition = at.systemPosition();
        this.systemLength = at.systemLength();
    }

    @Override
    public String messageId() {
        CompactBatch batch = shared.batch;
        return MessageIds.text(batch.producer(), batch.idSeconds(), batch.idCounter() + ordinal);
    }

    @Override
    public ByteBuffer bodyBuffer() {
        return shared.bodies.slice(bodyPosition, bodyLength);
    }

    @Override
    public int bodySizeBytes() {
        return bodyLength;
    }

    @Override
    public Optional<String> tag() {
        SystemProperties system = system();
        return system.hasTag() ? Optional.of(system.getTag()) : Optional.empty();
    }

    @Override
    public List<String> keys() {
        return system().getKeysList();
    }

    private SystemProperties system() {
        if (systemLength == 0) {
            return SystemProperties.getDefaultInstance();
        }
        try {
            return SystemProperties.parseFrom(part(systemPosition, systemLength));
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    @Override
    public Map<String, String> properties() {
        if (propertiesLength == 0) {
            return Map.of();
        }
        try {
            return Message.parseFrom(part(propertiesPosition, propertiesLength)).getUserPropertiesMap();
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    private CodedInputStream part(int position, int length) {
        return CodedInputStream.newInstance(shared.batch.bytes().slice(position, length));
    }

    private UncheckedIOException malformed(IOException cause) {
        return new UncheckedIOException("message at " + queueOffset() + " of " + queue() + " is malformed", cause);
    }

    @Override
    public Instant bornAt() {
        return Instant.ofEpochMilli(shared.batch.bornMillis());
    }

    @Override
    public Instant storedAt() {
        return Instant.ofEpochMilli(shared.timestampMillis);
    }

    @Override
    public String bornHost() {
        return shared.batch.bornHost();
    }
}
