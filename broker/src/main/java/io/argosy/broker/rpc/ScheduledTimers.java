package io.argosy.broker.rpc;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Real time, on a daemon thread of its own. */
public final class ScheduledTimers implements Timers, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ScheduledTimers.class);

    private final ScheduledThreadPoolExecutor executor;

    /** @param threadName for thread dumps */
    public ScheduledTimers(String threadName) {
        executor = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread thread = new Thread(task, threadName);
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Handle schedule(long delayNanos, Runnable action) {
        ScheduledFuture<?> future = executor.schedule(() -> run(action), delayNanos, TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    /** One action that fails must not take the others with it, nor vanish in a future that nobody reads. */
    private static void run(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            log.error("timer action failed action={}", action, e);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
