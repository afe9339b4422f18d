package io.argosy.wire.listener;

import io.grpc.Attributes;
import io.grpc.ServerCall;
import java.util.ArrayList;
import java.util.List;

/** One connection of a client, from the end of its handshake to its end; compared by identity. */
public final class ClientConnection {

    static final Attributes.Key<ClientConnection> KEY = Attributes.Key.create("argosy-client-connection");

    private final List<Runnable> whenClosed = new ArrayList<>();
    private boolean closed;

    ClientConnection() {}

    /**
     * The connection that a call came on.
     *
     * @throws IllegalStateException if the listener was not made by {@link ClientPort}
     */
    public static ClientConnection of(ServerCall<?, ?> call) {
        ClientConnection connection = call.getAttributes().get(KEY);
        if (connection == null) {
            throw new IllegalStateException("the listener does not track its connections");
        }
        return connection;
    }

    /** Runs the action once when the connection has ended; at once if it has. */
    public void onClosed(Runnable action) {
        synchronized (whenClosed) {
            if (!closed) {
                whenClosed.add(action);
                return;
            }
        }
        action.run();
    }

    void close() {
        List<Runnable> actions;
        synchronized (whenClosed) {
            closed = true;
            actions = List.copyOf(whenClosed);
            whenClosed.clear();
        }
        actions.forEach(Runnable::run);
    }
}
