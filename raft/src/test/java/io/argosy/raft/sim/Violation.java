package io.argosy.raft.sim;

/** A rule of docs/raft-rules.md or of docs/reliability.md did not hold. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1L;

    public Violation(String message) {
        super(message);
    }

    Violation(String message, Throwable cause) {
        super(message, cause);
    }
}
