package io.argosy.broker.publish;

import io.argosy.broker.command.Command;
import io.argosy.broker.message.MessageScan;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.TagHashes;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.RunResults;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.raft.Entry;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * PUBLISH_COMPACT entries: gives the messages of a batch the next offsets of their queue unless the same batch, or a
 * newer one of the same producer, was stored before. A producer has at most one batch per queue under way, so that its
 * newest sequence number says it all.
 *
 * <p>{@link Family#PRODUCERS}, big endian: producer (8), topic id (4), queue id (4) to version 1 (1), time (8), sequence
 * (8), base offset (8), log index of the entry (8).
 */
public final class CompactApplier implements CommandApplier {

    /** How long a producer's newest batch is remembered, in entry time; longer than any producer goes on trying. */
    static final long WINDOW_MILLIS = 600_000;

    /** How many are remembered at most; about 60 bytes each. */
    static final int ROWS_MAX = 1_000_000;

    private static final byte LAYOUT_VERSION = 1;
    private static final int KEY_BYTES = 16;
    private static final int VALUE_BYTES = 33;

    private final TopicTable topics;
    private final QueueIndex queues;
    private ProducerSequences sequences;
    private final RunResults<PublishOutcome> results = new RunResults<>();

    /** Of the current run, in order. */
    private final List<Write> writes = new ArrayList<>();

    private final MessageScan scan = new MessageScan();

    // Since the start.
    private final LongAdder storedMessages = new LongAdder();
    private final LongAdder storedBytes = new LongAdder();

    @SuppressWarnings("ArrayRecordComponent") // handed straight to the store, never compared
    private record Write(byte[] key, byte @Nullable [] value) {}

    /** Loads what the store holds. */
    public CompactApplier(StateStore store, TopicTable topics, QueueIndex queues) {
        this(store, topics, queues, new ProducerSequences(WINDOW_MILLIS, ROWS_MAX));
    }

    CompactApplier(StateStore store, TopicTable topics, QueueIndex queues, ProducerSequences sequences) {
        this.topics = topics;
        this.queues = queues;
        this.sequences = sequences;
        load(store);
    }

    @Override
    public void reload(StateStore store) {
        sequences = sequences.emptied();
        writes.clear();
        load(store);
    }

    /** In the order of the log, which is the one that forgetting goes by. */
    private void load(StateStore store) {
        record Row(ByteBuffer key, ByteBuffer value) {}
        List<Row> rows = new ArrayList<>();
        byte[] behindAll = new byte[KEY_BYTES + 1];
        Arrays.fill(behindAll, (byte) 0xff);
        store.scan(Family.PRODUCERS, new byte[0], behindAll, (key, value) -> {
            if (value.length != VALUE_BYTES || value[0] != LAYOUT_VERSION) {
                throw new IllegalStateException("a producer is stored in a layout that is not known");
            }
            rows.add(new Row(ByteBuffer.wrap(key), ByteBuffer.wrap(value)));
            return true;
        });
        rows.sort(Comparator.comparingLong(row -> row.value.getLong(25)));
        for (Row row : rows) {
            sequences.put(
                    row.key.getLong(0),
                    row.key.getInt(8),
                    row.key.getInt(12),
                    row.value.getLong(9),
                    row.value.getLong(17),
                    row.value.getLong(1));
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
        return Set.of(Command.Kind.PUBLISH_COMPACT);
    }

    @Override
    public void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis) {
        CompactBatch batch = CompactBatch.of(payload);
        forgetOld(entryTimeMillis);
        results.add(entry.index(), store(entry.index(), batch, entryTimeMillis));
    }

    private PublishOutcome store(long logIndex, CompactBatch batch, long entryTimeMillis) {
        Optional<TopicView> topic = topics.topic(batch.topicId());
        int queueId = batch.queueId();
        if (topic.isEmpty() || queueId < 0 || queueId >= topic.get().queueCount()) {
            return new PublishOutcome.NoSuchQueue();
        }
        long producer = batch.producer();
        if (producer != 0) {
            int row = sequences.find(producer, batch.topicId(), queueId);
            if (row >= 0 && batch.sequence() <= sequences.sequence(row)) {
                return batch.sequence() == sequences.sequence(row)
                        ? new PublishOutcome.Stored(sequences.baseOffset(row))
                        : new PublishOutcome.Overtaken();
            }
        }
        long base = queues.append(topic.get(), queueId, logIndex, 0, batch.count(), entryTimeMillis, tagHashes(batch));
        if (producer != 0) {
            remember(logIndex, batch, base, entryTimeMillis);
        }
        storedMessages.add(batch.count());
        storedBytes.add(batch.sizeBytes());
        return new PublishOutcome.Stored(base);
    }

    private TagHashes tagHashes(CompactBatch batch) {
        if (!batch.hasAttributes()) {
            return TagHashes.NONE;
        }
        int[] hashes = new int[batch.count()];
        ByteBuffer bytes = batch.bytes();
        CompactCursor cursor = batch.cursor();
        while (cursor.next()) {
            if (cursor.systemLength() == 0) {
                continue;
            }
            if (!scan.scanAttributes(bytes, 0, 0, cursor.systemPosition(), cursor.systemLength())) {
                throw new IllegalStateException("stored attributes are broken: " + scan.problem());
            }
            hashes[cursor.ordinal()] = scan.tagHash();
        }
        return ordinal -> hashes[ordinal];
    }

    private void remember(long logIndex, CompactBatch batch, long base, long timeMillis) {
        sequences.put(batch.producer(), batch.topicId(), batch.queueId(), batch.sequence(), base, timeMillis);
        ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES)
                .put(LAYOUT_VERSION)
                .putLong(timeMillis)
                .putLong(batch.sequence())
                .putLong(base)
                .putLong(logIndex);
        writes.add(new Write(key(batch.producer(), batch.topicId(), batch.queueId()), value.array()));
        forgetOld(timeMillis);
    }

    private void forgetOld(long nowMillis) {
        for (int row = sequences.toForget(nowMillis); row >= 0; row = sequences.toForget(nowMillis)) {
            writes.add(new Write(key(sequences.producer(row), sequences.topicId(row), sequences.queueId(row)), null));
            sequences.forget(row);
        }
    }

    private static byte[] key(long producer, int topicId, int queueId) {
        return ByteBuffer.allocate(KEY_BYTES)
                .putLong(producer)
                .putInt(topicId)
                .putInt(queueId)
                .array();
    }

    @Override
    public void index(StateStore.Batch batch) {
        for (Write write : writes) {
            if (write.value == null) {
                batch.delete(Family.PRODUCERS, write.key);
            } else {
                batch.put(Family.PRODUCERS, write.key, write.value);
            }
        }
        writes.clear();
    }

    @Override
    public void visible() {
        results.runIsOver();
    }
}
