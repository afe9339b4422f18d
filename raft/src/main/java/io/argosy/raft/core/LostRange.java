package io.argosy.raft.core;

/**
 * Entries that fail their checksums on this disk, or are gone from it; both ends included.
 *
 * @param termsKnown what terms they were of is known, so that a peer's copy can be told from another entry
 * @param doubtful nothing proves that they were ever durable here: a write may have been torn. Otherwise this replica may
 *     have acknowledged them
 */
public record LostRange(long from, long to, boolean termsKnown, boolean doubtful) {
    public LostRange {
        if (from < 1 || to < from) {
            throw new IllegalArgumentException("indexes " + from + " to " + to);
        }
    }
}
