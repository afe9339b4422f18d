package io.argosy.raft.transport;

import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Large data between peers: snapshots, and log that somebody lacks. Asked for part by part by the one who needs it, so
 * that it goes on where it broke off, is paced by the asker, and keeps no state at the giver but the files of a snapshot.
 */
public final class Bulk {

    /** Largest part to ask for. */
    public static final int PART_BYTES_MAX = 1 << 20;

    private Bulk() {}

    public sealed interface Request {}

    /** Which snapshot do you have? One is taken if there is none that can be used. */
    public record OpenSnapshot() implements Request {}

    /** @param snapshot as named by {@link Snapshot} */
    public record ReadSnapshot(long snapshot, int file, long offset, int bytes) implements Request {}

    /**
     * Entries of the log, in order.
     *
     * @param toIndex last one wanted
     * @param bytesMax at least one comes, however large
     */
    public record ReadLog(long fromIndex, long toIndex, int bytesMax) implements Request {}

    public sealed interface Answer {}

    /** @param manifest as the storage encodes it */
    public record Snapshot(long id, ByteBuffer manifest) implements Answer {}

    /** @param crc CRC-32C of the bytes as they were read from the disk */
    public record Part(ByteBuffer bytes, int crc) implements Answer {}

    /**
     * @param prevTerm term of the entry in front of the first, or {@link #TERM_UNKNOWN}
     * @param firstIndex lowest index of the giver's file that holds the last one wanted: a good place to begin
     * @param committedIndex entries up to it are committed; those behind it are merely the giver's
     */
    public record LogPart(long prevTerm, long firstIndex, long committedIndex, List<Entry> entries) implements Answer {
        /** The giver lost it itself. */
        public static final long TERM_UNKNOWN = -1;

        public LogPart {
            entries = List.copyOf(entries);
        }
    }

    /** Not an error: others may have it. */
    public record Refused(Reason reason, String text) implements Answer {}

    /** Why nothing was given. */
    public enum Reason {
        /** The snapshot was dropped meanwhile: open one again. */
        GONE,
        /** The giver's log begins behind it. */
        TRIMMED,
        /** The giver's log ends in front of it. */
        NEVER_HAD,
        /** It is damaged at the giver as well. */
        DAMAGED,
        /** Busy, or failed for another reason: ask again later. */
        LATER
    }
}
