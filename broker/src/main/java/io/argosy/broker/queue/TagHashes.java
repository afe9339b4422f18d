package io.argosy.broker.queue;

/** Tag hashes of the messages of one entry. */
@FunctionalInterface
public interface TagHashes {

    /** No message has a tag; told without looking at each. */
    TagHashes NONE = ordinal -> 0;

    /** @param ordinal of the message in the entry */
    int tagHash(int ordinal);
}
