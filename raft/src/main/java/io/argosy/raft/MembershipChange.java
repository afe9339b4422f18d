package io.argosy.raft;

/** One change of a group's membership; changes follow each other, never two at a time (thesis 4.1; R50). */
public sealed interface MembershipChange {

    /** A new replica gets the log and counts for nothing yet (R51). */
    record AddLearner(Member member) implements MembershipChange {}

    /** A learner that has caught up becomes a voter. */
    record Promote(ReplicaId id) implements MembershipChange {}

    /** A voter or learner leaves; its id is never used again (R37). */
    record Remove(ReplicaId id) implements MembershipChange {}

    /** Changes who leads if it can; see {@link Member#priority()}. */
    record Prioritise(ReplicaId id, int priority) implements MembershipChange {}

    /** Changes when an entry counts as durable (D3). */
    record ChangeFlush(RaftConfig.Flush flush) implements MembershipChange {}
}
