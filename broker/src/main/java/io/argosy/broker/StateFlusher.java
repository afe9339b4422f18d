package io.argosy.broker;

import io.argosy.broker.state.BrokerStateMachine;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Makes the applied state durable now and then, so that a restart replays little (D10): every 256 MiB of applied log,
 * and every minute if there is any.
 */
final class StateFlusher implements AutoCloseable {

    static final long BYTES_MAX = 256L << 20;
    static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long CHECK_MILLIS = 500;

    private final BrokerStateMachine machine;
    private final LongSupplier nanoClock;
    private final Consumer<Throwable> onFatal;
    private final ScheduledExecutorService thread;
    private long flushedNanos;

    StateFlusher(BrokerStateMachine machine, LongSupplier nanoClock, Consumer<Throwable> onFatal) {
        this.machine = machine;
        this.nanoClock = nanoClock;
        this.onFatal = onFatal;
        this.flushedNanos = nanoClock.getAsLong();
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread flusher = new Thread(task, "state-flush");
            flusher.setDaemon(true);
            return flusher;
        });
    }

    void start() {
        var unused = thread.scheduleWithFixedDelay(this::check, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** A store that can't be flushed can't be trusted: the replica stops. */
    private void check() {
        try {
            long bytes = machine.unflushedBytes();
            long now = nanoClock.getAsLong();
            if (bytes >= BYTES_MAX || (bytes > 0 && now - flushedNanos >= INTERVAL_NANOS)) {
                machine.flush();
                flushedNanos = now;
            }
        } catch (RuntimeException | Error e) {
            onFatal.accept(e);
        }
    }

    /** Waits for a flush under way: the store must not be closed under it. */
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
