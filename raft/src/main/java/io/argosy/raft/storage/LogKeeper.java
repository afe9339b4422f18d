package io.argosy.raft.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread beside the writer: makes the tail mark durable within {@link #TURN_MILLIS} of a sync and prepares zeroed
 * space. Sleeps while nothing is written. If it fails, the log fails with it.
 */
final class LogKeeper implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(LogKeeper.class);

    /** Evidence about the first sync after a rest lags by this and one force. */
    private static final int LAG_MILLIS = 5;

    /**
     * Between turns while the writer is busy. Each turn forces the mark and at most one chunk of zeros, 10 MiB/s; a
     * shorter one costs the writer's forces more company (measured at 5 ms: p50 of a 4 KiB force a third higher; at 20
     * ms, three replicas on one disk: p99 of a send a third higher).
     */
    private static final int TURN_MILLIS = 100;

    private final SegmentedLog segments;
    private final Thread thread;
    private volatile boolean idle;
    private volatile boolean closed;

    private LogKeeper(SegmentedLog segments, String name) {
        this.segments = segments;
        this.thread = new Thread(this, name);
        thread.setDaemon(true);
    }

    static LogKeeper start(SegmentedLog segments, Path folder) {
        LogKeeper keeper = new LogKeeper(segments, "raft-log-keeper-" + folder.getFileName());
        segments.onSynced(keeper::synced);
        keeper.thread.start();
        return keeper;
    }

    /** On the writer's thread; wakes the keeper only if it sleeps without a limit. */
    private void synced() {
        if (idle) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void run() {
        try {
            while (!closed) {
                boolean more = prepareAhead();
                if (!segments.markSaved()) {
                    segments.saveMark();
                    more = true;
                }
                rest(more);
            }
        } catch (IOException e) {
            segments.fail(e);
            log.error("log keeper stopped, the log takes no more writes", e);
        }
    }

    private boolean prepareAhead() throws IOException {
        try {
            return segments.prepareAhead();
        } catch (DiskFullException e) {
            log.warn("no space to prepare ahead of the log");
            return false;
        }
    }

    private void rest(boolean more) {
        if (more) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(TURN_MILLIS));
            return;
        }
        idle = true;
        if (segments.markSaved() && !closed) {
            LockSupport.park(this);
        }
        idle = false;
        if (!closed) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LAG_MILLIS));
        }
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
