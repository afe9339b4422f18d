package io.argosy.wire.listener;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import org.jspecify.annotations.Nullable;

/** Gives each connection its {@link ClientConnection}. */
final class ConnectionFilter extends ServerTransportFilter {

    @Override
    public Attributes transportReady(Attributes attributes) {
        return attributes.toBuilder()
                .set(ClientConnection.KEY, new ClientConnection())
                .build();
    }

    @Override
    public void transportTerminated(@Nullable Attributes attributes) {
        ClientConnection connection = attributes == null ? null : attributes.get(ClientConnection.KEY);
        if (connection != null) {
            connection.close();
        }
    }
}
