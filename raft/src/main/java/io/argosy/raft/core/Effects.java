package io.argosy.raft.core;

import io.argosy.raft.Entry;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.RoleChange;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the driver must do after a turn of inputs, in this order: hand {@code persist} to the append lane, send
 * {@code sendNow}, apply up to {@code commitIndex}, answer reads, announce the role.
 *
 * <p>Order is safety: a vote or an acknowledgement is durable before anyone hears of it (Raft paper, figure 2).
 *
 * @param sendNow may leave before anything is durable
 * @param commitIndex apply up to here; never decreases
 * @param readsReady reads whose index is confirmed
 * @param readsFailed contexts of reads that this replica can no longer answer as leader
 * @param membership another one is in force: appended, adopted, or back after a truncation
 * @param logReads entries that followers need and the core no longer holds in memory
 * @param fetchSnapshot fetch one from this leader, unless that is already going on; then {@link RaftCore#beginInstall}
 */
public record Effects(
        Optional<Persist> persist,
        List<Outbound> sendNow,
        long commitIndex,
        List<ReadReady> readsReady,
        List<Long> readsFailed,
        Optional<RoleChange> roleChange,
        Optional<ConfigAt> membership,
        List<LogRead> logReads,
        Optional<ReplicaId> fetchSnapshot) {

    /**
     * One request to the append lane, which is FIFO. Hard state precedes truncation, which precedes entries (R5). Once
     * all of it is durable the driver calls {@link RaftCore#persisted} with {@code sequence}, then sends
     * {@code sendAfterDurable}.
     *
     * @param sequence rises by one with each request
     * @param term the core's term when it was issued (R39)
     * @param truncateFrom drop this index and everything behind it first
     * @param prevTerm of the entry in front of {@code truncateFrom}
     */
    public record Persist(
            long sequence,
            long term,
            Optional<HardState> hardState,
            OptionalLong truncateFrom,
            long prevTerm,
            List<Entry> entries,
            List<Outbound> sendAfterDurable) {}

    public record Outbound(ReplicaId to, Message message) {}

    /** @param index the read may be served once this index is applied */
    public record ReadReady(long context, long index) {}

    /** Read entries from the log and hand them back by {@link RaftCore#logRead}. */
    public record LogRead(ReplicaId peer, long session, long fromIndex, int bytesMax) {}
}
