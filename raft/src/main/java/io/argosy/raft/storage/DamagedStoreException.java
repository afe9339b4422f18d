package io.argosy.raft.storage;

import java.io.IOException;

/**
 * The store cannot be opened without guessing: its hard state or identity is unreadable (R3), or files are missing
 * that must be there. The replica must not start; an operator restores the folder or replaces the replica.
 */
public final class DamagedStoreException extends IOException {
    private static final long serialVersionUID = 1L;

    public DamagedStoreException(String message) {
        super(message);
    }
}
