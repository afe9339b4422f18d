package io.argosy.broker;

import io.argosy.broker.retention.Retention;
import io.argosy.broker.state.BrokerStateMachine;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What must be done now and then and may wait for the disk: makes the applied state durable, so that a restart replays
 * little (D10: every 256 MiB of applied log, and every minute if there is any), and lets go of old messages.
 */
final class Housekeeping implements AutoCloseable {

    static final long FLUSH_BYTES = 256L << 20;
    static final long FLUSH_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long CHECK_MILLIS = 500;
    private static final long RETENTION_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final BrokerStateMachine machine;
    private final Retention retention;
    private final Runnable sample;
    private final LongSupplier nanoClock;
    private final Consumer<Throwable> onFatal;
    private final ScheduledExecutorService thread;
    private long flushedNanos;
    private long retentionNanos;

    /**
     * @param sample run at each look, twice a second
     * @param onFatal stops the replica: a store that can't be flushed can't be trusted
     */
    Housekeeping(
            BrokerStateMachine machine,
            Retention retention,
            Runnable sample,
            LongSupplier nanoClock,
            Consumer<Throwable> onFatal) {
        this.machine = machine;
        this.retention = retention;
        this.sample = sample;
        this.nanoClock = nanoClock;
        this.onFatal = onFatal;
        this.flushedNanos = nanoClock.getAsLong();
        this.retentionNanos = flushedNanos;
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread keeper = new Thread(task, "housekeeping");
            keeper.setDaemon(true);
            return keeper;
        });
    }

    void start() {
        var unused = thread.scheduleWithFixedDelay(
                () -> {
                    try {
                        check(nanoClock.getAsLong());
                    } catch (RuntimeException | Error e) {
                        onFatal.accept(e);
                    }
                },
                CHECK_MILLIS,
                CHECK_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    private void check(long nowNanos) {
        sample.run();
        long bytes = machine.unflushedBytes();
        if (bytes >= FLUSH_BYTES || (bytes > 0 && nowNanos - flushedNanos >= FLUSH_NANOS)) {
            machine.flush();
            flushedNanos = nowNanos;
        }
        if (nowNanos - retentionNanos >= RETENTION_NANOS) {
            retention.check();
            retentionNanos = nowNanos;
        }
    }

    /** Waits for what is under way: the store must not be closed under it. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("the state store has been flushing for a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
