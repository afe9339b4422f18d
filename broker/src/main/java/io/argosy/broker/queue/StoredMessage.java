package io.argosy.broker.queue;

import java.nio.ByteBuffer;

/**
 * A message as it lies in the log.
 *
 * @param bytes read-only, a view of the entry: keeps the entry in memory while it is held
 * @param timestampMillis entry time
 */
public record StoredMessage(long offset, ByteBuffer bytes, long timestampMillis, long logIndex, int ordinal) {}
