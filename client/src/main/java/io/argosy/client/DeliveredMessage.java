package io.argosy.client;

import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A message as a server hands it out: it says everything itself. */
final class DeliveredMessage extends ReceivedMessage {

    private final Message message;
    private final SystemProperties system;
    private volatile String receiptHandle;

    DeliveredMessage(Message message, String brokerGroup) {
        super(
                new QueueRef(
                        message.getTopic().getName(),
                        brokerGroup,
                        message.getSystemProperties().getQueueId()),
                message.getSystemProperties().getQueueOffset());
        this.message = message;
        this.system = message.getSystemProperties();
        this.receiptHandle = system.getReceiptHandle();
    }

    @Override
    public String messageId() {
        return system.getMessageId();
    }

    @Override
    public ByteBuffer bodyBuffer() {
        return message.getBody().asReadOnlyByteBuffer();
    }

    @Override
    public int bodySizeBytes() {
        return message.getBody().size();
    }

    @Override
    public Optional<String> tag() {
        return system.hasTag() ? Optional.of(system.getTag()) : Optional.empty();
    }

    @Override
    public List<String> keys() {
        return system.getKeysList();
    }

    @Override
    public Map<String, String> properties() {
        return message.getUserPropertiesMap();
    }

    @Override
    public Instant bornAt() {
        return instant(system.getBornTimestamp());
    }

    @Override
    public Instant storedAt() {
        return instant(system.getStoreTimestamp());
    }

    @Override
    public String bornHost() {
        return system.getBornHost();
    }

    @Override
    public int deliveryAttempt() {
        return system.getDeliveryAttempt();
    }

    @Override
    String receiptHandle() {
        return receiptHandle;
    }

    @Override
    void receiptHandle(String newer) {
        receiptHandle = newer;
    }

    static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }
}
