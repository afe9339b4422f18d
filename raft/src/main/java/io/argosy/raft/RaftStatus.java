package io.argosy.raft;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * An immutable view of a node, readable from any thread.
 *
 * @param groupUuid empty while the store belongs to no group
 * @param membership in force here, committed or not
 * @param stranger the store is not a voter of the group it sees; it waits to be added
 * @param hollow the log lacks entries below {@code firstIndex} that the state still refers to; they are being fetched (D2)
 * @param catchup what is being fetched from a peer, if anything is
 * @param handingOverTo the target of a transfer of leadership, which this leader waits for
 * @param failure why the replica stopped, if it did
 */
public record RaftStatus(
        ReplicaId self,
        UUID storeUuid,
        Optional<UUID> groupUuid,
        Optional<Membership> membership,
        boolean stranger,
        Role role,
        long term,
        Optional<ReplicaId> leader,
        Optional<ReplicaId> handingOverTo,
        long firstIndex,
        long lastIndex,
        long durableIndex,
        long commitIndex,
        long appliedIndex,
        long logBytes,
        List<PeerStatus> peers,
        List<Damage> damage,
        boolean diskSlow,
        boolean hollow,
        Optional<Catchup> catchup,
        Optional<String> failure) {

    public RaftStatus {
        peers = List.copyOf(peers);
        damage = List.copyOf(damage);
    }

    public boolean leading() {
        return role == Role.LEADER;
    }

    /**
     * @param state PROBE, REPLICATE or SNAPSHOT
     * @param caughtUp close enough to the end of the log to be promoted
     * @param hollow it lacks entries that the state refers to, or has not yet told this leader that it lacks none (D2)
     * @param silent no stream, or no answer within the longest election timeout: changes of the membership count it as gone
     * @param silentNanos since its last answer, or since this leader leads
     * @param answered it did answer this leader; if not, nobody here knows for how long it was silent before
     */
    public record PeerStatus(
            ReplicaId id,
            long matchIndex,
            long nextIndex,
            long inflightBytes,
            String state,
            boolean reachable,
            Standing standing,
            long appliedIndex,
            boolean caughtUp,
            boolean diskSlow,
            boolean hollow,
            boolean silent,
            long silentNanos,
            boolean answered) {

        /** What the replica is to the group. */
        public enum Standing {
            VOTER,
            LEARNER,
            /** Removed, and still told so. */
            LEAVING
        }
    }

    /**
     * Something large is on its way here.
     *
     * @param what for people: snapshot, older log, damaged entries
     * @param totalBytes 0 if it isn't known
     */
    public record Catchup(String what, ReplicaId from, long doneBytes, long totalBytes) {}

    /** Entries that fail their checksum on this replica's disk; never served. */
    public record Damage(String file, long fromIndex, long toIndex, String detail) {}
}
