package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import java.util.Optional;

/**
 * What must be durable before anyone hears of it (Raft paper, figure 2; R1).
 *
 * @param reached how far the log went before entries that are lost were given up; it may have acknowledged them, so it
 *     votes as if it still had them, until its log reaches further. {@link LogEnd#NONE} otherwise
 */
public record HardState(long term, Optional<ReplicaId> votedFor, LogEnd reached) {
    /**
     * What was written here and not synced may be gone: nobody knows how far the log went in the terms up to this one
     * (D3).
     */
    public HardState withUnknownEnd() {
        return new HardState(term, votedFor, new LogEnd(term, Long.MAX_VALUE));
    }

    public static final HardState INITIAL = new HardState(0, Optional.empty());

    public HardState(long term, Optional<ReplicaId> votedFor) {
        this(term, votedFor, LogEnd.NONE);
    }
}
