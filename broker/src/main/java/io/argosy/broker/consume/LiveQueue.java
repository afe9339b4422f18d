package io.argosy.broker.consume;

import java.util.NavigableSet;
import java.util.TreeSet;

/** One queue of a {@link Subscription}: progress ahead of the log, and what can be handed out. */
final class LiveQueue {

    final QueueRef ref;
    final QueueProgress progress;
    /** Offsets whose lease has ended. */
    final NavigableSet<Long> due = new TreeSet<>();
    /** Behind the last message that is applied here. */
    long end;
    /** In the ring of queues that have something. */
    boolean listed;

    LiveQueue(QueueRef ref, QueueProgress progress, long end) {
        this.ref = ref;
        this.progress = progress;
        this.end = end;
    }

    boolean hasUntouched(int spanMax) {
        return progress.next() < Math.min(end, progress.base() + spanMax);
    }

    boolean hasSomething(int spanMax) {
        return !due.isEmpty() || hasUntouched(spanMax);
    }
}
