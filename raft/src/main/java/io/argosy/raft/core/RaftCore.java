package io.argosy.raft.core;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Raft as a pure state machine: inputs change memory only, {@link #takeEffects} says what to do about it. A driver
 * feeds all inputs that wait, then takes the effects once, so that one turn makes one append to disk and at most one
 * append message per peer and batch.
 *
 * <p>Same state, same inputs, same effects. Not thread-safe: one thread owns it.
 */
public final class RaftCore {

    public RaftCore(CoreConfig config, RestoredState restored, RandomGenerator random, long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Time passes. A tick that comes late by more than half the shortest election timeout counts as one tick (R48). */
    public void tick(long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    public void receive(ReplicaId from, Message message, long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    /** What became of a proposal at the core's door. */
    public sealed interface Proposed {
        record Accepted(long index, long term) implements Proposed {}

        record NotLeader(Optional<ReplicaId> leader) implements Proposed {}

        record Busy(String reason) implements Proposed {}
    }

    public Proposed propose(EntryType type, ByteBuffer payload, int payloadCrc) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Asks for a confirmed read index; the answer comes as {@link Effects.ReadReady} or in
     * {@link Effects#readsFailed()}, at once if this replica does not lead.
     *
     * @param context unique per call
     */
    public void requestRead(long context) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The append lane made durable all of this request and those before it. */
    public void persisted(long sequence) {
        throw new UnsupportedOperationException("not yet");
    }

    public void applied(long index) {
        throw new UnsupportedOperationException("not yet");
    }

    /** A new append stream to the peer is open; everything sent on older sessions may be lost. */
    public void peerReset(ReplicaId peer, long session) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The append stream to the peer broke; nothing is sent to it but heartbeats until {@link #peerReset}. */
    public void peerUnreachable(ReplicaId peer) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The peer's process has died: its connections were reset and a new one is refused. The forget-leader fast path. */
    public void peerLost(ReplicaId peer, long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Answers {@link Effects.LogRead}; an empty list means the read failed and the stream to the peer ends (R22). */
    public void logRead(ReplicaId peer, long session, List<Entry> entries) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * @param oldestPendingNanos age of the oldest unfinished write or fsync, 0 if none (rules of docs/raft-rules.md
     *     4.5: beyond one election timeout a leader resigns, and does not campaign until healthy)
     */
    public void diskHealth(long oldestPendingNanos, long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Entries of this store are damaged, or no longer: a damaged store does not campaign, and resigns if it leads. */
    public void electable(boolean electable) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The log dropped everything below the index. */
    public void trimmed(long firstIndex) {
        throw new UnsupportedOperationException("not yet");
    }

    /** The store was adopted into a group: entry 1 is durable in its log. */
    public void adopted(Membership membership, long nowNanos) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Gives up leadership before a planned stop, if it has it. */
    public void resign() {
        throw new UnsupportedOperationException("not yet");
    }

    public boolean hasEffects() {
        throw new UnsupportedOperationException("not yet");
    }

    /** Everything that has come due since the last call. */
    public Effects takeEffects() {
        throw new UnsupportedOperationException("not yet");
    }

    public Role role() {
        throw new UnsupportedOperationException("not yet");
    }

    public long term() {
        throw new UnsupportedOperationException("not yet");
    }

    public Optional<ReplicaId> leader() {
        throw new UnsupportedOperationException("not yet");
    }

    public long commitIndex() {
        throw new UnsupportedOperationException("not yet");
    }

    public long lastIndex() {
        throw new UnsupportedOperationException("not yet");
    }

    /** An entry that the core still holds in memory. */
    public Optional<Entry> cached(long index) {
        throw new UnsupportedOperationException("not yet");
    }

    /** Lowest match index over all other voters, for trimming (D11). */
    public long lowestMatchIndex() {
        throw new UnsupportedOperationException("not yet");
    }

    public List<RaftStatus.PeerStatus> peers() {
        throw new UnsupportedOperationException("not yet");
    }
}
