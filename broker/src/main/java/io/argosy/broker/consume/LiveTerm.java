package io.argosy.broker.consume;

import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.topic.TopicView;
import io.argosy.raft.RaftNode;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this replica knows ahead of the log while it leads: one {@link Subscription} per group and topic that somebody
 * asked for. Made anew in each term from what is applied after that term's read barrier, dropped when the term ends.
 * On the loop only.
 */
final class LiveTerm {

    private static final Logger log = LoggerFactory.getLogger(LiveTerm.class);
    private static final long BARRIER_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** A call that waits for messages. */
    interface Waiter {

        /** There may be something: true if the call needs to wait no longer. */
        boolean tryAgain();

        /** This replica does not lead any more. */
        void notLeader();

        /** The topic is gone. */
        void topicDeleted();
    }

    private enum State {
        FOLLOWING,
        /** Leads, but has not yet confirmed that everything before its term is applied. */
        CONFIRMING,
        LEADING
    }

    /** A call that came before it was clear whether this replica leads. */
    private record Undecided(Runnable leading, Runnable notLeader) {}

    record Key(String group, int topicId) {}

    /** A subscription with those who wait for it. */
    final class Room {

        final Key key;
        final Subscription subscription;
        final Deque<Waiter> waiters = new ArrayDeque<>();
        private final Map<Integer, Long> advancedMeanwhile = new HashMap<>();
        private final List<Runnable> whenOpen = new ArrayList<>();
        private boolean open;
        private boolean closed;
        private boolean serving;
        private Optional<EventLoop.Timer> expiry = Optional.empty();
        private long expiryMillis = Long.MAX_VALUE;

        Room(Key key, Subscription subscription) {
            this.key = key;
            this.subscription = subscription;
        }

        /** The term or the topic of this room is over: what it knows is worth nothing. */
        boolean closed() {
            return closed;
        }

        /** Serves who waits while there is something, and sets the alarm for the next lease that ends. */
        void wake() {
            if (closed || !open || serving) {
                return;
            }
            serving = true;
            subscription.expire(clock.millis());
            while (!waiters.isEmpty()
                    && subscription.hasSomething()
                    && waiters.peekFirst().tryAgain()) {
                waiters.pollFirst();
            }
            serving = false;
            setAlarm();
        }

        private void setAlarm() {
            OptionalLong next = waiters.isEmpty() ? OptionalLong.empty() : subscription.nextExpiryMillis();
            long nextMillis = next.orElse(Long.MAX_VALUE);
            if (nextMillis == expiryMillis) {
                return;
            }
            expiry.ifPresent(EventLoop.Timer::cancel);
            expiry = Optional.empty();
            expiryMillis = nextMillis;
            if (next.isPresent()) {
                long delayNanos = TimeUnit.MILLISECONDS.toNanos(Math.max(0, nextMillis - clock.millis()));
                expiry = Optional.of(loop.at(loop.nanoTime() + delayNanos, () -> {
                    expiryMillis = Long.MAX_VALUE;
                    wake();
                }));
            }
        }

        private void close() {
            closed = true;
            expiry.ifPresent(EventLoop.Timer::cancel);
        }
    }

    private final RaftNode raft;
    private final EventLoop loop;
    private final InstantSource clock;
    private final ConsumeConfig config;
    private final AppliedProgress applied;
    private final Deliveries deliveries;
    private final ChangeProposer proposer;
    private final Executor workers;

    private State state = State.FOLLOWING;
    private long term;
    private long noncesGiven;
    private final List<Undecided> whenLeading = new ArrayList<>();
    private final List<Runnable> onEnd = new ArrayList<>();
    private final Map<Key, Room> rooms = new HashMap<>();
    private final Map<Integer, Set<Room>> roomsOfTopic = new HashMap<>();
    private final Set<String> knownGroups = new HashSet<>();
    private Optional<CompletableFuture<Void>> confirmation = Optional.empty();

