package io.argosy.raft.node;

/** What happens to the process when its replica cannot go on (D14): a dead replica is safer than a wrong one. */
@FunctionalInterface
public interface FailureHook {

    /** As sysexits' EX_IOERR: the disk failed. */
    int DISK_FAILED = 74;

    /** As sysexits' EX_DATAERR: files of the state are damaged; the next start makes it anew. */
    int STATE_DAMAGED = 65;

    /** As sysexits' EX_SOFTWARE: an invariant is broken, or the state machine threw. */
    int BROKEN = 70;

    /** Ends the process at once; no shutdown hook gets a chance to write anything. */
    FailureHook HALT = (exitCode, cause) -> Runtime.getRuntime().halt(exitCode);

    /** Called once, on the thread that failed, after the failure was logged. */
    void failed(int exitCode, Throwable cause);
}
