package io.argosy.client;

/** Takes messages from a push consumer, on its threads, several at a time. */
@FunctionalInterface
public interface MessageListener {

    /** An exception counts as {@link ConsumeResult#FAILURE} and is logged. */
    ConsumeResult consume(ReceivedMessage message) throws Exception;
}
