package io.argosy.wire.session;

import io.argosy.proto.v2.ClientType;

/** Told of each client's signs of life; called on network threads, must not block. */
public interface ClientSightings {

    /** For servers that don't care who lives. */
    ClientSightings IGNORED = new ClientSightings() {
        @Override
        public void seen(String clientId, ClientType type, String group) {}

        @Override
        public void gone(String clientId) {}
    };

    /** @param group of a consumer, else empty */
    void seen(String clientId, ClientType type, String group);

    /** The client said goodbye. */
    void gone(String clientId);

    /** Whether this server has anything for clients of that type. */
    static boolean served(ClientType type) {
        return switch (type) {
            case CLIENT_TYPE_UNSPECIFIED, PRODUCER, PUSH_CONSUMER, SIMPLE_CONSUMER, PULL_CONSUMER -> true;
            case LITE_PUSH_CONSUMER, LITE_SIMPLE_CONSUMER, UNRECOGNIZED -> false;
        };
    }
}
