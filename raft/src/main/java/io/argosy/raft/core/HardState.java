package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import java.util.Optional;

/** What must be durable before anyone hears of it (Raft paper, figure 2; R1). */
public record HardState(long term, Optional<ReplicaId> votedFor) {
    public static final HardState INITIAL = new HardState(0, Optional.empty());
}
