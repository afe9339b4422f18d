package io.argosy.broker.consume;

import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The loop on a thread of its own. Tasks are bounded by who gives them: one per call that is open (the listener bounds
 * those), per run that was applied, and per result of the one entry in flight. Waiting calls cost a timer each and no
 * time.
 */
final class ConsumeThread implements EventLoop, AutoCloseable {

    /** So that timers and the end of the turn come to their right under load. */
    private static final int TASKS_PER_TURN = 1024;

    private static final long FOREVER_NANOS = TimeUnit.HOURS.toNanos(1);

    private final LongSupplier nanoClock;
    private final Consumer<Throwable> onFatal;
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final TreeSet<Alarm> alarms = new TreeSet<>(
            Comparator.comparingLong((Alarm alarm) -> alarm.nanoTime).thenComparingLong(alarm -> alarm.number));
    private final Thread thread;
    private Runnable turnEnd = () -> {};
    private long alarmsGiven;
    private volatile boolean closed;

    /** @param onFatal stops the replica: a leader without its loop would answer nobody */
    ConsumeThread(String name, LongSupplier nanoClock, Consumer<Throwable> onFatal) {
        this.nanoClock = nanoClock;
        this.onFatal = onFatal;
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public void execute(Runnable task) {
        if (!closed) {
            tasks.add(task);
        }
    }

    @Override
    public Timer at(long nanoTime, Runnable task) {
        Alarm alarm = new Alarm(nanoTime, alarmsGiven++, task);
        alarms.add(alarm);
        return () -> alarms.remove(alarm);
    }

    @Override
    public void onTurnEnd(Runnable action) {
        turnEnd = action;
    }

    @Override
    public long nanoTime() {
        return nanoClock.getAsLong();
    }

    @Override
    public void close() {
        closed = true;
        tasks.add(() -> {});
        try {
            thread.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closed) {
                turn();
            }
        } catch (Throwable t) {
            onFatal.accept(t);
        }
    }

    private void turn() throws InterruptedException {
        Runnable task = tasks.poll(nanosToNextAlarm(), TimeUnit.NANOSECONDS);
        for (int i = 0; task != null && i < TASKS_PER_TURN; i++) {
            task.run();
            task = tasks.poll();
        }
        if (task != null) {
            task.run();
        }
        long now = nanoTime();
        while (!alarms.isEmpty() && alarms.first().nanoTime - now <= 0) {
            alarms.pollFirst().task.run();
        }
        turnEnd.run();
    }

    private long nanosToNextAlarm() {
        return alarms.isEmpty() ? FOREVER_NANOS : Math.max(0, alarms.first().nanoTime - nanoTime());
    }

    private static final class Alarm {

        private final long nanoTime;
        private final long number;
        private final Runnable task;

        Alarm(long nanoTime, long number, Runnable task) {
            this.nanoTime = nanoTime;
            this.number = number;
            this.task = task;
        }
    }
}
