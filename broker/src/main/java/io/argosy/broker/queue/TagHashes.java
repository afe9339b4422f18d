package io.argosy.broker.queue;

/** Tag hashes of the messages of one entry. */
@FunctionalInterface
public interface TagHashes {

    /** @param ordinal of the message in the entry */
    int tagHash(int ordinal);
}
