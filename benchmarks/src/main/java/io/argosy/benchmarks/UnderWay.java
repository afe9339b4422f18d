package io.argosy.benchmarks;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts sends whose outcome is not known, for clients that cannot be asked to wait for all of them. */
public final class UnderWay {

    private final AtomicLong count = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition none = lock.newCondition();

    public void begin() {
        count.incrementAndGet();
    }

    public void end() {
        if (count.decrementAndGet() == 0) {
            lock.lock();
            try {
                none.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** @throws TimeoutException if some are still under way then */
    public void awaitNone(Duration atMost) throws InterruptedException, TimeoutException {
        long leftNanos = atMost.toNanos();
        lock.lock();
        try {
            while (count.get() > 0) {
                if (leftNanos <= 0) {
                    throw new TimeoutException(count.get() + " sends without an outcome after "
                            + TimeUnit.NANOSECONDS.toSeconds(atMost.toNanos()) + " s");
                }
                leftNanos = none.awaitNanos(leftNanos);
            }
        } finally {
            lock.unlock();
        }
    }
}
