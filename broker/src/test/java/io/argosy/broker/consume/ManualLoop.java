package io.argosy.broker.consume;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.TreeSet;
import java.util.concurrent.Executor;

/** The loop on the test's thread, under virtual time; also the clock and the workers. */
final class ManualLoop implements EventLoop, InstantSource, Executor {

    private record Alarm(long nanoTime, long number, Runnable task) {}

    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final TreeSet<Alarm> alarms =
            new TreeSet<>(Comparator.comparingLong(Alarm::nanoTime).thenComparingLong(Alarm::number));
    private Runnable turnEnd = () -> {};
    private long nanoTime = 1_000_000_000L;
    private long numbers;
    private static final long EPOCH_MILLIS = 1_700_000_000_000L;

    @Override
    public void execute(Runnable task) {
        tasks.addLast(task);
    }

    @Override
    public Timer at(long at, Runnable task) {
        Alarm alarm = new Alarm(at, numbers++, task);
        alarms.add(alarm);
        return () -> alarms.remove(alarm);
    }

    @Override
    public void onTurnEnd(Runnable action) {
        turnEnd = action;
    }

    @Override
    public long nanoTime() {
        return nanoTime;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(EPOCH_MILLIS + nanoTime / 1_000_000);
    }

    int alarms() {
        return alarms.size();
    }

    /** Runs what can be run now, in turns, until nothing is left. */
    void settle() {
        do {
            while (!tasks.isEmpty()) {
                tasks.pollFirst().run();
            }
            turnEnd.run();
        } while (!tasks.isEmpty());
    }

    /** Lets time pass, with everything that falls due meanwhile. */
    void pass(Duration duration) {
        settle();
        long until = nanoTime + duration.toNanos();
        while (!alarms.isEmpty() && alarms.first().nanoTime <= until) {
            Alarm alarm = alarms.pollFirst();
            nanoTime = Math.max(nanoTime, alarm.nanoTime);
            alarm.task.run();
            settle();
        }
        nanoTime = until;
        settle();
    }
}
