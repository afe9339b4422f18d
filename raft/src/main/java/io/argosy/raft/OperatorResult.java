package io.argosy.raft;

import java.util.Optional;

/** What became of a change of membership or a transfer of leadership. */
public sealed interface OperatorResult {

    /** A change: its entry is committed. A transfer: the target leads. What was only judged: nothing forbids it. */
    record Done() implements OperatorResult {}

    /** Nothing happened: ask the leader. */
    record NotLeader(Optional<ReplicaId> leader) implements OperatorResult {}

    /** Nothing happened. */
    record Refused(Forbidden why) implements OperatorResult {}

    /** Leadership ended meanwhile: the change may still commit. Look at the membership before asking again. */
    record Unknown() implements OperatorResult {}
}
