package io.argosy.broker.state;

/** The store failed: the replica must stop, because state and applied index can no longer be trusted to move together. */
public final class StateStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StateStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
