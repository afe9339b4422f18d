package io.argosy.client;

import io.argosy.client.internal.HostName;
import io.argosy.wire.batch.CompactBatchBuilder;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages for one queue that leave together: their bytes, and who waits for them. Filled under the accumulator's lock,
 * then in the hands of one delivery.
 */
final class SendBatch {

    private static final Logger log = LoggerFactory.getLogger(SendBatch.class);

    /** What an accepted message costs in memory beside its bytes, roughly: mostly the future. */
    static final int OVERHEAD_BYTES = 64;

    /** More than what the batch's format puts around a body. */
    private static final int FRAME_BYTES = 8;

    final QueueLane lane;
    final long createdNanos;
    final long deadlineNanos;
    final CompletableFuture<Void> done = new CompletableFuture<>();
    final CompactBatchBuilder messages;

    /** By ordinal; null for messages that nobody waits for. Shorter than the batch if nobody waits for the last ones. */
    private @Nullable SendListener[] listeners = new SendListener[0];

    private long heldBytes;

    // Set when the batch leaves.
    private long producer;
    private int idSeconds;
    private int idCounter;

    SendBatch(QueueLane lane, byte[] bodies, long nowNanos, long deadlineNanos) {
        this.lane = lane;
        this.createdNanos = nowNanos;
        this.deadlineNanos = deadlineNanos;
        this.messages = new CompactBatchBuilder(bodies, HostName.LOCAL);
    }

    void add(Message message, @Nullable SendListener listener, int heldByMessage) {
        int ordinal = messages.count();
        messages.add(message.body(), message.tag(), message.keys(), message.properties());
        heldBytes += heldByMessage;
        if (listener != null) {
            if (ordinal >= listeners.length) {
                listeners = Arrays.copyOf(listeners, Math.max(ordinal + 1, listeners.length * 2));
            }
            listeners[ordinal] = listener;
        }
    }

    /** Whether a message of this size fits below the bound. */
    boolean hasRoom(int messageBytes, int countMax, int bytesMax) {
        return messages.count() < countMax && messages.sizeBytes() + messageBytes + FRAME_BYTES <= bytesMax;
    }

    int count() {
        return messages.count();
    }

    /** What was taken from the send buffer. */
    long heldBytes() {
        return heldBytes;
    }

    void identify(long byProducer, int seconds, int counter) {
        producer = byProducer;
        idSeconds = seconds;
        idCounter = counter;
    }

    /** @param baseOffset of the first message; -1 if it is not known */
    void succeed(long baseOffset) {
        for (int i = 0; i < listeners.length; i++) {
            SendListener listener = listeners[i];
            if (listener != null) {
                SendReceipt receipt = new SendReceipt(
                        producer, idSeconds, idCounter + i, lane.ref, baseOffset < 0 ? -1 : baseOffset + i);
                try {
                    listener.stored(receipt);
                } catch (RuntimeException e) {
                    listenerThrew(e);
                }
            }
        }
    }

    void fail(ArgosyException failure) {
        for (SendListener listener : listeners) {
            if (listener != null) {
                try {
                    listener.failed(failure);
                } catch (RuntimeException e) {
                    listenerThrew(e);
                }
            }
        }
    }

    /** The others are to hear of their messages nevertheless. */
    private void listenerThrew(RuntimeException e) {
        log.warn("a send listener threw queue={}", lane.ref, e);
    }
}
