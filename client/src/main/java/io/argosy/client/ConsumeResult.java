package io.argosy.client;

/** What a listener says about a message. */
public enum ConsumeResult {
    /** Done: it is acknowledged. */
    SUCCESS,
    /** Not done: it comes again after the group's retry delay, or goes to the dead letters after the last attempt. */
    FAILURE
}
