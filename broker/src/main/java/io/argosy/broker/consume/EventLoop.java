package io.argosy.broker.consume;

/** The one thread that owns what a leader knows ahead of the log. */
interface EventLoop {

    /** Hands over a task; from any thread, never blocks. */
    void execute(Runnable task);

    /** Runs a task at a time of {@link #nanoTime}; on the loop only. */
    Timer at(long nanoTime, Runnable task);

    /** Sets what runs on the loop each time when no task is left that could be run now. */
    void onTurnEnd(Runnable action);

    long nanoTime();

    interface Timer {
        void cancel();
    }
}
