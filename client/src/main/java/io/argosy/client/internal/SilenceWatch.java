package io.argosy.client.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Calls under way to leaders. A leader that is frozen or cut off keeps its connection and answers nothing; one that is
 * silent for long is therefore asked for elsewhere, and once another replica is known to lead, its calls move there.
 * Nothing runs while no call is under way.
 */
final class SilenceWatch {

    static final long SILENCE_MILLIS = 250;
    private static final long LOOK_MILLIS = 50;
    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(SILENCE_MILLIS);

    /** @param leave ends the call, which is then made elsewhere */
    record Open(String group, HostPort server, long sinceNanos, Runnable leave) {
        // One object per call, compared by identity.
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** What is done about a silent server. */
    interface Doubts {
        /** Runs the task later; false if the client is closed. */
        boolean after(long millis, Runnable task);

        /** Whether another server is known to lead the group now. */
        boolean isReplaced(String group, HostPort server);

        /** Asks others of the group who leads; may be called again while it is under way. */
        void askOthers(String group, HostPort silent);
    }

    private final Doubts doubts;
    private final Set<Open> open = ConcurrentHashMap.newKeySet();
    /** When each server last ended a call, in whatever way. */
    private final Map<HostPort, Long> heardNanos = new ConcurrentHashMap<>();

    private final AtomicBoolean watching = new AtomicBoolean();

    SilenceWatch(Doubts doubts) {
        this.doubts = doubts;
    }

    Open began(String group, HostPort server, long nowNanos, Runnable leave) {
        Open call = new Open(group, server, nowNanos, leave);
        open.add(call);
        watchOn(SILENCE_MILLIS);
        return call;
    }

    void ended(Open call, long nowNanos) {
        heardNanos.put(call.server, nowNanos);
        open.remove(call);
    }

    private void watchOn(long millis) {
        if (watching.compareAndSet(false, true) && !doubts.after(millis, this::look)) {
            watching.set(false);
        }
    }

    private void look() {
        long now = System.nanoTime();
        Map<HostPort, String> silent = new HashMap<>();
        for (Open call : open) {
            Long heard = heardNanos.get(call.server);
            if (now - call.sinceNanos >= SILENCE_NANOS && (heard == null || now - heard >= SILENCE_NANOS)) {
                silent.put(call.server, call.group);
            }
        }
        silent.forEach((server, group) -> {
            if (doubts.isReplaced(group, server)) {
                for (Open call : List.copyOf(open)) {
                    if (call.server.equals(server) && open.remove(call)) {
                        call.leave.run();
                    }
                }
            } else {
                doubts.askOthers(group, server);
            }
        });
        watching.set(false);
        if (!open.isEmpty()) {
            watchOn(LOOK_MILLIS);
        }
    }
}
