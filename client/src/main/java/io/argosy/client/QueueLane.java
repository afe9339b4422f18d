package io.argosy.client;

import io.argosy.client.internal.Queue;
import java.util.ArrayDeque;
import java.util.Deque;

/** What waits for one queue. Guarded by the accumulator's lock. */
final class QueueLane {

    enum State {
        /** Nothing waits, nothing is under way. */
        IDLE,
        /** Something waits for company. */
        LINGERING,
        /** Something waits for its turn. */
        READY,
        /** A request is under way; the next waits for its end, which is what keeps the order. */
        IN_FLIGHT
    }

    final TopicLanes topic;
    final Queue queue;
    final QueueRef ref;
    final Deque<SendBatch> waiting = new ArrayDeque<>();
    State state = State.IDLE;
    /** Of the batch that left last. */
    long sequence;
    /** Messages that were given to this lane, for an even spread. */
    long assigned;

    QueueLane(TopicLanes topic, Queue queue) {
        this.topic = topic;
        this.queue = queue;
        this.ref = ArgosyClient.ref(queue);
    }
}
