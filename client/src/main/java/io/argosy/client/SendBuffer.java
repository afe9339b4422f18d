package io.argosy.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The bytes that a producer has accepted and not yet got rid of, bounded. While there is room, taking it is one atomic
 * step; who finds none waits under the lock, and nobody overtakes a waiter on the quick way.
 */
final class SendBuffer {

    private final long bytesMax;
    private final AtomicLong usedBytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition room = lock.newCondition();
    /** Changed under the lock. Raised before a waiter looks for room a last time, read after room was given back. */
    private volatile int waiters;

    private volatile boolean closed;

    SendBuffer(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /**
     * Takes room, waiting for it if there is none. A message larger than the whole buffer gets in when it is empty.
     *
     * @throws ArgosyException.BufferFull if there was none in time
     */
    void acquire(int sizeBytes, Duration maxBlock) {
        if (waiters == 0 && !closed && take(sizeBytes)) {
            return;
        }
        try {
            await(sizeBytes, maxBlock);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ArgosyException("interrupted while waiting for room in the send buffer", 0, true);
        }
    }

    private boolean take(int sizeBytes) {
        long used = usedBytes.get();
        while (used == 0 || used + sizeBytes <= bytesMax) {
            long seen = usedBytes.compareAndExchange(used, used + sizeBytes);
            if (seen == used) {
                return true;
            }
            used = seen;
        }
        return false;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // Under the lock.
    private void await(int sizeBytes, Duration maxBlock) throws InterruptedException {
        long leftNanos = maxBlock.toNanos();
        lock.lockInterruptibly();
        try {
            waiters++;
            while (!closed && !take(sizeBytes)) {
                if (leftNanos <= 0) {
                    throw full(maxBlock);
                }
                leftNanos = room.awaitNanos(leftNanos);
            }
            if (closed) {
                throw new ArgosyException.Closed("the producer is closed");
            }
        } finally {
            waiters--;
            // One waiter at a time, who wakes the next: no herd on each release.
            room.signal();
            lock.unlock();
        }
    }

    void release(long sizeBytes) {
        usedBytes.addAndGet(-sizeBytes);
        if (waiters > 0) {
            lock.lock();
            try {
                room.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    void close() {
        closed = true;
        lock.lock();
        try {
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long usedBytes() {
        return usedBytes.get();
    }

    private ArgosyException full(Duration maxBlock) {
        return new ArgosyException.BufferFull("the send buffer of " + bytesMax + " bytes was full for "
                + TimeUnit.NANOSECONDS.toMillis(maxBlock.toNanos())
                + " ms: the cluster takes messages more slowly than they come, or cannot be reached; slow down, or raise"
                + " bufferBytes or maxBlock");
    }
}
