package io.argosy.client;

import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A message as delivered. Thread-safe. */
public final class ReceivedMessage {

    private final Message message;
    private final SystemProperties system;
    private final QueueRef queue;
    private volatile String receiptHandle;

    ReceivedMessage(Message message, String brokerGroup) {
        this.message = message;
        this.system = message.getSystemProperties();
        this.queue = new QueueRef(message.getTopic().getName(), brokerGroup, system.getQueueId());
        this.receiptHandle = system.getReceiptHandle();
    }

    public String messageId() {
        return system.getMessageId();
    }

    public String topic() {
        return queue.topic();
    }

    public QueueRef queue() {
        return queue;
    }

    public long queueOffset() {
        return system.getQueueOffset();
    }

    /** A copy. */
    public byte[] body() {
        return message.getBody().toByteArray();
    }

    /** A read-only view, without a copy. */
    public ByteBuffer bodyBuffer() {
        return message.getBody().asReadOnlyByteBuffer();
    }

    public int bodySizeBytes() {
        return message.getBody().size();
    }

    public Optional<String> tag() {
        return system.hasTag() ? Optional.of(system.getTag()) : Optional.empty();
    }

    public List<String> keys() {
        return system.getKeysList();
    }

    public Map<String, String> properties() {
        return message.getUserPropertiesMap();
    }

    /** When the producer made it, by the producer's clock. */
    public Instant bornAt() {
        return instant(system.getBornTimestamp());
    }

    /** When the cluster stored it. */
    public Instant storedAt() {
        return instant(system.getStoreTimestamp());
    }

    /** Host name of the producer. */
    public String bornHost() {
        return system.getBornHost();
    }

    /** 1 for the first delivery; 0 when pulled. */
    public int deliveryAttempt() {
        return system.getDeliveryAttempt();
    }

    String receiptHandle() {
        return receiptHandle;
    }

    void receiptHandle(String newer) {
        receiptHandle = newer;
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    @Override
    public String toString() {
        return messageId() + " in " + queue + " at " + queueOffset();
    }
}
