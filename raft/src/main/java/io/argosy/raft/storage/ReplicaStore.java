package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.RestoredState;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/**
 * The data folder of one replica: lock, identity, hard state and log, recovered. Opening it decides what is torn and
 * what is damaged (docs/raft-rules.md, 4.4).
 */
public interface ReplicaStore extends Closeable {

    /** Made once, when the folder was first used (R36). */
    UUID storeUuid();

    /** Empty until the store was adopted into a group. */
    Optional<UUID> groupUuid();

    HardState hardState();

    /** Durable on return (R1 to R4). */
    void saveHardState(HardState state) throws IOException;

    RaftLog log();

    /**
     * What the core starts from.
     *
     * @param appliedIndex durable in the state machine: evidence that everything up to it was committed
     */
    RestoredState restored(long appliedIndex) throws IOException;

    /** The membership that {@link #adopt} was given: the group's entry 1, whoever trims the log. */
    Optional<Membership> founding();

    /**
     * Makes this empty store a member: writes group UUID and entry 1 (the membership, term 0), durable on return.
     * Repeating the same adoption is fine.
     *
     * @throws IllegalStateException if the store belongs to another group or holds entries
     */
    void adopt(String groupName, Membership membership) throws IOException;
}
