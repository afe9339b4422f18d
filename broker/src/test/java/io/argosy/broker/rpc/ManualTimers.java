package io.argosy.broker.rpc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Time that passes when a test says so. */
final class ManualTimers implements Timers {

    private record Due(long atNanos, Runnable action) {}

    private final List<Due> scheduled = new ArrayList<>();
    private long nowNanos;

    @Override
    public synchronized long nanoTime() {
        return nowNanos;
    }

    @Override
    public synchronized Handle schedule(long delayNanos, Runnable action) {
        Due due = new Due(nowNanos + delayNanos, action);
        scheduled.add(due);
        return () -> {
            synchronized (this) {
                scheduled.remove(due);
            }
        };
    }

    /** Runs what is due on the way, in order of time, on the calling thread. */
    void advance(java.time.Duration duration) {
        long target = nanoTime() + duration.toNanos();
        for (Optional<Due> next = next(target); next.isPresent(); next = next(target)) {
            next.get().action().run();
        }
        synchronized (this) {
            nowNanos = target;
        }
    }

    private synchronized Optional<Due> next(long targetNanos) {
        Optional<Due> next = scheduled.stream()
                .filter(due -> due.atNanos() <= targetNanos)
                .min(Comparator.comparingLong(Due::atNanos));
        next.ifPresent(due -> {
            scheduled.remove(due);
            nowNanos = Math.max(nowNanos, due.atNanos());
        });
        return next;
    }
}
