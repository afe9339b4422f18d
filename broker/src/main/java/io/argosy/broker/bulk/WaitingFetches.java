package io.argosy.broker.bulk;

import io.argosy.broker.queue.QueueListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/** Fetches that wait for messages, by queue. Any thread; waking only hands over. */
final class WaitingFetches implements QueueListener {

    /** Something that waits; told at most once for each time it waited. */
    interface Waiter {
        void wake();
    }

    private final ConcurrentHashMap<Long, List<Waiter>> byQueue = new ConcurrentHashMap<>();

    /** Whoever adds itself looks at the queue once more afterwards: a message may have come in between. */
    void add(int topicId, int queueId, Waiter waiter) {
        byQueue.compute(key(topicId, queueId), (key, waiters) -> {
            List<Waiter> all = waiters == null ? new ArrayList<>(2) : waiters;
            all.add(waiter);
            return all;
        });
    }

    void remove(int topicId, int queueId, Waiter waiter) {
        byQueue.computeIfPresent(key(topicId, queueId), (key, waiters) -> {
            waiters.remove(waiter);
            return waiters.isEmpty() ? null : waiters;
        });
    }

    @Override
    public void advanced(int topicId, int queueId, long maxOffset) {
        wake(key(topicId, queueId));
    }

    /** Wakes those whose topic passes. */
    void wakeTopics(IntPredicate topics) {
        for (Long key : Set.copyOf(byQueue.keySet())) {
            if (topics.test((int) (key >> 32))) {
                wake(key);
            }
        }
    }

    private void wake(Long key) {
        List<Waiter> waiters = byQueue.remove(key);
        if (waiters != null) {
            waiters.forEach(Waiter::wake);
        }
    }

    private static Long key(int topicId, int queueId) {
        return (long) topicId << 32 | queueId;
    }
}
