package io.argosy.client.internal;

import io.argosy.proto.v2.Broker;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.Resource;

/**
 * One queue of a topic as the route tells it.
 *
 * @param group the broker group that holds it
 */
public record Queue(String topic, String group, int queueId, boolean readable, boolean writable) {

    /** As requests name it; servers look at topic, group and id only. */
    public MessageQueue toProto(String namespace) {
        return MessageQueue.newBuilder()
                .setTopic(resource(namespace, topic))
                .setId(queueId)
                .setBroker(Broker.newBuilder().setName(group))
                .build();
    }

    /** A named thing of the protocol. */
    public static Resource resource(String namespace, String name) {
        return Resource.newBuilder()
                .setResourceNamespace(namespace)
                .setName(name)
                .build();
    }
}
