package io.argosy.client;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A message as delivered. Thread-safe. It may share its memory with messages that came with it. */
public abstract sealed class ReceivedMessage permits DeliveredMessage, StoredMessage, CompactMessage {

    private final QueueRef queue;
    private final long queueOffset;

    ReceivedMessage(QueueRef queue, long queueOffset) {
        this.queue = queue;
        this.queueOffset = queueOffset;
    }

    public abstract String messageId();

    public final String topic() {
        return queue.topic();
    }

    public final QueueRef queue() {
        return queue;
    }

    public final long queueOffset() {
        return queueOffset;
    }

    /** A copy. */
    public final byte[] body() {
        ByteBuffer view = bodyBuffer();
        byte[] body = new byte[view.remaining()];
        view.get(body);
        return body;
    }

    /** A read-only view, without a copy. */
    public abstract ByteBuffer bodyBuffer();

    public abstract int bodySizeBytes();

    public abstract Optional<String> tag();

    public abstract List<String> keys();

    public abstract Map<String, String> properties();

    /** When the producer made it, by the producer's clock. */
    public abstract Instant bornAt();

    /** When the cluster stored it. */
    public abstract Instant storedAt();

    /** Host name of the producer. */
    public abstract String bornHost();

    /** 1 for the first delivery; 0 when pulled. */
    public int deliveryAttempt() {
        return 0;
    }

    /** Empty if it was not handed out, but pulled. */
    String receiptHandle() {
        return "";
    }

    void receiptHandle(String newer) {
        throw new UnsupportedOperationException("message " + this + " was pulled and has no receipt handle");
    }

    @Override
    public final String toString() {
        return messageId() + " in " + queue + " at " + queueOffset;
    }
}
