package io.argosy.raft.node;

import java.io.IOException;

/** The disk gave an error that nothing may follow (R30): the replica stops. */
final class DiskFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DiskFailure(String message, IOException cause) {
        super(message, cause);
    }
}
