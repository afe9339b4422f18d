package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import java.util.UUID;

/**
 * @param storeUuid of this replica's store; a voter is (id, store UUID) (R36)
 * @param heartbeatNanos between heartbeats of a leader
 * @param electionMinNanos shortest election timeout and the stickiness span
 * @param electionMaxNanos longest election timeout, exclusive
 * @param batchBytesMax largest append message
 * @param windowBytes sent to one peer and not yet answered
 * @param uncommittedBytesMax proposed and not yet committed
 * @param tailBytesMax committed entries kept in memory for followers, newest first
 */
public record CoreConfig(
        ReplicaId self,
        UUID storeUuid,
        long heartbeatNanos,
        long electionMinNanos,
        long electionMaxNanos,
        int batchBytesMax,
        int windowBytes,
        long uncommittedBytesMax,
        long tailBytesMax) {}
