package io.argosy.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The bytes that a producer has accepted and not yet got rid of, bounded. A lock and not a queue, because callers wait
 * for room on their own threads. First come, first served.
 */
final class SendBuffer {

    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition room = lock.newCondition();
    private long usedBytes;
    private boolean closed;

    SendBuffer(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /**
     * Takes room, waiting for it if there is none. A message larger than the whole buffer gets in when it is empty.
     *
     * @throws ArgosyException.BufferFull if there was none in time
     */
    void acquire(int sizeBytes, Duration maxBlock) {
        try {
            long leftNanos = maxBlock.toNanos();
            lock.lockInterruptibly();
            try {
                while (!closed && usedBytes > 0 && usedBytes + sizeBytes > bytesMax) {
                    if (leftNanos <= 0) {
                        throw full(maxBlock);
                    }
                    leftNanos = room.awaitNanos(leftNanos);
                }
                if (closed) {
                    throw new ArgosyException.Closed("the producer is closed");
                }
                usedBytes += sizeBytes;
                passOn();
            } finally {
                lock.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ArgosyException("interrupted while waiting for room in the send buffer", 0, true);
        }
    }

    void release(long sizeBytes) {
        lock.lock();
        try {
            usedBytes -= sizeBytes;
            passOn();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long usedBytes() {
        lock.lock();
        try {
            return usedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** One waiter at a time, who wakes the next if there is room left: no herd on each release. */
    private void passOn() {
        if (usedBytes < bytesMax) {
            room.signal();
        }
    }

    private ArgosyException full(Duration maxBlock) {
        return new ArgosyException.BufferFull("the send buffer of " + bytesMax + " bytes was full for "
                + TimeUnit.NANOSECONDS.toMillis(maxBlock.toNanos())
                + " ms: the cluster takes messages more slowly than they come, or cannot be reached; slow down, or raise"
                + " bufferBytes or maxBlock");
    }
}
