package io.argosy.client.internal;

/**
 * How batches reach the group that holds their queue. Repeats an attempt under the same message ids until the deadline,
 * so that what was stored once is stored once. Thread-safe.
 */
public interface BatchTransport {

    /**
     * @param queue all messages of the batch are for it
     * @param deadlineNanos of System.nanoTime
     */
    void send(Queue queue, OutgoingBatch batch, long deadlineNanos, Reply<SendAnswer> reply);

    /** Over the public protocol, one request per batch. */
    static BatchTransport unary(ClusterLink link, ClientIdentity identity) {
        return new UnaryBatchTransport(link, identity);
    }
}
