package io.argosy.broker.queue;

import java.nio.ByteBuffer;

/**
 * A message of the log.
 *
 * @param bytes of an apache.rocketmq.v2.Message; a view of the entry, which it keeps in memory while it is held, or,
 *     out of a compact batch, bytes of its own
 * @param timestampMillis entry time
 */
public record StoredMessage(long offset, ByteBuffer bytes, long timestampMillis, long logIndex, int ordinal) {}
