package io.argosy.broker.consume;

import io.argosy.broker.command.Command;
import io.argosy.broker.consume.ConsumeCommand.QueueChange;
import io.argosy.broker.consume.ProgressStore.StoredGroup;
import io.argosy.broker.consume.ProgressStore.StoredQueue;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.StateStore;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongBiFunction;

/**
 * The groups and their progress as applied on this replica: in memory, and through the applier's batch in the store.
 *
 * <p>Changed by the applier thread alone. Readers (a leader that begins its term, operators) copy under the same lock;
 * a queue of tasks to the applier would make them wait for its disk writes.
 */
public final class AppliedProgress implements GroupViews, CommandApplier {

    private final Map<String, Group> groups = new TreeMap<>();
    private final ToLongBiFunction<Integer, Integer> endOffset;
    private int lastGroupId;

    // What the entries since the last batch changed; applier thread only.
    private final Set<AppliedQueue> touched = new LinkedHashSet<>();
    private final List<StoredGroup> created = new ArrayList<>();
    private final Set<Integer> deletedTopics = new LinkedHashSet<>();

    /**
     * Loads what the store holds.
     *
     * @param endOffset of topic id and queue id; for the lag that operators see
     */
    public AppliedProgress(StateStore store, ToLongBiFunction<Integer, Integer> endOffset) {
        this.endOffset = endOffset;
        load(store);
    }

    @Override
    public synchronized void reload(StateStore store) {
        groups.clear();
        lastGroupId = 0;
        touched.clear();
        created.clear();
        deletedTopics.clear();
        load(store);
    }

    private void load(StateStore store) {
        for (StoredGroup stored : ProgressStore.loadGroups(store)) {
            Group group = new Group(stored);
            groups.put(stored.name(), group);
            lastGroupId = Math.max(lastGroupId, stored.groupId());
            ProgressStore.loadProgress(
                    store,
                    stored.groupId(),
                    (queue, progress) -> group.topics
                            .computeIfAbsent(queue.topicId(), topic -> new TreeMap<>())
                            .put(queue.queueId(), new AppliedQueue(queue, progress)));
        }
    }

    @Override
    public Set<Command.Kind> kinds() {
        return Set.of(Command.Kind.CONSUME);
    }

