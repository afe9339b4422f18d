package io.argosy.client;

/**
 * One queue of a topic.
 *
 * @param group name of the broker group that holds it
 * @param queueId dense from 0 within topic and group
 */
public record QueueRef(String topic, String group, int queueId) {

    @Override
    public String toString() {
        return topic + "@" + group + "/" + queueId;
    }
}
