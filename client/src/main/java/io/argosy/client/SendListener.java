package io.argosy.client;

/**
 * Hears how sends end, on a network thread, or on the sender's own if the message was not even accepted. It must not
 * block. One listener may serve many messages; a send with a listener costs less than one with a future.
 */
public interface SendListener {

    /** The message is stored by a majority of replicas: on their disks, unless the group flushes asynchronously. */
    void stored(SendReceipt receipt);

    /** It is not, or not known to be; {@link ArgosyException#retryable()} tells whether sending again makes sense. */
    void failed(ArgosyException failure);
}
