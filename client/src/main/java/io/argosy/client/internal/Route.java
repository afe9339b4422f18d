package io.argosy.client.internal;

import java.util.List;

/**
 * Where a topic's queues are, in the cluster's fixed order.
 *
 * @param groups names of the broker groups that hold queues of it
 */
public record Route(String topic, List<Queue> queues, List<String> groups) {

    public Route {
        queues = List.copyOf(queues);
        groups = List.copyOf(groups);
    }

    public List<Queue> writable() {
        return queues.stream().filter(Queue::writable).toList();
    }
}
