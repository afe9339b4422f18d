package io.argosy.raft.sim;

import java.util.PriorityQueue;

/** Virtual time. Events at the same moment run in the order in which they were scheduled. */
final class EventQueue {

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nowNanos;
    private long scheduled;
    private long executed;

    long nowNanos() {
        return nowNanos;
    }

    long executed() {
        return executed;
    }

    void after(long delayNanos, Runnable action) {
        events.add(new Event(nowNanos + delayNanos, scheduled++, action));
    }

    /** Runs the next event if it is due by then. */
    boolean runNext(long untilNanos) {
        Event next = events.peek();
        if (next == null || next.atNanos > untilNanos) {
            nowNanos = Math.max(nowNanos, untilNanos);
            return false;
        }
        events.remove();
        nowNanos = next.atNanos;
        executed++;
        next.action.run();
        return true;
    }

    private record Event(long atNanos, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }
}
