package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

    /** How often the group was recovered by force from the replicas that were left (docs/raft-rules.md, 4.14). */
    default long recoveryEpoch() {
        return 0;
    }

    HardState hardState();

    /** Durable on return (R1 to R4). */
    void saveHardState(HardState state) throws IOException;

    /**
     * Whether the log may hold what was not synced, from now on: then the start of the machine is noted, so that the next
     * start of the replica knows whether anything may be gone. Else all of it is synced. On the thread that writes;
     * durable on return.
     */
    void allowUnsynced(boolean allowed) throws IOException;

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

    /** As {@link #adopt(String, Membership)}, into a group that was recovered by force. */
    default void adopt(String groupName, Membership membership, long recoveryEpoch) throws IOException {
        if (recoveryEpoch != 0) {
            throw new IllegalStateException("this store knows no recovery epochs");
        }
        adopt(groupName, membership);
    }

    /**
     * A snapshot that was published and not yet taken over when the process ended. The log begins behind it already; the
     * state machine must be restored from {@link #snapshotFolder()} before anything else happens, then {@link
     * #discardSnapshot()} ends it.
     */
    Optional<SnapshotManifest> publishedSnapshot();

    /** Where a snapshot is received, and lies until it was taken over. */
    Path snapshotFolder();

    /** Begins to receive a snapshot; deletes what is left of an earlier one. One at a time, any one thread. */
    IncomingSnapshot receiveSnapshot(SnapshotManifest manifest) throws IOException;

    /**
     * Drops the log and begins behind the snapshot, which must be published. On the thread that writes; durable on
     * return, and done again at the next start until {@link #discardSnapshot()}.
     */
    void resetLog(SnapshotManifest snapshot) throws IOException;

    /**
     * The log goes on; up to the index of the snapshot, which must be published, the membership is the snapshot's, whatever
     * the log misses. On the thread that writes; durable on return, and done again at the next start until {@link
     * #discardSnapshot()}.
     */
    void keepLog(SnapshotManifest snapshot) throws IOException;

    /** The snapshot was taken over, or is of no use: deletes it, durably. */
    void discardSnapshot() throws IOException;

    /**
     * Begins a file that takes the place of damaged or missing log: {@link RaftLog#patchRanges()}, or one that ends in
     * front of {@link RaftLog#firstIndex()}. One at a time, any one thread.
     *
     * @param prevTerm of the entry in front of the range
     */
    LogPatch beginPatch(IndexRange range, long prevTerm) throws IOException;

    /**
     * Puts a sealed patch into its place. On the thread that writes; durable on return.
     *
     * @return false if the log changed meanwhile, or the patch does not fit: it is of no use
     */
    boolean insert(LogPatch patch) throws IOException;

    /** If the segment that is written is damaged, goes on in a new one, so that it can be patched. On the same thread. */
    void sealDamaged() throws IOException;

    /** Begins to read all that lies at rest. One at a time, any one thread. */
    StoreCheck beginCheck();

    /**
     * Reads identity, hard state and tail mark back, and writes anew what is not as it should be: all of it is known by
     * heart. On the thread that writes.
     *
     * @param indexes {@link StoreCheck#badIndexes()}, to be written anew as well
     * @return names of the files that were written anew
     */
    List<String> renewSmallFiles(List<String> indexes) throws IOException;

    /** Where the state machine writes a snapshot for others; nothing is there. */
    Path checkpointFolder() throws IOException;

    /** Describes what the state machine wrote to {@link #checkpointFolder()}; reads all of it. */
    OutgoingSnapshot offerSnapshot(long index) throws IOException;
}
