package io.argosy.broker.publish;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.message.BytesHash;
import io.argosy.broker.message.MessageScan;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.RunResults;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * PUBLISH entries: gives each message that was not stored before the next offset of its queue, in log order.
 *
 * <p>Ids of the window are kept in the store as well, so that a restart does not depend on reading a minute of the log
 * again (which may be gigabytes, and damaged). One key per run in {@link Family#RECENT_IDS}: log index of the run's first
 * PUBLISH entry (8, big endian). The value is version 1 (1) and then, for each entry with a client hash: time (8), queue
 * (4), offset of the first new message (8), messages (2), new messages (2), and the hash of each new one (16). Keys are
 * removed at the head; {@link Family#META} keeps the first that counts, under {@code recent-ids-floor}, so that opening
 * never steps over removed ones.
 */
public final class PublishApplier implements CommandApplier {

    /** How long an id is remembered, in entry time. */
    static final long WINDOW_MILLIS = 60_000;

    /** How many messages are remembered at most. */
    static final int IDS_MAX = 4_000_000;

    private static final byte[] FLOOR_KEY = "recent-ids-floor".getBytes(StandardCharsets.US_ASCII);
    private static final byte LAYOUT_VERSION = 1;
    private static final long MARK_MILLIS = 1000;
    private static final int BLOCK_HEADER_BYTES = 24;
    private static final int IDS_BYTES_KEPT = 64 << 10;

    private final TopicTable topics;
    private final QueueIndex queues;
    private RecentIds recent;
    private final RunResults<PublishOutcome> results = new RunResults<>();

    // What the current run adds to the store: see the class.
    private ByteBuffer ids = ByteBuffer.allocate(4096);
    private long runKey;

    // Entries with ids since the start, and which of them stand under which keys: about one mark per second.
    private long entriesSeen;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();

    private boolean[] duplicate = new boolean[16];
    private long[] offsets = new long[16];

    // Since the start.
    private final LongAdder storedMessages = new LongAdder();
    private final LongAdder storedBytes = new LongAdder();

    private static final class Mark {
        final long firstKey;
        final long sinceMillis;
        long lastKey;
        long entriesEnd;

        Mark(long firstKey, long sinceMillis) {
            this.firstKey = firstKey;
            this.sinceMillis = sinceMillis;
            this.lastKey = firstKey;
        }
    }

    /** Loads what the store holds. */
    public PublishApplier(StateStore store, TopicTable topics, QueueIndex queues) {
        this(store, topics, queues, new RecentIds(WINDOW_MILLIS, IDS_MAX));
    }

    PublishApplier(StateStore store, TopicTable topics, QueueIndex queues, RecentIds recent) {
        this.topics = topics;
        this.queues = queues;
        this.recent = recent;
        load(store);
    }

    @Override
    public void reload(StateStore store) {
        recent = recent.emptied();
        entriesSeen = 0;
        marks.clear();
        ids.clear();
        load(store);
    }

    private void load(StateStore store) {
        byte[] floor = store.get(Family.META, FLOOR_KEY).orElse(key(0));
        store.scan(Family.RECENT_IDS, floor, key(Long.MAX_VALUE), (key, value) -> {
            restore(ByteBuffer.wrap(key).getLong(), ByteBuffer.wrap(value));
            return true;
        });
    }

    private void restore(long key, ByteBuffer value) {
        if (value.get() != LAYOUT_VERSION) {
            throw new IllegalStateException("recent ids at " + key + " are stored in a layout that is not known");
        }
        while (value.hasRemaining()) {
            long timeMillis = value.getLong();
            int queueId = value.getInt();
            long base = value.getLong();
            int messageCount = value.getShort() & 0xffff;
            int added = value.getShort() & 0xffff;
            recent.expire(timeMillis);
            for (int i = 0; i < added; i++) {
                long high = value.getLong();
                long low = value.getLong();
                recent.add(high, low, queueId, base + i);
            }
            recent.endEntry(timeMillis, messageCount, added);
            mark(key, timeMillis);
        }
    }

    /** Messages stored since this process started, duplicates excluded. Any thread. */
    public long storedMessages() {
        return storedMessages.sum();
    }

    /** Bytes of the entries that brought them. Any thread. */
    public long storedBytes() {
        return storedBytes.sum();
    }

    /** What the entry did; only right after its run was applied, on the applier thread, that is, for its proposer. */
    public Optional<PublishOutcome> outcome(long logIndex) {
        return results.of(logIndex);
    }

    @Override
    public Set<Command.Kind> kinds() {
        return Set.of(Command.Kind.PUBLISH);
    }

    @Override
    public void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis) {
        PublishBatch batch = PublishBatch.of(payload);
        Optional<TopicView> topic = topics.topic(batch.topicId());
        if (topic.isEmpty()
                || batch.queueId() < 0
                || batch.queueId() >= topic.get().queueCount()) {
            results.add(entry.index(), new PublishOutcome.NoSuchQueue());
            return;
        }
        long base = queues.nextOffset(topic.get(), batch.queueId());
        int duplicates = findDuplicates(entry.index(), batch, base, entryTimeMillis);
        storedMessages.add(batch.count() - duplicates);
        storedBytes.add(payload.remaining());
        if (duplicates == 0) {
            queues.append(
                    topic.get(), batch.queueId(), entry.index(), 0, batch.count(), entryTimeMillis, batch::tagHash);
            results.add(entry.index(), new PublishOutcome.Stored(base));
            return;
        }
        appendNewOnes(topic.get(), batch, entry.index(), entryTimeMillis);
        long[] all = new long[batch.count()];
        System.arraycopy(offsets, 0, all, 0, all.length);
        results.add(entry.index(), new PublishOutcome.SomeDuplicates(all));
    }

    /** Fills {@link #duplicate} and {@link #offsets}; returns how many are duplicates. */
    private int findDuplicates(long logIndex, PublishBatch batch, long base, long timeMillis) {
        if (batch.clientHashHigh() == 0 && batch.clientHashLow() == 0) {
            return 0;
        }
        int count = batch.count();
        if (duplicate.length < count) {
            duplicate = new boolean[count];
            offsets = new long[count];
        }
        recent.expire(timeMillis);
        ByteBuffer bytes = batch.encode();
        long topicSalt = BytesHash.mix(batch.topicId());
        long highSeed = batch.clientHashHigh() ^ topicSalt;
        long lowSeed = batch.clientHashLow() ^ topicSalt;
        int position = batch.messagesPosition();
        int added = 0;
        int blockPosition = beginBlock(logIndex, batch, base, timeMillis);
        for (int i = 0; i < count; i++) {
            int length = batch.messageLength(i);
            long id = MessageScan.messageIdOf(bytes, position, length);
            position += length;
            int idPosition = (int) (id >> 32);
            int idLength = id == MessageScan.ABSENT ? 0 : (int) id;
            long high = BytesHash.hash(bytes, Math.max(idPosition, 0), idLength, highSeed);
            long low = BytesHash.hash(bytes, Math.max(idPosition, 0), idLength, lowSeed);
            duplicate[i] = recent.find(high, low);
            if (duplicate[i]) {
                offsets[i] = recent.foundOffset();
            } else {
                offsets[i] = base + added;
                recent.add(high, low, batch.queueId(), offsets[i]);
                ids.putLong(high).putLong(low);
                added++;
            }
        }
        ids.putShort(blockPosition + 20, (short) count).putShort(blockPosition + 22, (short) added);
        recent.endEntry(timeMillis, count, added);
        mark(runKey, timeMillis);
        return count - added;
    }

    /** Room for the block of one entry; returns where it begins. The two counts are filled in at its end. */
    private int beginBlock(long logIndex, PublishBatch batch, long base, long timeMillis) {
        int needed = 1 + BLOCK_HEADER_BYTES + 16 * batch.count();
        if (ids.remaining() < needed) {
            int longer = Math.max(ids.capacity() * 2, ids.position() + needed);
            ids = ByteBuffer.allocate(longer).put(ids.flip());
        }
        if (ids.position() == 0) {
            runKey = logIndex;
            ids.put(LAYOUT_VERSION);
        }
        int position = ids.position();
        ids.putLong(timeMillis)
                .putInt(batch.queueId())
                .putLong(base)
                .putShort((short) 0)
                .putShort((short) 0);
        return position;
    }

    private void mark(long key, long timeMillis) {
        entriesSeen++;
        Mark last = marks.peekLast();
        if (last == null || (last.sinceMillis + MARK_MILLIS <= timeMillis && last.lastKey != key)) {
            last = new Mark(key, timeMillis);
            marks.add(last);
        }
        last.lastKey = key;
        last.entriesEnd = entriesSeen;
    }

    private void appendNewOnes(TopicView topic, PublishBatch batch, long logIndex, long timeMillis) {
        int first = 0;
        while (first < batch.count()) {
            int end = first;
            while (end < batch.count() && !duplicate[end]) {
                end++;
            }
            if (end > first) {
                queues.append(topic, batch.queueId(), logIndex, first, end - first, timeMillis, batch::tagHash);
            }
            first = end + 1;
        }
    }

    @Override
    public void index(StateStore.Batch batch) {
        if (ids.position() > 0) {
            batch.put(Family.RECENT_IDS, key(runKey), Arrays.copyOf(ids.array(), ids.position()));
            ids.clear();
            if (ids.capacity() > IDS_BYTES_KEPT) {
                ids = ByteBuffer.allocate(IDS_BYTES_KEPT);
            }
        }
        removeForgotten(batch);
    }

    private void removeForgotten(StateStore.Batch batch) {
        long from = -1;
        long to = -1;
        while (marks.size() > 1 && marks.getFirst().entriesEnd <= recent.forgottenEntries()) {
            long first = marks.removeFirst().firstKey;
            from = from < 0 ? first : from;
            to = marks.getFirst().firstKey;
        }
        if (from >= 0) {
            batch.deleteRange(Family.RECENT_IDS, key(from), key(to));
            batch.put(Family.META, FLOOR_KEY, key(to));
        }
    }

    @Override
    public void visible() {
        results.runIsOver();
    }

    private static byte[] key(long logIndex) {
        return ByteBuffer.allocate(8).putLong(logIndex).array();
    }
}
