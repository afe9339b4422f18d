package io.argosy.broker.topic;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.RunResults;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The topics of the group. Changed by CREATE_TOPIC and DELETE_TOPIC entries on the applier thread, read by all. Ids count
 * up from 1 and are never reused, so that what is left of a deleted topic cannot pass for a new one's.
 *
 * <p>In {@link Family#TOPICS} under the id (4, big endian): version 1 (1), queue count (4), retention in milliseconds
 * (8), name (UTF-8, the rest). In {@link Family#META} under {@code topics}: next id (4), version of the table (8), queues
 * of all topics (8).
 */
public final class TopicTable implements Topics, CommandApplier {

    /** Memory and route bytes are bounded by this. */
    public static final long GROUP_QUEUES_MAX = 4_000_000;

    private static final byte[] COUNTERS_KEY = "topics".getBytes(StandardCharsets.US_ASCII);
    private static final byte LAYOUT_VERSION = 1;
    private static final byte[] FIRST_KEY = key(0);
    private static final byte[] END_KEY = {-1, -1, -1, -1, -1};

    private final ConcurrentHashMap<String, TopicView> byName = new ConcurrentHashMap<>();
    private volatile @Nullable TopicView[] byId = new @Nullable TopicView[16];
    private volatile long version;

    // Applier thread only.
    private int nextId = 1;
    private long queues;
    private long sequencedVersion;
    private final List<Change> pending = new ArrayList<>();
    // Parallel to pending: the id of a deleted topic, 0 for a created one.
    private final List<Integer> deletedIds = new ArrayList<>();
    private final RunResults<TopicOutcome> results = new RunResults<>();

    private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();
    private final List<IntConsumer> deleteListeners = new CopyOnWriteArrayList<>();

    /** Loads what the store holds. */
    public TopicTable(StateStore store) {
        load(store);
    }

    private void load(StateStore store) {
        store.get(Family.META, COUNTERS_KEY).map(ByteBuffer::wrap).ifPresent(counters -> {
            nextId = counters.getInt();
            sequencedVersion = counters.getLong();
            queues = counters.getLong();
        });
        version = sequencedVersion;
        store.scan(Family.TOPICS, FIRST_KEY, END_KEY, (key, value) -> {
            put(decode(ByteBuffer.wrap(key).getInt(), value));
            return true;
        });
    }

    // ---- any thread ----

    @Override
    public Optional<TopicView> topic(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    @Override
    public Optional<TopicView> topic(int topicId) {
        return Optional.ofNullable(topicOrNull(topicId));
    }

    private @Nullable TopicView topicOrNull(int topicId) {
        @Nullable TopicView[] ids = byId;
        return topicId > 0 && topicId < ids.length ? ids[topicId] : null;
    }

    /** Above every id that was ever assigned. */
    public int idsEnd() {
        return byId.length;
    }

    /** The shortest and the longest retention of all topics; empty if there is none. */
    public Optional<RetentionRange> retentions() {
        Duration shortest = null;
        Duration longest = null;
        for (TopicView topic : byId) {
            if (topic != null) {
                Duration retention = topic.retention();
                shortest = shortest == null || retention.compareTo(shortest) < 0 ? retention : shortest;
                longest = longest == null || retention.compareTo(longest) > 0 ? retention : longest;
            }
        }
        return shortest == null || longest == null
                ? Optional.empty()
                : Optional.of(new RetentionRange(shortest, longest));
    }

    /** Retentions of topics lie between these. */
    public record RetentionRange(Duration shortest, Duration longest) {}

    @Override
    public List<TopicView> all() {
        return byName.values().stream()
                .sorted(Comparator.comparing(TopicView::name))
                .toList();
    }

    @Override
    public long version() {
        return version;
    }

    @Override
    public void onChange(Consumer<Change> listener) {
        listeners.add(listener);
    }

    /**
     * Called with the id of each topic that is deleted, in log order, on the applier thread while it sequences: for other
     * parts of the replicated state. Register before the first entry is applied.
     */
    public void onDelete(IntConsumer listener) {
        deleteListeners.add(listener);
    }

    // ---- applier thread ----

    /** What the entry did; only right after its run was applied, on the applier thread, that is, for its proposer. */
    public Optional<TopicOutcome> outcome(long logIndex) {
        return results.of(logIndex);
    }

    /** Listeners hear of the topics that differ, under the newest version; in between they may be told once too often. */
    @Override
    public void reload(StateStore store) {
        List<TopicView> before = all();
        nextId = 1;
        queues = 0;
        sequencedVersion = 0;
        pending.clear();
        deletedIds.clear();
        byName.clear();
        byId = new @Nullable TopicView[16];
        load(store);
        for (TopicView topic : before) {
            if (!byName.containsKey(topic.name())) {
                listeners.forEach(listener -> listener.accept(new Change.Deleted(topic.name(), version)));
            }
        }
        for (TopicView topic : all()) {
            if (!before.contains(topic)) {
                listeners.forEach(listener -> listener.accept(new Change.Created(topic, version)));
            }
        }
    }

    @Override
    public Set<Command.Kind> kinds() {
        return Set.of(Command.Kind.CREATE_TOPIC, Command.Kind.DELETE_TOPIC);
    }

    @Override
    public void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis) {
        TopicOutcome outcome = Command.kindOf(payload) == Command.Kind.CREATE_TOPIC
                ? create(CreateTopic.decode(payload))
                : delete(DeleteTopic.decode(payload));
        results.add(entry.index(), outcome);
    }

    private TopicOutcome create(CreateTopic command) {
        TopicView existing = byName.get(command.name());
        if (existing != null) {
            return new TopicOutcome.Exists(existing);
        }
        if (queues + command.queueCount() > GROUP_QUEUES_MAX) {
            return new TopicOutcome.TooManyQueues();
        }
        TopicView topic = new TopicView(command.name(), nextId, command.queueCount(), command.retention());
        nextId = Math.incrementExact(nextId);
        queues += topic.queueCount();
        put(topic);
        pending.add(new Change.Created(topic, ++sequencedVersion));
        deletedIds.add(0);
        return new TopicOutcome.Created(topic);
    }

    private TopicOutcome delete(DeleteTopic command) {
        TopicView topic = byName.remove(command.name());
        if (topic == null) {
            return new TopicOutcome.Missing(command.name());
        }
        byId[topic.topicId()] = null;
        queues -= topic.queueCount();
        pending.add(new Change.Deleted(topic.name(), ++sequencedVersion));
        deletedIds.add(topic.topicId());
        deleteListeners.forEach(listener -> listener.accept(topic.topicId()));
        return new TopicOutcome.Deleted(topic);
    }

    @Override
    public void index(StateStore.Batch batch) {
        if (pending.isEmpty()) {
            return;
        }
        for (int i = 0; i < pending.size(); i++) {
            if (pending.get(i) instanceof Change.Created created) {
                batch.put(Family.TOPICS, key(created.topic().topicId()), encode(created.topic()));
            } else {
                batch.delete(Family.TOPICS, key(deletedIds.get(i)));
            }
        }
        batch.put(
                Family.META,
                COUNTERS_KEY,
                ByteBuffer.allocate(20)
                        .putInt(nextId)
                        .putLong(sequencedVersion)
                        .putLong(queues)
                        .array());
    }

    @Override
    public void visible() {
        results.runIsOver();
        if (pending.isEmpty()) {
            return;
        }
        version = sequencedVersion;
        for (Change change : pending) {
            listeners.forEach(listener -> listener.accept(change));
        }
        pending.clear();
        deletedIds.clear();
    }

    private void put(TopicView topic) {
        @Nullable TopicView[] ids = byId;
        if (topic.topicId() >= ids.length) {
            ids = Arrays.copyOf(ids, Math.max(topic.topicId() + 1, ids.length * 2));
        }
        ids[topic.topicId()] = topic;
        byId = ids;
        byName.put(topic.name(), topic);
    }

    private static byte[] key(int topicId) {
        return ByteBuffer.allocate(4).putInt(topicId).array();
    }

    private static byte[] encode(TopicView topic) {
        byte[] name = topic.name().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(13 + name.length)
                .put(LAYOUT_VERSION)
                .putInt(topic.queueCount())
                .putLong(topic.retention().toMillis())
                .put(name)
                .array();
    }

    private static TopicView decode(int topicId, byte[] value) {
        if (value.length < 13 || value[0] != LAYOUT_VERSION) {
            throw new IllegalStateException("topic " + topicId + " is stored in a layout that is not known");
        }
        ByteBuffer source = ByteBuffer.wrap(value, 1, value.length - 1);
        int queueCount = source.getInt();
        Duration retention = Duration.ofMillis(source.getLong());
        String name = new String(value, 13, value.length - 13, StandardCharsets.UTF_8);
        return new TopicView(name, topicId, queueCount, retention);
    }
}
