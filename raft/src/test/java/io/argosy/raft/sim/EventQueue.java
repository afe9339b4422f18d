package io.argosy.raft.sim;

import java.util.Arrays;

/** Virtual time. Events at the same moment run in the order in which they were scheduled. */
final class EventQueue {

    private static final int CHILDREN = 4;

    /** A heap: each stands in front of its children, those of place p from 4p + 1 to 4p + 4. */
    private Event[] heap = new Event[256];

    private int size;
    private long nowNanos;
    private long scheduled;
    private long executed;

    /** Something that happens once, or again and again, each time at a moment that is set anew. */
    static final class Event {
        private final Runnable action;
        private long atNanos;
        private long order;
        private int place = -1;

        Event(Runnable action) {
            this.action = action;
        }

        boolean isWaiting() {
            return place >= 0;
        }

        long atNanos() {
            return atNanos;
        }

        private boolean before(Event other) {
            return atNanos < other.atNanos || (atNanos == other.atNanos && order < other.order);
        }
    }

    long nowNanos() {
        return nowNanos;
    }

    long executed() {
        return executed;
    }

    void after(long delayNanos, Runnable action) {
        at(new Event(action), nowNanos + delayNanos);
    }

    /** At this moment, whether it waited for a later one or not at all. */
    void at(Event event, long atNanos) {
        if (event.isWaiting() && atNanos > event.atNanos) {
            throw new IllegalArgumentException("an event can only be brought forward");
        }
        event.atNanos = atNanos;
        event.order = scheduled++;
        if (!event.isWaiting()) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, 2 * size);
            }
            event.place = size++;
        }
        up(event);
    }

    /** Runs the next event if it is due by then. */
    boolean runNext(long untilNanos) {
        if (size == 0 || heap[0].atNanos > untilNanos) {
            nowNanos = Math.max(nowNanos, untilNanos);
            return false;
        }
        Event next = heap[0];
        Event last = heap[--size];
        next.place = -1;
        if (last != next) {
            down(last);
        }
        nowNanos = next.atNanos;
        executed++;
        next.action.run();
        return true;
    }

    private void up(Event event) {
        int at = event.place;
        while (at > 0) {
            Event parent = heap[(at - 1) / CHILDREN];
            if (!event.before(parent)) {
                break;
            }
            put(at, parent);
            at = (at - 1) / CHILDREN;
        }
        put(at, event);
    }

    /** From the top, which is free. */
    private void down(Event event) {
        int at = 0;
        for (int child = 1; child < size; child = CHILDREN * at + 1) {
            int first = child;
            for (int i = child + 1; i < Math.min(child + CHILDREN, size); i++) {
                if (heap[i].before(heap[first])) {
                    first = i;
                }
            }
            if (!heap[first].before(event)) {
                break;
            }
            put(at, heap[first]);
            at = first;
        }
        put(at, event);
    }

    private void put(int at, Event event) {
        heap[at] = event;
        event.place = at;
    }
}
