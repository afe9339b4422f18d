package io.argosy.broker.queue;

import io.argosy.wire.batch.BodyCodec;
import io.argosy.wire.batch.CompactBatch;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Bodies of compressed batches that were opened lately, by log index: a consumer that knows nothing of batches takes a few
 * messages at a time, and each time the whole batch would be opened. Thread-safe; opening happens outside the lock.
 */
final class OpenBodies {

    private final long bytesMax;
    private final Map<Long, ByteBuffer> byIndex = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    OpenBodies(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Empty if they cannot be opened. */
    Optional<ByteBuffer> of(long logIndex, CompactBatch batch) {
        if (batch.codec() == BodyCodec.NONE) {
            return batch.openBodies();
        }
        synchronized (this) {
            ByteBuffer known = byIndex.get(logIndex);
            if (known != null) {
                return Optional.of(known);
            }
        }
        Optional<ByteBuffer> opened = batch.openBodies();
        opened.ifPresent(bodies -> keep(logIndex, bodies));
        return opened;
    }

    private synchronized void keep(long logIndex, ByteBuffer bodies) {
        if (bodies.remaining() > bytesMax || byIndex.putIfAbsent(logIndex, bodies) != null) {
            return;
        }
        bytes += bodies.remaining();
        Iterator<ByteBuffer> oldest = byIndex.values().iterator();
        while (bytes > bytesMax) {
            bytes -= oldest.next().remaining();
            oldest.remove();
        }
    }
}
