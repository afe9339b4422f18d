package io.argosy.broker.consume;

import io.argosy.broker.consume.ConsumeCommand.QueueChange;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Turns many changes into few entries: while one entry is in flight, the next one collects. So entries reach the log in
 * the order in which the leader decided, and a thousand acknowledgements cost one. On the loop only.
 *
 * <p>A log that is busy is asked again with the same entry: what the leader decided stays decided as long as it leads,
 * and nothing has to be taken back. Who waits is told after a while.
 */
final class ChangeProposer {

    enum Outcome {
        COMMITTED,
        /** In no log. */
        NOT_LEADER,
        /** May still take effect. */
        UNKNOWN,
        /** Will take effect if this leader stays, but takes long. */
        BUSY
    }

    /** About 100 bytes each at most: an entry stays far below its limit. */
    private static final int CHANGES_PER_ENTRY = 20_000;

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final RaftNode raft;
    private final EventLoop loop;
    private final InstantSource clock;
    private final ConsumeConfig config;

    private List<QueueChange> pending = new ArrayList<>();
    private Set<String> pendingGroups = new LinkedHashSet<>();
    private List<Consumer<Outcome>> pendingAnswers = new ArrayList<>();
    private Optional<InFlight> inFlight = Optional.empty();
    private Optional<EventLoop.Timer> delay = Optional.empty();
    private boolean urgent;
    private Optional<Runnable> whenIdle = Optional.empty();
    private Runnable onLost = () -> {};

    ChangeProposer(RaftNode raft, EventLoop loop, InstantSource clock, ConsumeConfig config) {
        this.raft = raft;
        this.loop = loop;
        this.clock = clock;
        this.config = config;
    }

    /** Called when an entry may be lost: what the leader knows ahead of the log is then not what the log will say. */
    void onLost(Runnable listener) {
        onLost = listener;
    }

    /** Replicates within the hand-out delay, or with whatever goes sooner. */
    void later(QueueRef queue, ProgressChange change) {
        pending.add(new QueueChange(queue, change));
        startDelay();
    }

    void createGroup(String group) {
        pendingGroups.add(group);
        startDelay();
    }

    /** Replicates with the next entry. */
    void now(QueueRef queue, ProgressChange change) {
        int last = pending.size() - 1;
        if (last >= 0
                && change instanceof ProgressChange.Acked acked
                && pending.get(last).queue().equals(queue)
                && pending.get(last).change() instanceof ProgressChange.Acked before
                && before.first() + before.count() == acked.first()) {
            ProgressChange joined = new ProgressChange.Acked(before.first(), before.count() + acked.count());
            pending.set(last, new QueueChange(queue, joined));
        } else {
            pending.add(new QueueChange(queue, change));
        }
        urgent = true;
    }

    /** Answers when everything that was given so far is committed; at once if it is. */
    void answer(Consumer<Outcome> listener) {
        if (pending.isEmpty() && pendingGroups.isEmpty()) {
            if (inFlight.isPresent()) {
                inFlight.get().answers.add(listener);
            } else {
                listener.accept(Outcome.COMMITTED);
            }
            return;
        }
        urgent = true;
        pendingAnswers.add(listener);
    }

    boolean overloaded() {
        return pending.size() >= config.pendingMax();
    }

    /** At the end of the loop's turn. */
    void flush() {
        if (urgent && inFlight.isEmpty()) {
            propose();
        }
    }

    /** This replica does not lead any more: what was not proposed never will be. */
    void abandon() {
        List<Consumer<Outcome>> answers = pendingAnswers;
        pending = new ArrayList<>();
        pendingGroups = new LinkedHashSet<>();
        pendingAnswers = new ArrayList<>();
        urgent = false;
        delay.ifPresent(EventLoop.Timer::cancel);
        delay = Optional.empty();
        inFlight.ifPresent(entry -> entry.abandoned = true);
        answers.forEach(answer -> answer.accept(Outcome.NOT_LEADER));
    }

    /** Runs the action once no entry is in flight: what this replica proposed as an earlier leader is decided. */
    void whenIdle(Runnable action) {
        if (inFlight.isEmpty()) {
            action.run();
        } else {
            whenIdle = Optional.of(action);
        }
    }

    private void startDelay() {
        if (delay.isEmpty()) {
            delay = Optional.of(loop.at(loop.nanoTime() + config.handOutDelay().toNanos(), () -> {
                delay = Optional.empty();
                urgent = true;
            }));
        }
    }

    private void propose() {
        delay.ifPresent(EventLoop.Timer::cancel);
        delay = Optional.empty();
        urgent = false;
        List<QueueChange> changes = pending;
        pending = new ArrayList<>();
        if (changes.size() > CHANGES_PER_ENTRY) {
            pending.addAll(changes.subList(CHANGES_PER_ENTRY, changes.size()));
            changes = changes.subList(0, CHANGES_PER_ENTRY);
            urgent = true;
        }
        ConsumeCommand command = new ConsumeCommand(clock.millis(), List.copyOf(pendingGroups), changes);
        pendingGroups = new LinkedHashSet<>();
        ByteBuffer payload = command.encode();
        // Answers belong to the entry that holds the last of their changes.
        List<Consumer<Outcome>> answers = pending.isEmpty() ? pendingAnswers : new ArrayList<>();
        if (pending.isEmpty()) {
            pendingAnswers = new ArrayList<>();
        }
        InFlight entry = new InFlight(payload, Entry.crcOf(payload), answers, loop.nanoTime());
        inFlight = Optional.of(entry);
        send(entry);
    }

    private void send(InFlight entry) {
        raft.propose(entry.payload, entry.crc, result -> loop.execute(() -> decided(entry, result)));
    }

    private void decided(InFlight entry, ProposeResult result) {
        if (result instanceof ProposeResult.Busy && !entry.abandoned) {
            loop.at(loop.nanoTime() + RETRY_NANOS, () -> retry(entry));
            return;
        }
        inFlight = Optional.empty();
        if (result instanceof ProposeResult.Committed) {
            entry.finish(Outcome.COMMITTED);
        } else if (result instanceof ProposeResult.Indeterminate) {
            entry.finish(Outcome.UNKNOWN);
        } else {
            entry.finish(Outcome.NOT_LEADER);
        }
        if (!entry.abandoned && !(result instanceof ProposeResult.Committed)) {
            onLost.run();
        }
        Optional<Runnable> waiting = whenIdle;
        whenIdle = Optional.empty();
        waiting.ifPresent(Runnable::run);
    }

    private void retry(InFlight entry) {
        if (entry.abandoned) {
            decided(entry, new ProposeResult.NotLeader(Optional.empty()));
            return;
        }
        if (loop.nanoTime() - entry.sinceNanos > config.busyPatience().toNanos()) {
            entry.finish(Outcome.BUSY);
            List<Consumer<Outcome>> answers = pendingAnswers;
            pendingAnswers = new ArrayList<>();
            answers.forEach(answer -> answer.accept(Outcome.BUSY));
        }
        send(entry);
    }

    private static final class InFlight {

        private final ByteBuffer payload;
        private final int crc;
        private List<Consumer<Outcome>> answers;
        private final long sinceNanos;
        private boolean abandoned;

        InFlight(ByteBuffer payload, int crc, List<Consumer<Outcome>> answers, long sinceNanos) {
            this.payload = payload;
            this.crc = crc;
            this.answers = answers;
            this.sinceNanos = sinceNanos;
        }

        void finish(Outcome outcome) {
            List<Consumer<Outcome>> told = answers;
            answers = new ArrayList<>();
            told.forEach(answer -> answer.accept(outcome));
        }
    }
}
