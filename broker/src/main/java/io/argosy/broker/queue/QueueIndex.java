package io.argosy.broker.queue;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the messages of each queue lie in the log: one key per {@link MessageRun}, not per message. A queue costs
 * nothing until it is used; then three numbers, which are read back from the store after a restart when somebody asks.
 * Written on the applier thread, read by all.
 *
 * <p>A trim moves one point for all queues ({@link Family#META} under {@code trim}: log index (8), time (8)); what a
 * queue's first offset is follows from it, and is looked for when asked. Keys of trimmed messages are removed bit by bit
 * with later runs; the last key of a queue stays, because it says where the queue goes on.
 */
public final class QueueIndex implements CommandApplier {

    private static final byte[] TRIM_KEY = "trim".getBytes(StandardCharsets.US_ASCII);
    private static final long UNKNOWN = -1;

    /** Bounds what removing old keys adds to one run. */
    private static final int SWEPT_QUEUES_PER_RUN = 256;

    private final StateStore store;
    private final TopicTable topics;
    private final List<QueueListener> listeners = new CopyOnWriteArrayList<>();

    private volatile @Nullable Slots[] byTopicId = new @Nullable Slots[16];
    private volatile TrimPoint trim;

    // Applier thread only.
    private final List<PendingWrite> pending = new ArrayList<>();
    private boolean trimChanged;

    /** The trim as of the last entry sequenced; readers see it once they see all messages that it was to judge. */
    private TrimPoint sequencedTrim;

    private int[] touched = new int[16];
    private int touchedCount;
    private int sweptTopicId = Integer.MAX_VALUE;
    private int sweptQueueId;

    /** Messages in entries up to the index are gone; so are those that their topic kept long enough at the time. */
    private record TrimPoint(long logIndex, long timeMillis, long generation) {}

    @SuppressWarnings("ArrayRecordComponent") // handed straight to the store, never compared
    private record PendingWrite(byte[] key, byte @Nullable [] value, byte @Nullable [] rangeEnd) {}

    /** Loads what the store holds. */
    public QueueIndex(StateStore store, TopicTable topics) {
        this.store = store;
        this.topics = topics;
        this.trim = storedTrim(store, 1);
        this.sequencedTrim = trim;
        topics.onDelete(this::topicDeleted);
    }

    private static TrimPoint storedTrim(StateStore store, long generation) {
        return store.get(Family.META, TRIM_KEY)
                .map(ByteBuffer::wrap)
                .map(value -> new TrimPoint(value.getLong(), value.getLong(), generation))
                .orElse(new TrimPoint(0, 0, 0));
    }

    /** Called for new messages; register before the first entry is applied. */
    public void onAdvance(QueueListener listener) {
        listeners.add(listener);
    }

    // ---- any thread ----

    /** Lowest offset that can still be read; equals {@link #maxOffset} if the queue is empty. 0 for unknown queues. */
    public long minOffset(int topicId, int queueId) {
        Slots slots = slots(topicId, queueId);
        TrimPoint point = trim;
        if (slots == null || point.generation == 0) {
            return 0;
        }
        if (slots.floorGeneration.get(queueId) == point.generation) {
            return slots.floor.get(queueId);
        }
        long max = maxOffset(topicId, queueId);
        long found = firstLive(topicId, queueId, Math.min(slots.floor.get(queueId), max), max, point);
        // Two readers may write for different trims: both write lower bounds of the truth, and the higher one stays.
        slots.floor.accumulateAndGet(queueId, found, Math::max);
        slots.floorGeneration.accumulateAndGet(queueId, point.generation, Math::max);
        return slots.floor.get(queueId);
    }

    /** Behind the last message that can be read; 0 for unknown queues. */
    public long maxOffset(int topicId, int queueId) {
        Slots slots = slots(topicId, queueId);
        if (slots == null) {
            return 0;
        }
        long known = slots.visible.get(queueId);
        if (known != UNKNOWN) {
            return known;
        }
        long stored = storedEnd(topicId, queueId);
        // The applier may have gone on meanwhile: then its number is the newer one.
        slots.visible.compareAndSet(queueId, UNKNOWN, stored);
        return slots.visible.get(queueId);
    }

    /**
     * The runs that hold the messages from the offset on, cut to it and to the maximum, ascending and without a gap.
     * Starts at {@link #minOffset} if the offset lies below; empty at or behind {@link #maxOffset}.
     */
    public List<MessageRun> locate(int topicId, int queueId, long offset, int messagesMax) {
        return locate(topicId, queueId, offset, messagesMax, Integer.MAX_VALUE);
    }

    /** As {@link #locate(int, int, long, int)}, and not more runs than the maximum. */
    public List<MessageRun> locate(int topicId, int queueId, long offset, int messagesMax, int runsMax) {
        long from = Math.max(offset, minOffset(topicId, queueId));
        long to = Math.min(maxOffset(topicId, queueId), from + messagesMax);
        List<MessageRun> runs = new ArrayList<>();
        if (from >= to) {
            return runs;
        }
        Optional<MessageRun> first = runAtOrAfter(topicId, queueId, from);
        if (first.isEmpty() || first.get().baseOffset() >= to) {
            return runs; // trimmed or deleted meanwhile
        }
        runs.add(first.get().between(from, to));
        if (first.get().endOffset() < to && runsMax > 1) {
            byte[] start = key(topicId, queueId, first.get().endOffset());
            store.scan(Family.QUEUE_INDEX, start, key(topicId, queueId, to), (key, value) -> {
                runs.add(decode(key, value).between(from, to));
                return runs.size() < runsMax;
            });
        }
        return runs;
    }

    /**
     * The first offset whose message was stored at or after the time; {@link #maxOffset} if there is none.
     *
     * @param timestampMillis entry time
     */
    public long offsetAt(int topicId, int queueId, long timestampMillis) {
        long low = minOffset(topicId, queueId);
        long high = maxOffset(topicId, queueId);
        return search(topicId, queueId, low, high, run -> run.timestampMillis() >= timestampMillis);
    }

    /** Messages in entries up to here are gone, on all replicas; 0 before the first trim. */
    public long trimIndex() {
        return trim.logIndex;
    }

    private Optional<MessageRun> runAt(int topicId, int queueId, long offset) {
        return lastBelow(topicId, queueId, offset + 1).filter(run -> run.endOffset() > offset);
    }

    private Optional<MessageRun> runAtOrAfter(int topicId, int queueId, long offset) {
        return runAt(topicId, queueId, offset).or(() -> firstFrom(topicId, queueId, offset));
    }

    private Optional<MessageRun> lastBelow(int topicId, int queueId, long offset) {
        List<MessageRun> found = new ArrayList<>(1);
        store.scanBackwards(
                Family.QUEUE_INDEX, key(topicId, queueId, 0), key(topicId, queueId, offset), (key, value) -> {
                    found.add(decode(key, value));
                    return false;
                });
        return found.stream().findFirst();
    }

    private Optional<MessageRun> firstFrom(int topicId, int queueId, long offset) {
        List<MessageRun> found = new ArrayList<>(1);
        store.scan(
                Family.QUEUE_INDEX,
                key(topicId, queueId, offset),
                key(topicId, queueId, Long.MAX_VALUE),
                (key, value) -> {
                    found.add(decode(key, value));
                    return false;
                });
        return found.stream().findFirst();
    }

    private long storedEnd(int topicId, int queueId) {
        return lastBelow(topicId, queueId, Long.MAX_VALUE)
                .map(MessageRun::endOffset)
                .orElse(0L);
    }

    /** Log index and time ascend with the offset, so that the first one alive can be searched for by halving. */
    private long firstLive(int topicId, int queueId, long floor, long max, TrimPoint point) {
        long keptSince = topics.topic(topicId)
                .map(topic -> point.timeMillis - topic.retention().toMillis())
                .orElse(Long.MIN_VALUE);
        Optional<MessageRun> first = runAtOrAfter(topicId, queueId, floor);
        if (first.isPresent() && live(first.get(), point, keptSince)) {
            return Math.min(max, Math.max(floor, first.get().baseOffset()));
        }
        return search(topicId, queueId, floor, max, run -> live(run, point, keptSince));
    }

    /**
     * The first offset in [low, high) whose run passes; high if none does. Those that pass come after those that do not.
     * Keys may be removed meanwhile, but only of messages that are gone: what is missing counts as not passing.
     */
    private long search(int topicId, int queueId, long low, long high, Predicate<MessageRun> passes) {
        long from = low;
        long to = high;
        while (from < to) {
            long middle = from + (to - from) / 2;
            Optional<MessageRun> run = runAtOrAfter(topicId, queueId, middle);
            if (run.isEmpty() || run.get().baseOffset() >= to || passes.test(run.get())) {
                to = run.isPresent() && run.get().baseOffset() < middle
                        ? Math.max(from, run.get().baseOffset())
                        : middle;
            } else {
                from = run.get().endOffset();
            }
        }
        long found = from;
        return runAtOrAfter(topicId, queueId, found)
                .map(run -> Math.max(found, run.baseOffset()))
                .filter(offset -> offset < high)
                .orElse(high);
    }

    private static boolean live(MessageRun run, TrimPoint point, long keptSince) {
        return run.logIndex() > point.logIndex && run.timestampMillis() >= keptSince;
    }

    // ---- applier thread ----

    /**
     * Appends messages of one entry to a queue of a topic that exists.
     *
     * @return the queue offset of the first
     */
    public long append(
            TopicView topic,
            int queueId,
            long logIndex,
            int firstOrdinal,
            int count,
            long timestampMillis,
            TagHashes tags) {
        Slots slots = slotsOf(topic);
        long base = nextOffset(topic, queueId);
        if (!slots.touched[queueId]) {
            slots.touched[queueId] = true;
            touch(topic.topicId(), queueId);
        }
        slots.next[queueId] = Math.addExact(base, count);
        pending.add(new PendingWrite(
                key(topic.topicId(), queueId, base),
                MessageRun.encode(logIndex, firstOrdinal, count, timestampMillis, tags),
                null));
        return base;
    }

    /** The offset that the next message of the queue will get. */
    public long nextOffset(TopicView topic, int queueId) {
        Slots slots = slotsOf(topic);
        if (slots.next[queueId] == UNKNOWN) {
            slots.next[queueId] = maxOffset(topic.topicId(), queueId);
        }
        return slots.next[queueId];
    }

    @Override
    public void reload(StateStore source) {
        pending.clear();
        touchedCount = 0;
        trimChanged = false;
        sweptTopicId = 0;
        sweptQueueId = 0;
        TrimPoint stored = storedTrim(source, trim.generation + 1);
        synchronized (this) {
            byTopicId = new @Nullable Slots[16];
        }
        trim = stored;
        sequencedTrim = stored;
    }

    @Override
    public Set<Command.Kind> kinds() {
        return Set.of(Command.Kind.TRIM_LOG);
    }

    @Override
    public void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis) {
        TrimLog command = TrimLog.decode(payload);
        // Never above the entry that says so: later messages are not its business.
        long upTo = Math.min(command.upToIndex(), entry.index());
        sequencedTrim =
                new TrimPoint(Math.max(sequencedTrim.logIndex, upTo), entryTimeMillis, sequencedTrim.generation + 1);
        trimChanged = true;
    }

    private void topicDeleted(int topicId) {
        forgetSlots(topicId);
        pending.add(new PendingWrite(key(topicId, 0, 0), null, key(topicId + 1, 0, 0)));
    }

    @Override
    public void index(StateStore.Batch batch) {
        for (PendingWrite write : pending) {
            if (write.value != null) {
                batch.put(Family.QUEUE_INDEX, write.key, write.value);
            } else if (write.rangeEnd != null) {
                batch.deleteRange(Family.QUEUE_INDEX, write.key, write.rangeEnd);
            }
        }
        pending.clear();
        if (trimChanged) {
            batch.put(
                    Family.META,
                    TRIM_KEY,
                    ByteBuffer.allocate(16)
                            .putLong(sequencedTrim.logIndex)
                            .putLong(sequencedTrim.timeMillis)
                            .array());
        }
        sweep(batch);
    }

    @Override
    public void visible() {
        for (int i = 0; i < touchedCount; i += 2) {
            int topicId = touched[i];
            int queueId = touched[i + 1];
            Slots slots = byTopicId[topicId];
            if (slots == null) {
                continue; // deleted later in the same run
            }
            slots.touched[queueId] = false;
            long end = slots.next[queueId];
            slots.visible.set(queueId, end);
            for (QueueListener listener : listeners) {
                listener.advanced(topicId, queueId, end);
            }
        }
        touchedCount = 0;
        if (trimChanged) {
            // Not earlier: a floor that was looked for while messages of the same run were not visible yet would stand
            // in front of those that this trim covers too, on the replicas that applied both in one run.
            trimChanged = false;
            trim = sequencedTrim;
            sweptTopicId = 0;
            sweptQueueId = 0;
        }
    }

    private void touch(int topicId, int queueId) {
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touched.length * 2);
        }
        touched[touchedCount++] = topicId;
        touched[touchedCount++] = queueId;
    }

    /** Removes keys of trimmed messages of some queues. What is removed nobody could see any more. */
    private void sweep(StateStore.Batch batch) {
        if (sweptTopicId == Integer.MAX_VALUE) {
            return;
        }
        int topicsEnd = topics.idsEnd();
        for (int swept = 0; swept < SWEPT_QUEUES_PER_RUN && sweptTopicId < topicsEnd; ) {
            Optional<TopicView> topic = topics.topic(sweptTopicId);
            if (topic.isEmpty() || sweptQueueId >= topic.get().queueCount()) {
                sweptTopicId++;
                sweptQueueId = 0;
                continue;
            }
            sweepQueue(batch, sweptTopicId, sweptQueueId);
            sweptQueueId++;
            swept++;
        }
        if (sweptTopicId >= topicsEnd) {
            sweptTopicId = Integer.MAX_VALUE;
        }
    }

    private void sweepQueue(StateStore.Batch batch, int topicId, int queueId) {
        Optional<MessageRun> last = lastBelow(topicId, queueId, Long.MAX_VALUE);
        if (last.isEmpty()) {
            return;
        }
        long keepFrom = Math.min(minOffset(topicId, queueId), last.get().baseOffset());
        Optional<MessageRun> first = firstFrom(topicId, queueId, 0);
        if (first.isPresent() && first.get().endOffset() <= keepFrom) {
            MessageRun kept = runAt(topicId, queueId, keepFrom).orElse(last.get());
            batch.deleteRange(
                    Family.QUEUE_INDEX,
                    key(topicId, queueId, first.get().baseOffset()),
                    key(topicId, queueId, kept.baseOffset()));
        }
    }

    // ---- slots ----

    /** Three numbers per queue of one topic. */
    private static final class Slots {

        /** Behind the last message that readers see; {@link #UNKNOWN} until somebody asks. */
        final AtomicLongArray visible;

        /** A lower bound of the first offset that can be read; exact for the trim of floorGeneration. */
        final AtomicLongArray floor;

        final AtomicLongArray floorGeneration;

        /** Behind the last message sequenced, on the applier thread: next >= visible. */
        final long[] next;

        /** Whether the current run appended to the queue. */
        final boolean[] touched;

        Slots(int queueCount) {
            visible = new AtomicLongArray(queueCount);
            floor = new AtomicLongArray(queueCount);
            floorGeneration = new AtomicLongArray(queueCount);
            next = new long[queueCount];
            touched = new boolean[queueCount];
            Arrays.fill(next, UNKNOWN);
            for (int i = 0; i < queueCount; i++) {
                visible.set(i, UNKNOWN);
            }
        }
    }

    /** Null for queues that do not exist. */
    private @Nullable Slots slots(int topicId, int queueId) {
        Optional<TopicView> topic = topics.topic(topicId);
        if (topic.isEmpty() || queueId < 0 || queueId >= topic.get().queueCount()) {
            return null;
        }
        return slotsOf(topic.get());
    }

    private Slots slotsOf(TopicView topic) {
        @Nullable Slots[] slots = byTopicId;
        Slots known = topic.topicId() < slots.length ? slots[topic.topicId()] : null;
        return known == null ? newSlots(topic) : known;
    }

    /** Under a lock, because readers ask for queues that the applier did not touch since the start. */
    private synchronized Slots newSlots(TopicView topic) {
        @Nullable Slots[] slots = byTopicId;
        if (topic.topicId() >= slots.length) {
            slots = Arrays.copyOf(slots, Math.max(topic.topicId() + 1, slots.length * 2));
        }
        Slots known = slots[topic.topicId()];
        if (known == null) {
            known = new Slots(topic.queueCount());
            slots[topic.topicId()] = known;
        }
        byTopicId = slots;
        return known;
    }

    private synchronized void forgetSlots(int topicId) {
        @Nullable Slots[] slots = byTopicId;
        if (topicId < slots.length) {
            slots[topicId] = null;
        }
    }

    private static MessageRun decode(byte[] key, byte[] value) {
        return MessageRun.decode(ByteBuffer.wrap(key).getLong(8), value);
    }

    private static byte[] key(int topicId, int queueId, long offset) {
        return ByteBuffer.allocate(16)
                .putInt(topicId)
                .putInt(queueId)
                .putLong(offset)
                .array();
    }
}
