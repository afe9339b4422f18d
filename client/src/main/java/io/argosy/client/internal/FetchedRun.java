package io.argosy.client.internal;

import java.nio.ByteBuffer;

/**
 * Messages that follow each other in a queue, as they are stored.
 *
 * @param baseOffset of the first message
 * @param firstOrdinal of the first message in the payload
 * @param timestampMillis when they were stored
 * @param payload the command of the log; a view of the answer it came with
 */
public record FetchedRun(long baseOffset, int firstOrdinal, int count, long timestampMillis, ByteBuffer payload) {}
