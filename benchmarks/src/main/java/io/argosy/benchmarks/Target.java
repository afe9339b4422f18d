package io.argosy.benchmarks;

import java.util.List;

/**
 * Where messages go.
 *
 * @param topics in turn
 * @param queues of each topic
 * @param everyQueue each queue in turn, else the client chooses
 */
record Target(List<String> topics, int queues, boolean everyQueue) {

    Target {
        topics = List.copyOf(topics);
    }

    static Target of(String topic, int queues) {
        return new Target(List.of(topic), queues, false);
    }

    String topic(long number) {
        return topics.size() == 1 ? topics.get(0) : topics.get((int) (number % topics.size()));
    }

    int queue(long number) {
        return everyQueue ? (int) (number / topics.size() % queues) : Driver.Sender.ANY_QUEUE;
    }

    void create(Driver driver) throws Exception {
        for (String topic : topics) {
            driver.createTopic(topic, queues);
        }
    }

    void delete(Driver driver) throws Exception {
        for (String topic : topics) {
            driver.deleteTopic(topic);
        }
    }
}
