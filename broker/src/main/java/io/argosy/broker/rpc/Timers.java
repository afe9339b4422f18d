package io.argosy.broker.rpc;

/** A monotonic clock and actions that run later; all on one thread, which they must not block. */
public interface Timers {

    long nanoTime();

    Handle schedule(long delayNanos, Runnable action);

    /** An action that has not run yet. */
    interface Handle {
        /** It won't run, unless it is running already. */
        void cancel();
    }
}
