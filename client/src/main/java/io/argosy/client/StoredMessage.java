package io.argosy.client;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A message as its producer sent it, read from the log; parsed when somebody looks into it. */
final class StoredMessage extends ReceivedMessage {

    private final ByteBuffer bytes;
    private final long timestampMillis;
    // Racing readers parse the same twice.
    private volatile @Nullable Message parsed;

    /**
     * Keeps the bytes and parses nothing yet.
     *
     * @param bytes position to limit; kept
     */
    StoredMessage(QueueRef queue, long queueOffset, long timestampMillis, ByteBuffer bytes) {
        super(queue, queueOffset);
        this.bytes = bytes;
        this.timestampMillis = timestampMillis;
    }

    private Message message() {
        Message known = parsed;
        if (known == null) {
            try {
                // Nobody writes to the bytes, so that the body may stay a view of them.
                CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
                in.enableAliasing(true);
                known = Message.parseFrom(in);
            } catch (IOException e) {
                throw new UncheckedIOException("message at " + queueOffset() + " of " + queue() + " is malformed", e);
            }
            parsed = known;
        }
        return known;
    }

    private SystemProperties system() {
        return message().getSystemProperties();
    }

    @Override
    public String messageId() {
        return system().getMessageId();
    }

    @Override
    public ByteBuffer bodyBuffer() {
        return message().getBody().asReadOnlyByteBuffer();
    }

    @Override
    public int bodySizeBytes() {
        return message().getBody().size();
    }

    @Override
    public Optional<String> tag() {
        return system().hasTag() ? Optional.of(system().getTag()) : Optional.empty();
    }

    @Override
    public List<String> keys() {
        return system().getKeysList();
    }

    @Override
    public Map<String, String> properties() {
        return message().getUserPropertiesMap();
    }

    @Override
    public Instant bornAt() {
        return system().hasBornTimestamp() ? DeliveredMessage.instant(system().getBornTimestamp()) : storedAt();
    }

    @Override
    public Instant storedAt() {
        return Instant.ofEpochMilli(timestampMillis);
    }

    @Override
    public String bornHost() {
        return system().getBornHost();
    }
}
