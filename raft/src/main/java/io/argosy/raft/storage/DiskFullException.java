package io.argosy.raft.storage;

import java.io.IOException;

/**
 * No space left on the file system, or the quota is used up. Nothing was written as far as the log is concerned: the
 * same call may be repeated once there is space (R35). Every other IOException of a write is final.
 */
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFullException(String message) {
        super(message);
    }

    public DiskFullException(String message, IOException cause) {
        super(message, cause);
    }
}