    @Override
    public void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis) {
        apply(ConsumeCommand.decode(payload), entryTimeMillis);
    }

    synchronized void apply(ConsumeCommand command, long entryTimeMillis) {
        for (String name : command.groups()) {
            if (!groups.containsKey(name)) {
                create(name, entryTimeMillis);
            }
        }
        for (QueueChange change : command.changes()) {
            AppliedQueue queue = queue(change.queue());
            queue.apply(change.change());
            touched.add(queue);
        }
    }

    @Override
    public synchronized void index(StateStore.Batch batch) {
        created.forEach(group -> ProgressStore.putGroup(batch, group));
        // Before the rest: a change can come after the deletion, from a leader that had not heard of it.
        for (int topicId : deletedTopics) {
            for (Group group : groups.values()) {
                ProgressStore.deleteTopic(batch, group.stored.groupId(), topicId);
            }
        }
        touched.forEach(queue -> queue.persist(batch));
        created.clear();
        touched.clear();
        deletedTopics.clear();
    }

    /** Forgets what groups did in a topic that is deleted; its id is never used again. On the applier thread. */
    public synchronized void topicDeleted(int topicId) {
        for (Group group : groups.values()) {
            Optional.ofNullable(group.topics.remove(topicId)).ifPresent(queues -> touched.removeAll(queues.values()));
        }
        deletedTopics.add(topicId);
    }

    synchronized boolean exists(String group) {
        return groups.containsKey(group);
    }

    /** Copies of the progress of a group in the queues of a topic, by queue id; queues without progress are absent. */
    synchronized Map<Integer, QueueProgress> copyOf(String group, int topicId) {
        Map<Integer, QueueProgress> copies = new TreeMap<>();
        Optional.ofNullable(groups.get(group))
                .map(known -> known.topics.getOrDefault(topicId, Map.of()))
                .orElse(Map.of())
                .forEach((queueId, queue) -> copies.put(queueId, new QueueProgress(queue.progress)));
        return copies;
    }

    synchronized Optional<QueueProgress> copyOf(QueueRef queue) {
        return Optional.ofNullable(groups.get(queue.group()))
                .map(group ->
                        group.topics.getOrDefault(queue.topicId(), Map.of()).get(queue.queueId()))
                .map(applied -> new QueueProgress(applied.progress));
    }

    synchronized OptionalLong pullOffset(QueueRef queue) {
        return Optional.ofNullable(groups.get(queue.group()))
                .map(group ->
                        group.topics.getOrDefault(queue.topicId(), Map.of()).get(queue.queueId()))
                .map(applied -> applied.progress.pullOffset())
                .orElse(OptionalLong.empty());
    }

    @Override
    public synchronized List<String> groups() {
        return List.copyOf(groups.keySet());
    }

    @Override
    public synchronized Optional<GroupView> group(String name) {
        return Optional.ofNullable(groups.get(name)).map(this::view);
    }

    private GroupView view(Group group) {
        List<QueueView> queues = new ArrayList<>();
        Set<String> clients = new TreeSet<>();
        group.topics.forEach((topicId, byQueue) -> byQueue.forEach((queueId, queue) -> {
            QueueProgress progress = queue.progress;
            progress.leases().values().forEach(lease -> clients.add(lease.clientId()));
            long ackedAbove = progress.acked().countAboveBase();
            long end = endOffset.applyAsLong(topicId, queueId);
            queues.add(new QueueView(
                    topicId,
                    queueId,
                    progress.base(),
                    ackedAbove,
                    progress.leases().size(),
                    Math.max(0, end - progress.base() - ackedAbove),
                    progress.pullOffset()));
        }));
        return new GroupView(
                group.stored.name(), group.stored.groupId(), group.stored.createdMillis(), queues, clients);
    }

    private void create(String name, long createdMillis) {
        StoredGroup stored = new StoredGroup(name, ++lastGroupId, createdMillis);
        groups.put(name, new Group(stored));
        created.add(stored);
    }

    private AppliedQueue queue(QueueRef ref) {
        Group group = groups.get(ref.group());
        if (group == null) {
            throw new IllegalStateException("change for a group that its command does not name: " + ref);
        }
        return group.topics
                .computeIfAbsent(ref.topicId(), topic -> new TreeMap<>())
                .computeIfAbsent(
                        ref.queueId(),
                        queue -> new AppliedQueue(
                                new StoredQueue(group.stored.groupId(), ref.topicId(), queue), new QueueProgress()));
    }

    private static final class Group {

        final StoredGroup stored;
        final Map<Integer, Map<Integer, AppliedQueue>> topics = new TreeMap<>();

        Group(StoredGroup stored) {
            this.stored = stored;
        }
    }

    /** Progress with the memory of what of it lies in the store and what of that is stale. */
    private static final class AppliedQueue {

        private final StoredQueue key;
        private final QueueProgress progress;
        private final NavigableSet<Long> storedChunks = new TreeSet<>();
        private final NavigableSet<Long> storedBlocks = new TreeSet<>();
        private final Set<Long> dirtyChunks = new TreeSet<>();
        private final Set<Long> dirtyBlocks = new TreeSet<>();

        AppliedQueue(StoredQueue key, QueueProgress progress) {
            this.key = key;
            this.progress = progress;
            progress.leases().keySet().forEach(offset -> storedBlocks.add(blockOf(offset)));
            progress.acked().chunkNumbers().forEach(storedChunks::add);
        }

        void apply(ProgressChange change) {
            change.applyTo(progress);
            if (change instanceof ProgressChange.Acked acked) {
                long end = acked.first() + acked.count();
                touch(acked.first(), end, AckedOffsets.CHUNK_OFFSETS, dirtyChunks);
                touch(acked.first(), end, ProgressStore.LEASE_BLOCK_OFFSETS, dirtyBlocks);
            } else if (change instanceof ProgressChange.Leased leased) {
                touch(leased.first(), leased.first() + leased.count(), ProgressStore.LEASE_BLOCK_OFFSETS, dirtyBlocks);
            }
        }

        private static void touch(long first, long end, int size, Set<Long> dirty) {
            for (long number = first / size; number * size < end; number++) {
                dirty.add(number);
            }
        }

        void persist(StateStore.Batch batch) {
            long base = progress.base();
            ProgressStore.putHead(batch, key, progress);
            // Also the block that holds the base: an advance can end in the middle of it.
            dirtyChunks.addAll(storedChunks.headSet(base / AckedOffsets.CHUNK_OFFSETS, true));
            dirtyBlocks.addAll(storedBlocks.headSet(base / ProgressStore.LEASE_BLOCK_OFFSETS, true));
            for (long number : dirtyChunks) {
                Optional<long[]> words = progress.acked().chunk(number);
                if (words.isPresent()) {
                    ProgressStore.putChunk(batch, key, number, words.get());
                    storedChunks.add(number);
                } else if (storedChunks.remove(number)) {
                    ProgressStore.deleteChunk(batch, key, number);
                }
            }
            for (long number : dirtyBlocks) {
                long first = number * ProgressStore.LEASE_BLOCK_OFFSETS;
                var leases = progress.leases(first, first + ProgressStore.LEASE_BLOCK_OFFSETS);
                if (!leases.isEmpty()) {
                    ProgressStore.putLeases(batch, key, number, leases);
                    storedBlocks.add(number);
                } else if (storedBlocks.remove(number)) {
                    ProgressStore.deleteLeases(batch, key, number);
                }
            }
            dirtyChunks.clear();
            dirtyBlocks.clear();
        }

        private static long blockOf(long offset) {
            return offset / ProgressStore.LEASE_BLOCK_OFFSETS;
        }
    }
}
