package io.argosy.broker.queue;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.message.Expansion;
import io.argosy.broker.topic.TopicTable;
import io.argosy.raft.Entry;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.wire.batch.CompactBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Loads the messages of runs from the log: from the tail cache at once, else on the log's reader threads. */
public final class QueueReader {

    /** How far apart two runs of one read may lie in the log to be fetched by one visit of the disk. */
    private static final long NEAR_ENTRIES = 256;

    private static final int DISK_READ_BYTES = 1 << 20;

    private static final long OPEN_BYTES_MAX = 4 << 20;

    private final LogReader log;
    private final TopicTable topics;
    private final OpenBodies open = new OpenBodies(OPEN_BYTES_MAX);

    /** @param topics compact batches don't name their topic */
    public QueueReader(LogReader log, TopicTable topics) {
        this.log = log;
        this.topics = topics;
    }

    /**
     * The messages of the runs, in order, until their bytes reach the maximum; at least one if there is a run. The future
     * is complete on return if the tail cache had them all.
     *
     * @param runs ascending by log index, as {@link QueueIndex#locate} gives them
     * @return fails (perhaps wrapped, as futures do) with {@link DamagedEntryException} or {@link
     *     TrimmedException} if that befalls the first run; if a later one, the messages before it are the answer
     */
    public CompletableFuture<List<StoredMessage>> read(List<MessageRun> runs, long bytesMax) {
        return new Reading(runs, bytesMax).go(List.of());
    }

    private final class Reading {

        private final List<MessageRun> runs;
        private final long bytesMax;
        private final List<StoredMessage> messages = new ArrayList<>();
        private long bytes;
        private int next;

        Reading(List<MessageRun> runs, long bytesMax) {
            this.runs = runs;
            this.bytesMax = bytesMax;
        }

        /** Takes what the entries and the cache give, then asks the disk for the first one that is missing. */
        CompletableFuture<List<StoredMessage>> go(List<Entry> fetched) {
            while (next < runs.size() && (messages.isEmpty() || bytes < bytesMax)) {
                MessageRun run = runs.get(next);
                Optional<Entry> entry = fetched(fetched, run.logIndex()).or(() -> log.cached(run.logIndex()));
                if (entry.isEmpty()) {
                    return fetch(run.logIndex());
                }
                take(run, entry.get());
                next++;
            }
            return CompletableFuture.completedFuture(messages);
        }

        private Optional<Entry> fetched(List<Entry> entries, long index) {
            if (entries.isEmpty()) {
                return Optional.empty();
            }
            long at = index - entries.get(0).index();
            return at >= 0 && at < entries.size() ? Optional.of(entries.get((int) at)) : Optional.empty();
        }

        private CompletableFuture<List<StoredMessage>> fetch(long index) {
            boolean nearby = next + 1 < runs.size() && runs.get(next + 1).logIndex() - index <= NEAR_ENTRIES;
            return log.read(index, nearby ? DISK_READ_BYTES : 1)
                    .thenCompose(this::go)
                    .exceptionallyCompose(failure -> !messages.isEmpty() && missing(failure)
                            ? CompletableFuture.completedFuture(messages)
                            : CompletableFuture.failedFuture(failure));
        }

        private boolean missing(Throwable failure) {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            return cause instanceof DamagedEntryException || cause instanceof TrimmedException;
        }

        private void take(MessageRun run, Entry entry) {
            ByteBuffer payload = entry.payload();
            if (Command.kindOf(payload) == Command.Kind.PUBLISH_COMPACT) {
                expand(run, CompactBatch.of(payload));
            } else {
                view(run, PublishBatch.of(payload));
            }
        }

        /** Nothing of a batch whose topic is deleted or whose bodies nobody can open. */
        private void expand(MessageRun run, CompactBatch batch) {
            Optional<Expansion> expansion = topics.topic(batch.topicId())
                    .flatMap(topic ->
                            open.of(run.logIndex(), batch).map(bodies -> new Expansion(batch, bodies, topic.name())));
            for (int i = 0; expansion.isPresent() && i < run.count() && (messages.isEmpty() || bytes < bytesMax); i++) {
                int ordinal = run.firstOrdinal() + i;
                ByteBuffer message = expansion.get().message(ordinal);
                bytes += message.remaining();
                messages.add(new StoredMessage(
                        run.baseOffset() + i, message, run.timestampMillis(), run.logIndex(), ordinal));
            }
        }

        private void view(MessageRun run, PublishBatch batch) {
            int position = batch.messagesPosition();
            for (int ordinal = 0; ordinal < run.firstOrdinal(); ordinal++) {
                position += batch.messageLength(ordinal);
            }
            for (int i = 0; i < run.count() && (messages.isEmpty() || bytes < bytesMax); i++) {
                int ordinal = run.firstOrdinal() + i;
                int length = batch.messageLength(ordinal);
                messages.add(new StoredMessage(
                        run.baseOffset() + i,
                        batch.encode().slice(position, length),
                        run.timestampMillis(),
                        run.logIndex(),
                        ordinal));
                position += length;
                bytes += length;
            }
        }
    }
}
