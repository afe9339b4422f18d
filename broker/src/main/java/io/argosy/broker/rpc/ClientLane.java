package io.argosy.broker.rpc;

import io.argosy.broker.rpc.Leadership.View;
import io.argosy.broker.rpc.RoutedCall.Attempt;
import io.argosy.broker.rpc.RoutedCall.State;
import io.argosy.proto.v2.Code;
import io.argosy.wire.plane.IncomingCall;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader calls of one client connection, handed to the leader in order of arrival (D16): here if this replica
 * leads, else over a relay stream; held while there is no leader.
 *
 * <p>For maintainers. {@link #drain} is the only place that hands calls on, and only one thread at a time is inside it,
 * whoever asked; that keeps the order without a thread per connection. Each step is decided in {@link #nextStep} under
 * the lock, from the state of that moment, and carried out without the lock, because handlers and gRPC call back. A
 * request to drain while somebody drains can be dropped: the drainer decides its next step after it, and sees what it
 * was about. A call that comes back (not leader, connection broken, another leader now) goes to its old place among
 * those that wait. A lock and not a queue with an owner thread, because calls arrive, are answered and are cancelled on
 * different network threads, and each change is a few field writes.
 */
final class ClientLane {

    private static final Logger log = LoggerFactory.getLogger(ClientLane.class);

    private final Router router;

    /** By arrival. */
    private final TreeMap<Long, RoutedCall> waiting = new TreeMap<>();
    /** Calls among the waiting ones that do not count as held yet; may name others, which are skipped. */
    private final List<RoutedCall> notHeldYet = new ArrayList<>();
    /** At this replica as the leader. */
    private final Set<RoutedCall> local = new LinkedHashSet<>();

    private @Nullable RelayStream relay;
    private long sequences;
    private boolean draining;
    private boolean closed;

    /** After a refusal by a leader: nothing is tried again while that one seems to lead, until the pause is over. */
    private View pausedFor = View.NONE;

    private long pauseEndNanos;
    private long pauseNanos;

    ClientLane(Router router) {
        this.router = router;
    }

    void accept(IncomingCall call, LeaderCall handler) {
        RoutedCall routed;
        synchronized (this) {
            if (closed) {
                return;
            }
            routed = new RoutedCall(call, handler, sequences++, router.nanoTime());
            waiting.put(routed.sequence, routed);
            notHeldYet.add(routed);
        }
        call.onCancel(() -> clientGone(routed));
        drain();
    }

    /** Hands on what can be handed on now. Call after anything that may have made that possible. */
    void drain() {
        synchronized (this) {
            if (draining) {
                return;
            }
            draining = true;
        }
        Optional<Runnable> step = nextStep();
        while (step.isPresent()) {
            step.get().run();
            step = nextStep();
        }
    }

    /** The connection has ended; gRPC has cancelled its calls before. */
    void close() {
        RelayStream open;
        synchronized (this) {
            closed = true;
            open = relay;
            relay = null;
        }
        if (open != null) {
            open.close("client connection closed");
        }
    }

    private synchronized Optional<Runnable> nextStep() {
        View view = router.leadership().view();
        Optional<Runnable> leaving = leaveOldLeader(view);
        if (leaving.isPresent()) {
            return leaving;
        }
        if (waiting.isEmpty() || closed) {
            notHeldYet.clear();
            draining = false;
            return Optional.empty();
        }
        boolean paused = view.equals(pausedFor) && router.nanoTime() - pauseEndNanos < 0;
        if (!paused && view.self()) {
            return Optional.of(handOverHere());
        }
        if (!paused && view.leader().isPresent()) {
            if (relay == null) {
                RelayStream opened = router.relayTo(view.leader().get(), this);
                relay = opened;
                return Optional.of(opened::open);
            }
            if (relay.ready()) {
                return Optional.of(handOverTo(relay));
            }
        }
        Optional<Runnable> refusals = hold();
        if (refusals.isEmpty()) {
            draining = false;
        }
        return refusals;
    }

    private Runnable handOverHere() {
        RoutedCall routed = takeFirst();
        Attempt attempt = new Attempt(routed);
        LocalSink sink = new LocalSink(this, attempt);
        attempt.local = sink;
        routed.attempt = attempt;
        local.add(routed);
        return () -> {
            try {
                routed.handler.handle(routed.context, routed.request(), sink);
            } catch (RuntimeException e) {
                log.error(
                        "leader call failed method={} clientId={}", routed.call.method(), routed.context.clientId(), e);
                if (finish(attempt)) {
                    routed.call.refuse(Code.INTERNAL_ERROR, "see the server's log");
                }
            }
        };
    }

    private Runnable handOverTo(RelayStream stream) {
        RoutedCall routed = takeFirst();
        if (!routed.relayed && !router.relayedBytes().take(routed.sizeBytes())) {
            routed.state = State.DONE;
            return routed::answerNoRoom;
        }
        routed.relayed = true;
        Attempt attempt = new Attempt(routed);
        routed.attempt = attempt;
        return () -> stream.send(attempt);
    }

    private RoutedCall takeFirst() {
        RoutedCall routed = waiting.pollFirstEntry().getValue();
        endHold(routed);
        routed.state = State.DISPATCHED;
        return routed;
    }

    /** Counts what waits as held from now on. */
    private Optional<Runnable> hold() {
        List<RoutedCall> refused = new ArrayList<>();
        for (RoutedCall routed : notHeldYet) {
            if (routed.state != State.WAITING || routed.holding) {
                continue;
            }
            if (!router.heldBytes().take(routed.sizeBytes())) {
                waiting.remove(routed.sequence);
                done(routed);
                refused.add(routed);
                continue;
            }
            routed.holding = true;
            long nowNanos = router.nanoTime();
            if (!routed.holdBegun) {
                routed.holdBegun = true;
                routed.holdUntilNanos = routed.holdEndNanos(nowNanos, router.limits());
            }
            routed.holdTimer =
                    router.timers().schedule(Math.max(0, routed.holdUntilNanos - nowNanos), () -> holdOver(routed));
        }
        notHeldYet.clear();
        if (refused.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(() -> refused.forEach(routed -> {
            if (routed.outcomeUnknown) {
                routed.answerHoldOver();
            } else {
                routed.answerNoRoom();
            }
        }));
    }

    private void endHold(RoutedCall routed) {
        if (routed.holding) {
            routed.holding = false;
            router.heldBytes().giveBack(routed.sizeBytes());
        }
        if (routed.holdTimer != null) {
            routed.holdTimer.cancel();
            routed.holdTimer = null;
        }
    }

    private void holdOver(RoutedCall routed) {
        synchronized (this) {
            if (routed.state != State.WAITING || router.nanoTime() - routed.holdUntilNanos < 0) {
                return;
            }
            waiting.remove(routed.sequence);
            done(routed);
        }
        routed.answerHoldOver();
    }

    /**
     * Takes back what went to somebody who leads no more, once it is known who does. Before that there is nowhere to
     * take it, and the old leader may still answer.
     */
    private Optional<Runnable> leaveOldLeader(View view) {
        if (!view.self() && view.leader().isEmpty()) {
            return Optional.empty();
        }
        RelayStream left = relay;
        if (left != null && (view.self() || !view.leader().equals(Optional.of(left.leader())))) {
            relay = null;
            return Optional.of(() -> left.close("another leader"));
        }
        if (!view.self() && !local.isEmpty()) {
            List<Attempt> abandoned = new ArrayList<>();
            for (RoutedCall routed : List.copyOf(local)) {
                Attempt attempt = routed.attempt;
                // What is being answered is complete as far as the old leader was concerned: let it finish.
                if (attempt != null && !routed.answering) {
                    abandoned.add(attempt);
                    takeBack(attempt, true);
                }
            }
            if (!abandoned.isEmpty()) {
                return Optional.of(() -> abandoned.forEach(ClientLane::tellAbandoned));
            }
        }
        return Optional.empty();
    }

    /** The attempt came to nothing; the call waits again, at its old place. */
    private void takeBack(Attempt attempt, boolean outcomeUnknown) {
        RoutedCall routed = attempt.routed;
        attempt.abandoned = true;
        routed.attempt = null;
        local.remove(routed);
        routed.state = State.WAITING;
        if (outcomeUnknown) {
            routed.outcomeUnknown = true;
            // It had found a leader: what follows is a new wait.
            routed.holdBegun = false;
        }
        waiting.put(routed.sequence, routed);
        notHeldYet.add(routed);
    }

    /** @return false if the call has moved on and the answer is to be dropped */
    synchronized boolean beginAnswer(Attempt attempt) {
        if (attempt.routed.attempt != attempt) {
            return false;
        }
        attempt.routed.answering = true;
        return true;
    }

    /** As {@link #beginAnswer}, for the end of the answer. */
    synchronized boolean finish(Attempt attempt) {
        if (attempt.routed.attempt != attempt) {
            return false;
        }
        done(attempt.routed);
        return true;
    }

    /** The leader did not do it, or may have done it; somebody else shall. */
    void bounced(Attempt attempt, boolean outcomeUnknown) {
        synchronized (this) {
            if (attempt.routed.attempt != attempt) {
                return;
            }
            if (attempt.routed.answering) {
                throw new IllegalStateException("refused after a part of the answer: " + attempt.routed.call.method());
            }
            takeBack(attempt, outcomeUnknown);
            pause();
        }
        drain();
    }

    /** The stream is gone, and with it whatever it carried. */
    void streamEnded(RelayStream stream, Collection<Attempt> unanswered, boolean reachedLeader) {
        List<Attempt> cut = new ArrayList<>();
        synchronized (this) {
            if (relay == stream) {
                relay = null;
                pause();
            }
            for (Attempt attempt : unanswered) {
                if (attempt.routed.attempt != attempt) {
                    continue;
                }
                if (attempt.routed.answering) {
                    done(attempt.routed);
                    cut.add(attempt);
                } else {
                    takeBack(attempt, reachedLeader);
                }
            }
        }
        // The client keeps the messages that it has got.
        cut.forEach(attempt -> attempt.routed.call.complete());
        drain();
    }

    /** Against a busy loop with a leader that refuses; a change of the view ends it. */
    private void pause() {
        View view = router.leadership().view();
        long minNanos = router.limits().pauseMin().toNanos();
        long maxNanos = router.limits().pauseMax().toNanos();
        long nowNanos = router.nanoTime();
        if (!view.equals(pausedFor)) {
            pausedFor = view;
            pauseNanos = minNanos;
        } else if (nowNanos - pauseEndNanos >= 0) {
            boolean quietSince = nowNanos - pauseEndNanos > maxNanos;
            pauseNanos = quietSince ? minNanos : Math.min(maxNanos, 2 * pauseNanos);
        } else {
            return;
        }
        pauseEndNanos = nowNanos + pauseNanos;
        router.timers().schedule(pauseNanos, this::drain);
    }

    private void clientGone(RoutedCall routed) {
        Attempt attempt;
        RelayStream stream;
        synchronized (this) {
            if (routed.state == State.DONE) {
                return;
            }
            attempt = routed.attempt;
            stream = relay;
            waiting.remove(routed.sequence);
            done(routed);
        }
        if (attempt != null) {
            attempt.abandoned = true;
            tellAbandoned(attempt);
            if (attempt.local == null && stream != null) {
                stream.cancel(attempt);
            }
        }
    }

    private void done(RoutedCall routed) {
        routed.state = State.DONE;
        routed.attempt = null;
        local.remove(routed);
        endHold(routed);
        if (routed.relayed) {
            routed.relayed = false;
            router.relayedBytes().giveBack(routed.sizeBytes());
        }
    }

    private static void tellAbandoned(Attempt attempt) {
        LocalSink sink = attempt.local;
        if (sink != null) {
            sink.abandoned();
        }
    }
}
