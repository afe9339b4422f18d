package io.argosy.client;

import io.argosy.wire.batch.MessageIds;
import java.util.Objects;

/** A message is stored: on disk, on a majority of replicas. Immutable. */
public final class SendReceipt {

    private final long producer;
    private final int idSeconds;
    private final int idCounter;
    private final QueueRef queue;
    private final long queueOffset;

    SendReceipt(long producer, int idSeconds, int idCounter, QueueRef queue, long queueOffset) {
        this.producer = producer;
        this.idSeconds = idSeconds;
        this.idCounter = idCounter;
        this.queue = queue;
        this.queueOffset = queueOffset;
    }

    /** Unique; assigned by the producer, the same in deliveries. Made when it is asked for. */
    public String messageId() {
        return MessageIds.text(producer, idSeconds, idCounter);
    }

    public QueueRef queue() {
        return queue;
    }

    /** The message's place in the queue; -1 in the rare case that a repetition was recognised too late to know. */
    public long queueOffset() {
        return queueOffset;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SendReceipt that
                && producer == that.producer
                && idSeconds == that.idSeconds
                && idCounter == that.idCounter
                && queueOffset == that.queueOffset
                && queue.equals(that.queue);
    }

    @Override
    public int hashCode() {
        return Objects.hash(producer, idSeconds, idCounter, queueOffset, queue);
    }

    @Override
    public String toString() {
        return "SendReceipt[messageId=" + messageId() + ", queue=" + queue + ", queueOffset=" + queueOffset + "]";
    }
}
