package io.argosy.broker.queue;

/** Hears of new messages; on the applier thread, after they can be read, once per run and queue. Only hands it over. */
@FunctionalInterface
public interface QueueListener {

    /** @param maxOffset behind the last message of the queue */
    void advanced(int topicId, int queueId, long maxOffset);
}
