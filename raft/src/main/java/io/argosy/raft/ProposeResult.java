package io.argosy.raft;

import java.util.Optional;

/** The three outcomes of a proposal (R54): done, not done, unknown. */
public sealed interface ProposeResult {

    /** Durable on a majority and applied here. */
    record Committed(long index, long term) implements ProposeResult {}

    /** Never entered any log: safe to retry at the leader. */
    record NotLeader(Optional<ReplicaId> leader) implements ProposeResult {}

    /** Never entered any log: a bound is reached (uncommitted bytes, full disk, term not yet open). Retry later. */
    record Busy(String reason) implements ProposeResult {}

    /** May still commit: retry only under the same identity. */
    record Indeterminate(long term) implements ProposeResult {}
}
