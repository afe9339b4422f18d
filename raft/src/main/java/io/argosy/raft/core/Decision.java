package io.argosy.raft.core;

import io.argosy.raft.Forbidden;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import java.util.Optional;

/** What the core said to an operator's request. */
public sealed interface Decision {

    /** The membership is in force; it is done once the entry is committed. */
    record Appended(long index, long term) implements Decision {}

    /** Only judged: nothing forbids it, and nothing was begun. */
    record Allowed(Membership next) implements Decision {}

    /** The target will be asked to campaign; {@link RaftCore#handingOverTo} is empty again when that ended. */
    record HandingOver(ReplicaId target) implements Decision {}

    record NotLeader(Optional<ReplicaId> leader) implements Decision {}

    record Refused(Forbidden why) implements Decision {}
}
