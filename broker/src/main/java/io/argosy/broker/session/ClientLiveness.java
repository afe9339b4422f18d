package io.argosy.broker.session;

import java.util.function.Consumer;

/**
 * Whether a client of the group lives, whichever replica it talks to: heartbeat or any call within 120 s, and no
 * termination since. Soft state, rebuilt from reports and heartbeats within 35 s of a leader change; until then every
 * client that is unknown counts as alive.
 */
public interface ClientLiveness {

    boolean alive(String clientId);

    /** Called when a client said goodbye or fell silent; on any thread. */
    void onGone(Consumer<String> listener);
}
