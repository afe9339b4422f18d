package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;

/**
 * Compares what this replica applied to what leaders say they applied, window by window ({@link WindowHash}). A
 * difference means that two replicas disagree about something committed: nobody can tell from here which of them is
 * right, and this one stops.
 */
final class Divergence {

    private static final int REMEMBERED = 64;

    private final long[] ownEnds = new long[REMEMBERED];
    private final long[] ownHashes = new long[REMEMBERED];
    private final long[] toldEnds = new long[REMEMBERED];
    private final long[] toldHashes = new long[REMEMBERED];
    private long newestEnd;

    /** Last index of the newest window that was applied here, 0 if none was. */
    long newestEnd() {
        return newestEnd;
    }

    long newestHash() {
        return ownHashes[slot(newestEnd)];
    }

    void applied(long endIndex, long hash) {
        int slot = slot(endIndex);
        ownEnds[slot] = endIndex;
        ownHashes[slot] = hash;
        newestEnd = endIndex;
        compare(slot, "a leader");
    }

    /** @param endIndex 0 if the leader said nothing */
    void told(ReplicaId leader, long endIndex, long hash) {
        if (endIndex == 0) {
            return;
        }
        int slot = slot(endIndex);
        toldEnds[slot] = endIndex;
        toldHashes[slot] = hash;
        compare(slot, leader);
    }

    private void compare(int slot, Object leader) {
        if (ownEnds[slot] == toldEnds[slot] && ownHashes[slot] != toldHashes[slot]) {
            throw new InvariantViolation("replicas have diverged: entries " + (ownEnds[slot] - WindowHash.ENTRIES + 1)
                    + " to " + ownEnds[slot] + " hash to " + Long.toHexString(ownHashes[slot]) + " here and to "
                    + Long.toHexString(toldHashes[slot]) + " at " + leader);
        }
    }

    private static int slot(long endIndex) {
        return (int) (endIndex / WindowHash.ENTRIES) & (REMEMBERED - 1);
    }
}
