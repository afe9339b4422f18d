package io.argosy.broker.publish;

import java.util.Optional;

/** Whether messages are taken at all right now. Any thread, for each request: must be cheap. */
@FunctionalInterface
public interface WriteGate {

    WriteGate OPEN = Optional::empty;

    /** Why not, for the client to read; empty if they are. */
    Optional<String> closed();
}
