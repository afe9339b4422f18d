package io.argosy.broker.consume;

import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueReader;
import io.argosy.broker.queue.StoredMessage;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The messages of the queues, as applied here. Callable from any thread; may look into the store. */
interface Deliveries {

    /** Lowest offset that can still be read. */
    long minOffset(int topicId, int queueId);

    /** Behind the last message that can be read. */
    long maxOffset(int topicId, int queueId);

    /** First offset stored at or after the time; {@link #maxOffset} if there is none. */
    long offsetAt(int topicId, int queueId, long timestampMillis);

    /**
     * Messages from the offset on (from {@link #minOffset} if that is higher), at least one if there is one, until
     * number or bytes reach their bound.
     */
    CompletableFuture<List<StoredMessage>> read(int topicId, int queueId, long offset, int messagesMax, long bytesMax);

    static Deliveries of(QueueIndex index, QueueReader reader) {
        return new Deliveries() {
            @Override
            public long minOffset(int topicId, int queueId) {
                return index.minOffset(topicId, queueId);
            }

            @Override
            public long maxOffset(int topicId, int queueId) {
                return index.maxOffset(topicId, queueId);
            }

            @Override
            public long offsetAt(int topicId, int queueId, long timestampMillis) {
                return index.offsetAt(topicId, queueId, timestampMillis);
            }

            @Override
            public CompletableFuture<List<StoredMessage>> read(
                    int topicId, int queueId, long offset, int messagesMax, long bytesMax) {
                return reader.read(index.locate(topicId, queueId, offset, messagesMax), bytesMax);
            }
        };
    }
}
