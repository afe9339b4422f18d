package io.argosy.client;

import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Route;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A topic's queues as a producer sees them. Guarded by the accumulator's lock, but for what is final. */
final class TopicLanes {

    /** So many lanes are looked at when the next queue is chosen, so that a topic may have many. */
    private static final int CANDIDATES = 16;

    final String topic;

    private final Map<Queue, QueueLane> all = new LinkedHashMap<>();
    private List<QueueLane> writable = List.of();
    /** Lanes in state LINGERING, oldest first. */
    final Set<QueueLane> lingering = new LinkedHashSet<>();
    /** Where messages that do not care go, until what is there leaves. */
    @Nullable
    QueueLane sticky;

    private int rotor;
    /** Lanes in state READY or IN_FLIGHT. */
    int busy;

    boolean timerArmed;

    /** @param firstQueue where the first message may go; if all began at 0, many short-lived producers would fill it alone */
    TopicLanes(String topic, int firstQueue) {
        this.topic = topic;
        this.rotor = firstQueue;
    }

    /** Lanes of queues that went away stay until they are empty; nothing new comes to them. */
    void learn(Route route) {
        List<QueueLane> lanes = new ArrayList<>();
        for (Queue queue : route.writable()) {
            lanes.add(all.computeIfAbsent(queue, each -> new QueueLane(this, each)));
        }
        writable = lanes;
        if (sticky != null && !lanes.contains(sticky)) {
            sticky = null;
        }
        all.values().removeIf(lane -> lane.state == QueueLane.State.IDLE && !lanes.contains(lane));
    }

    int size() {
        return writable.size();
    }

    QueueLane at(int index) {
        return writable.get(index);
    }

    /** The idle lane that got the fewest messages; if all are busy, the one where the least waits. */
    QueueLane next() {
        if (sticky != null) {
            return sticky;
        }
        int count = Math.min(CANDIDATES, writable.size());
        int start = rotor % writable.size();
        rotor = (start + 1) % writable.size();
        QueueLane best = writable.get(start);
        for (int i = 1; i < count; i++) {
            QueueLane lane = writable.get((start + i) % writable.size());
            if (better(lane, best)) {
                best = lane;
            }
        }
        sticky = best;
        return best;
    }

    private static boolean better(QueueLane lane, QueueLane than) {
        boolean idle = lane.state == QueueLane.State.IDLE;
        if (idle != (than.state == QueueLane.State.IDLE)) {
            return idle;
        }
        if (!idle && lane.waiting.size() != than.waiting.size()) {
            return lane.waiting.size() < than.waiting.size();
        }
        return lane.assigned < than.assigned;
    }
}
