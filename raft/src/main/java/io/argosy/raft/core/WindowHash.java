package io.argosy.raft.core;

import io.argosy.raft.Entry;

/**
 * Folds applied entries into one hash per window of the log, entries {@code 1024 k + 1} to {@code 1024 (k + 1)}. Windows
 * do not depend on each other, so that replicas that began at different indexes still compare. Payloads enter by their
 * checksums, which everybody has computed anyway.
 */
public final class WindowHash {

    /** Entries of a window. */
    public static final int ENTRIES = 1024;

    private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

    private long nextIndex;
    private long hash;
    /** The window was seen from its first entry on. */
    private boolean whole;

    /** @param appliedIndex the entry behind it comes next */
    public WindowHash(long appliedIndex) {
        this.nextIndex = appliedIndex + 1;
        this.whole = appliedIndex % ENTRIES == 0;
    }

    /**
     * @param entry the next one
     * @return whether it ends a window that was seen whole; its hash is {@link #hash()} until the next entry
     */
    public boolean ends(Entry entry) {
        long index = entry.index();
        if (index != nextIndex) {
            throw new InvariantViolation("applied entry " + index + " where " + nextIndex + " was due");
        }
        nextIndex++;
        if (index % ENTRIES == 1) {
            hash = 0;
            whole = true;
        }
        long content = ((long) entry.type().code() << 32 | (entry.payloadCrc() & 0xFFFFFFFFL)) ^ index * MULTIPLIER;
        hash = Long.rotateLeft((hash ^ content) * MULTIPLIER + entry.term(), 29);
        return whole && index % ENTRIES == 0;
    }

    public long hash() {
        return hash;
    }
}
