package io.argosy.raft.core;

/** Log indexes, both ends included. */
public record IndexRange(long from, long to) {
    public IndexRange {
        if (from < 1 || to < from) {
            throw new IllegalArgumentException("indexes " + from + " to " + to);
        }
    }
}
