package io.argosy.raft;

import java.util.List;

/**
 * What a group replicates. Deterministic: reads the entry and its own state, nothing else, so that leader, followers
 * and restarts land on equal state (R59). All methods run on the applier thread, in log order.
 */
public interface StateMachine {

    /** Index up to which the state is already durable; the node replays everything behind it after a start. */
    long durableAppliedIndex();

    /**
     * Applies a run of committed entries that follow each other without a gap (the first one is
     * {@code lastApplied + 1}). On return, results of proposals are decided and the state is visible to readers.
     *
     * @throws RuntimeException stops the replica (R42)
     */
    void apply(List<Entry> entries);

    /** This replica began or stopped leading. Called on the loop thread; must only hand the news over. */
    default void roleChanged(RoleChange change) {}
}
