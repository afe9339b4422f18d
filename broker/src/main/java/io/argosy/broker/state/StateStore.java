package io.argosy.broker.state;

import io.argosy.raft.StateMachine.CheckedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * Ordered byte maps, changed atomically together with the applied index. RocksDB in production, an ordered map in the
 * simulator. One thread writes; reads from any thread see whole batches.
 */
public interface StateStore extends AutoCloseable {

    /** A column family. */
    enum Family {
        META("meta"),
        TOPICS("topics"),
        GROUPS("groups"),
        QUEUE_INDEX("queue-index"),
        PROGRESS("progress"),
        /** Ids of recently published messages, consumed at its head. */
        RECENT_IDS("recent-ids"),
        /** The newest compact batch of each producer, per queue. */
        PRODUCERS("producers");

        private final String label;

        Family(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    Optional<byte[]> get(Family family, byte[] key);

    /**
     * Visits keys in [from, to) in unsigned byte order until the visitor returns false.
     *
     * @param visitor gets key and value; the arrays are its own
     */
    void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor);

    /** As {@link #scan}, in descending order from the greatest key below {@code to}. */
    void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor);

    Batch newBatch();

    /** Applies the batch and the applied index as one; visible on return, durable after {@link #flush} (R40). */
    void write(Batch batch, long appliedIndex);

    /** Makes everything written so far durable, all families at one applied index. */
    void flush();

    /** Of the last write. */
    long appliedIndex();

    /** Of the last state that survives a crash now. */
    long durableAppliedIndex();

    /**
     * Writes a consistent copy into a folder that does not exist yet; others go on using the store.
     *
     * @return the applied index of the copy
     */
    long snapshot(Path folder) throws IOException;

    /**
     * Replaces everything by the copy, durably; the folder stays as it is. On the thread that writes; readers on other
     * threads wait, and see one state or the other.
     */
    void restore(Path folder) throws IOException;

    /** Of the files that hold the durable state, about. */
    default long durableBytes() {
        return 0;
    }

    /** As {@link io.argosy.raft.StateMachine#checkFileAfter}. Any thread. */
    default Optional<CheckedFile> checkFileAfter(String name) {
        return Optional.empty();
    }

    @Override
    void close();

    /** Changes collected for one {@link #write}; not thread-safe. */
    interface Batch extends AutoCloseable {

        void put(Family family, byte[] key, byte[] value);

        void delete(Family family, byte[] key);

        void deleteRange(Family family, byte[] from, byte[] to);

        @Override
        void close();
    }
}
