package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The log of one replica. One thread appends, truncates, syncs and trims; reads may come from any thread. An
 * IOException from a write or a sync is final: the replica stops (R30).
 */
public interface RaftLog extends Closeable {

    /** Lowest index held; {@code lastIndex() + 1} if the log is empty. */
    long firstIndex();

    /** Highest index written; 0 if nothing was ever written. */
    long lastIndex();

    /** First index of each term, ascending; the first element covers {@code firstIndex() - 1}. */
    List<TermStart> terms();

    /** Memberships in the log and the one in force in front of its first index, ascending. */
    List<ConfigAt> configs();

    /** Writes entries that follow {@link #lastIndex()} without a gap, as one batch. Not durable before {@link #sync}. */
    void append(List<Entry> entries) throws IOException;

    /** Makes everything appended and truncated so far durable. */
    void sync() throws IOException;

    /**
     * Drops the index and everything behind it, durably before it returns (R20: no stale bytes pose as entries).
     *
     * @param prevTerm of the entry in front of the index: the file that told it may be lost
     */
    void truncateFrom(long index, long prevTerm) throws IOException;

    /** As {@link #truncateFrom(long, long)}, with the term that this log takes for that in front of the index. */
    void truncateFrom(long index) throws IOException;

    /** Deletes whole segments whose entries all lie at or below the index. */
    void trim(long upToIndex) throws IOException;

    /**
     * Entries from the index on, at least one, until the bytes are reached or the log ends.
     *
     * @throws io.argosy.raft.RaftNode.DamagedEntryException if the first entry fails its checksum; the damage is
     *     recorded in {@link #damage()}
     * @throws io.argosy.raft.RaftNode.TrimmedException if the first entry was trimmed
     * @throws IllegalArgumentException if the first index lies behind the last
     */
    List<Entry> read(long fromIndex, int bytesMax) throws IOException;

    /**
     * Entries at ascending indexes, those in [from, to) of the array: as many from the first on as have room, at least
     * one. Neighbours are read together.
     *
     * @param room overwritten; the payloads of the entries are views of it. An entry that is too large for it has its own
     * @throws io.argosy.raft.RaftNode.DamagedEntryException if the first one is damaged
     * @throws io.argosy.raft.RaftNode.TrimmedException if the first one was trimmed
     * @throws IllegalArgumentException if the first one lies behind the last index
     */
    List<Entry> read(long[] indexes, int from, int to, ByteBuffer room) throws IOException;

    /** Lowest index of the file that holds the index: where a copy of it best begins. */
    long segmentStart(long index);

    /** Whether {@link #terms()} tells the term of the index for certain, though its entry may be damaged. */
    boolean termKnown(long index);

    /**
     * The same of the entry in front of the index, which may be the one in front of the log: the header of the first file
     * tells its term, and may be lost.
     */
    boolean isTermKnownInFrontOf(long index);

    /**
     * Files to write anew: because of damage, from the front, then those that lost a spare copy. Not the segment that is
     * written.
     */
    List<IndexRange> patchRanges();

    /** Ranges that are known to be damaged. */
    List<Damage> damage();

    /**
     * Whether the entry is damaged, and nothing proves that it was ever durable here: its write may have been torn by a loss
     * of power, or it rotted (docs/raft-rules.md, 4.4).
     */
    boolean isDoubtful(long index);

    /** Files that lost a spare copy of a header or a trailer, but no entry; they are to be written anew as well. */
    List<String> worn();

    /** Reads and checks all segments in one go. Damage found is recorded. */
    void verify() throws IOException;

    long sizeBytes();
}
