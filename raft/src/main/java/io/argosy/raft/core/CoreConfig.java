package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;

/**
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
        long heartbeatNanos,
        long electionMinNanos,
        long electionMaxNanos,
        int batchBytesMax,
        int windowBytes,
        long uncommittedBytesMax,
        long tailBytesMax) {}