    LiveTerm(
            RaftNode raft,
            EventLoop loop,
            InstantSource clock,
            ConsumeConfig config,
            AppliedProgress applied,
            Deliveries deliveries,
            ChangeProposer proposer,
            Executor workers) {
        this.raft = raft;
        this.loop = loop;
        this.clock = clock;
        this.config = config;
        this.applied = applied;
        this.deliveries = deliveries;
        this.proposer = proposer;
        this.workers = workers;
    }

    /** Called at the end of each term, after the rooms were closed. */
    void onEnd(Runnable listener) {
        onEnd.add(listener);
    }

    void leadership(Leadership.View view) {
        if (state != State.FOLLOWING && (!view.self() || view.term() != term)) {
            end();
        }
        if (state == State.FOLLOWING && view.self()) {
            state = State.CONFIRMING;
            term = view.term();
            long confirmed = term;
            proposer.whenIdle(() -> barrier(confirmed));
        }
    }

    /** Forgets what it knows ahead of the log and begins again, behind a new barrier if this replica still leads. */
    void restart(Leadership.View view) {
        if (state != State.FOLLOWING) {
            end();
            leadership(view);
        }
    }

    /** Runs one of the two: now, or when it is known whether this replica leads. */
    void whenLeading(Runnable action, Runnable notLeader) {
        switch (state) {
            case LEADING -> action.run();
            case FOLLOWING -> notLeader.run();
            case CONFIRMING -> whenLeading.add(new Undecided(action, notLeader));
        }
    }

    /** Unique in the group: no other hand-out ever had it, because a process leads a term at most once. */
    long nextNonce() {
        return term << 32 | (++noncesGiven & 0xffff_ffffL);
    }

    /** Done when a quorum round that begins after this call has confirmed that this replica leads; one per turn. */
    CompletableFuture<Void> confirmation() {
        if (confirmation.isEmpty()) {
            confirmation = Optional.of(new CompletableFuture<>());
        }
        return confirmation.get();
    }

    /** At the end of the loop's turn. */
    void flush() {
        confirmation.ifPresent(waiting -> readIndex(failure -> {
            if (failure.isEmpty()) {
                waiting.complete(null);
            } else {
                waiting.completeExceptionally(failure.get());
            }
        }));
        confirmation = Optional.empty();
    }

    /** Creates the group if nobody has yet; behind the caller's back. */
    void mention(String group) {
        if (knownGroups.add(group) && !applied.exists(group)) {
            proposer.createGroup(group);
        }
    }

    /** Runs the action with the room once it is open; only while leading. */
    void enter(String group, TopicView topic, Consumer<Room> action, Runnable notLeader) {
        Key key = new Key(group, topic.topicId());
        Room room = Optional.ofNullable(rooms.get(key)).orElseGet(() -> newRoom(key, topic));
        if (room.open) {
            action.accept(room);
        } else {
            room.whenOpen.add(() -> {
                if (room.closed) {
                    notLeader.run();
                } else {
                    action.accept(room);
                }
            });
        }
    }

    Collection<Room> rooms() {
        return rooms.values();
    }

    /** New messages are applied. */
    void advanced(int topicId, int queueId, long maxOffset) {
        for (Room room : roomsOfTopic.getOrDefault(topicId, Set.of())) {
            if (room.open) {
                room.subscription.advanced(queueId, maxOffset, id -> deliveries.minOffset(topicId, id));
                room.wake();
            } else {
                room.advancedMeanwhile.merge(queueId, maxOffset, Math::max);
            }
        }
    }

    void topicDeleted(int topicId) {
        Optional.ofNullable(roomsOfTopic.remove(topicId)).orElse(Set.of()).forEach(room -> {
            rooms.remove(room.key);
            room.close();
            room.whenOpen.forEach(Runnable::run);
            room.waiters.forEach(Waiter::topicDeleted);
        });
    }

