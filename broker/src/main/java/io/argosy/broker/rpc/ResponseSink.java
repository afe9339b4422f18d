package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;

/** Where the answer of a {@link LeaderCall} goes; thread-safe, ends with exactly one of complete, notLeader and outcomeUnknown. */
public interface ResponseSink {

    /** One response message, encoded. Unary methods call it once. */
    void next(ByteString response);

    void complete();

    /**
     * This replica does not lead and nothing was done: the router tries the new leader, or holds the call while there
     * is none. Only before the first {@link #next}.
     */
    void notLeader();

    /**
     * Leadership was lost on the way: the call may take effect or not. The router repeats it, unchanged, at the next
     * leader, because every leader call recognises its own repetition. Only before the first {@link #next}.
     */
    default void outcomeUnknown() {
        notLeader();
    }

    /** The client is gone; an answer would reach nobody. */
    boolean cancelled();

    /** Runs once when the client goes away before the answer; at once if it has gone. */
    void onCancel(Runnable action);
}
