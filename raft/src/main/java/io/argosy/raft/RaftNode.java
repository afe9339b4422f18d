package io.argosy.raft;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** One replica of one group, running. All methods may be called from any thread and none blocks on the disk or peers. */
public interface RaftNode extends AutoCloseable {

    /**
     * Asks for one entry. The listener is called exactly once: on the applier thread after {@link StateMachine#apply}
     * returned for the run that holds the entry, or, when refused, on any thread.
     *
     * @param payload at most {@link Entry#PAYLOAD_BYTES_MAX}; must not change afterwards
     * @param payloadCrc {@link Entry#crcOf(ByteBuffer)} of it
     */
    void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener);

    /**
     * Confirms leadership with a quorum round begun after this call (ReadIndex, thesis 6.4; R44), then waits until the
     * index is applied here.
     *
     * @return completes with the applied index; fails with {@link NotLeaderException}
     */
    CompletableFuture<Long> readIndex();

    RaftStatus status();

    /**
     * Creates the group from all of its seeds, which must all be empty; entry 1 records group UUID, replica ids and
     * store UUIDs. Finishes a creation that was interrupted.
     *
     * @return completes with the group UUID once every seed has adopted the group durably; fails with {@link
     *     BootstrapException}, whose text names the seed and what it answered
     */
    CompletableFuture<UUID> bootstrap();

    /**
     * Begins to read all files of this replica at rest and to compare their checksums, whatever the interval; what is
     * damaged is repaired from peers.
     *
     * @param bytesPerSecond 0 for the configured rate
     */
    void scrub(long bytesPerSecond);

    ScrubStatus scrubbed();

    /** What operators change: who belongs to the group, and who leads it. */
    Operations operations();

    /** Reads of committed entries; for delivery, replay and tools. */
    LogReader log();

    /** Lets the log drop entries up to and including the index, whole segments at a time. */
    void trim(long upToIndex);

    /**
     * Hands leadership over if it has it and somebody is fit to lead, gives it up else, then stops all threads; what was
     * acknowledged is durable.
     */
    @Override
    void close();

    /** Only a leader does any of it; nothing is begun while {@link Forbidden} says why not. */
    interface Operations {

        /**
         * Adopts the empty store that answers at the address into the group, then adds it as a learner. May be repeated.
         *
         * @param peerAddress host:port; where this replica's own configuration names the id, that address rules (D5)
         * @param services see {@link Member#services()}
         */
        CompletableFuture<OperatorResult> addLearner(ReplicaId id, String peerAddress, String services);

        CompletableFuture<OperatorResult> promote(ReplicaId id);

        /** A leader may remove itself: it hands over once its removal is committed. */
        CompletableFuture<OperatorResult> remove(ReplicaId id);

        /** What {@link #remove} would be answered, with done for what it would begin; nothing changes. */
        CompletableFuture<OperatorResult> judgeRemoval(ReplicaId id);

        CompletableFuture<OperatorResult> prioritise(ReplicaId id, int priority);

        /** Changes when an entry counts as durable, on all replicas (D3). */
        CompletableFuture<OperatorResult> changeFlush(RaftConfig.Flush flush);

        /** @param to empty for the fittest voter */
        CompletableFuture<OperatorResult> transferLeadership(Optional<ReplicaId> to);
    }

    /** Reads entries of the log, from the tail cache first. */
    interface LogReader {

        long firstIndex();

        /**
         * The entry if it is in the tail cache; never touches the disk, callable on any thread.
         */
        Optional<Entry> cached(long index);

        /**
         * Entries from the index on, at least one, until the bytes are reached; on the bounded reader pool.
         *
         * @return fails with {@link DamagedEntryException} if the first entry is damaged on this disk, and with
         *     {@link TrimmedException} if it was trimmed
         */
        CompletableFuture<List<Entry>> read(long fromIndex, int bytesMax);

        /** The same, on the calling thread, which may wait for the disk. Only for start-up, the applier and tools. */
        List<Entry> readBlocking(long fromIndex, int bytesMax);

        /**
         * Entries that lie apart, straight from the disk with few large reads; on the calling thread, which waits for the
         * disk. For those who stream old entries on threads of their own.
         *
         * @param indexes ascending; those in [from, to) are meant
         * @param room overwritten; the payloads of the entries are views of it, good until it is used again
         * @return entries at the first of these indexes, as many as have room, at least one; an entry that is too large
         *     for the room has its own
         * @throws DamagedEntryException if the first one is damaged on this disk
         * @throws TrimmedException if the first one was trimmed
         */
        default List<Entry> readBlocking(long[] indexes, int from, int to, ByteBuffer room) {
            return readBlocking(indexes[from], 1).subList(0, 1);
        }
    }

    /** This replica does not lead, or could not confirm that it still does. */
    final class NotLeaderException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public NotLeaderException(String message) {
            super(message, null, false, false);
        }
    }

    /** Not every seed is reachable and empty. */
    final class BootstrapException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public BootstrapException(String message) {
            super(message, null, false, false);
        }
    }

    /** The entry's bytes fail their checksum here; other replicas may have it whole. */
    final class DamagedEntryException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public DamagedEntryException(String message) {
            super(message);
        }
    }

    /** The entry lies below the first index. */
    final class TrimmedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public TrimmedException(String message) {
            super(message);
        }
    }
}