    private void barrier(long confirmed) {
        if (state != State.CONFIRMING || term != confirmed) {
            return;
        }
        readIndex(failure -> loop.execute(() -> {
            if (state != State.CONFIRMING || term != confirmed) {
                return;
            }
            if (failure.isEmpty()) {
                begin();
            } else {
                // Either the term ends soon, and leadership() says so, or the quorum comes back.
                loop.at(loop.nanoTime() + BARRIER_RETRY_NANOS, () -> barrier(confirmed));
            }
        }));
    }

    /** @param listener hears why it failed, if it did; on any thread */
    private void readIndex(Consumer<Optional<Throwable>> listener) {
        CompletableFuture<Long> unused =
                raft.readIndex().whenComplete((index, failure) -> listener.accept(Optional.ofNullable(failure)));
    }

    private void begin() {
        log.info("serving consumers term={}", term);
        state = State.LEADING;
        List<Undecided> waiting = List.copyOf(whenLeading);
        whenLeading.clear();
        waiting.forEach(call -> call.leading.run());
    }

    private void end() {
        log.info("stopped serving consumers term={}", term);
        state = State.FOLLOWING;
        proposer.abandon();
        List<Room> closing = List.copyOf(rooms.values());
        rooms.clear();
        roomsOfTopic.clear();
        knownGroups.clear();
        List<Undecided> waiting = List.copyOf(whenLeading);
        whenLeading.clear();
        waiting.forEach(call -> call.notLeader.run());
        closing.forEach(room -> {
            room.close();
            room.whenOpen.forEach(Runnable::run);
            room.waiters.forEach(Waiter::notLeader);
        });
        onEnd.forEach(Runnable::run);
    }

    private Room newRoom(Key key, TopicView topic) {
        Subscription subscription =
                new Subscription(key.group, key.topicId, topic.queueCount(), config, (queue, change) -> {
                    if (change instanceof ProgressChange.Acked) {
                        proposer.now(queue, change);
                    } else {
                        proposer.later(queue, change);
                    }
                });
        Room room = new Room(key, subscription);
        rooms.put(key, room);
        roomsOfTopic.computeIfAbsent(key.topicId, id -> new HashSet<>()).add(room);
        Map<Integer, QueueProgress> progress = applied.copyOf(key.group, key.topicId);
        // Off the loop: after a restart, each queue's end is looked up in the store.
        workers.execute(() -> {
            List<Found> found = look(topic, progress);
            loop.execute(() -> open(room, found));
        });
        return room;
    }

    private record Found(int queueId, QueueProgress progress, long end, long start) {}

    private List<Found> look(TopicView topic, Map<Integer, QueueProgress> progress) {
        boolean latest = progress.isEmpty() && config.start() == ConsumeConfig.Start.LATEST;
        List<Found> found = new ArrayList<>();
        for (int queueId = 0; queueId < topic.queueCount(); queueId++) {
            long end = deliveries.maxOffset(topic.topicId(), queueId);
            if (end > 0 || progress.containsKey(queueId)) {
                long start = latest ? end : deliveries.minOffset(topic.topicId(), queueId);
                found.add(new Found(queueId, progress.getOrDefault(queueId, new QueueProgress()), end, start));
            }
        }
        return found;
    }

    private void open(Room room, List<Found> found) {
        if (room.closed) {
            return;
        }
        found.forEach(queue -> room.subscription.open(queue.queueId, queue.progress, queue.end, queue.start));
        room.advancedMeanwhile.forEach((queueId, end) ->
                room.subscription.advanced(queueId, end, id -> deliveries.minOffset(room.key.topicId, id)));
        room.advancedMeanwhile.clear();
        room.open = true;
        room.subscription.expire(clock.millis());
        List<Runnable> waiting = List.copyOf(room.whenOpen);
        room.whenOpen.clear();
        waiting.forEach(Runnable::run);
    }
}
