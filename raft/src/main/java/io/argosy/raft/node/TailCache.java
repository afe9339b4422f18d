package io.argosy.raft.node;

import io.argosy.raft.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The newest entries in memory: a ring of slots, each holding the entry of an index or nothing of interest. The loop
 * thread writes; anybody reads without a lock, and finds an entry by looking whether its slot holds that index.
 */
final class TailCache {

    private static final int SLOTS = 1 << 16;

    private final AtomicReferenceArray<@Nullable Entry> slots = new AtomicReferenceArray<>(SLOTS);
    private final long bytesMax;
    private long firstIndex = 1;
    private long nextIndex = 1;
    private long bytes;

    TailCache(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /**
     * Adds entries that replace everything from the first one's index on; drops the oldest beyond the bound.
     *
     * @param evictableIndex entries behind it stay: they can't be read from the disk yet
     */
    void add(List<Entry> entries, long evictableIndex) {
        if (entries.isEmpty()) {
            return;
        }
        long index = entries.get(0).index();
        if (index < nextIndex) {
            truncateFrom(index);
        }
        if (nextIndex != index || firstIndex > index) {
            clear(index);
        }
        for (Entry entry : entries) {
            if (nextIndex - firstIndex == SLOTS) {
                dropFirst();
            }
            slots.setRelease((int) nextIndex & (SLOTS - 1), entry);
            bytes += entry.frameBytes();
            nextIndex++;
        }
        while (bytes > bytesMax && firstIndex <= evictableIndex && firstIndex < nextIndex) {
            dropFirst();
        }
    }

    /** Drops what is up to the index, which must be readable from the disk. */
    void dropUpTo(long index) {
        while (firstIndex <= index && firstIndex < nextIndex) {
            dropFirst();
        }
    }

    void truncateFrom(long index) {
        while (nextIndex > index && nextIndex > firstIndex) {
            nextIndex--;
            Entry dropped = slots.getPlain((int) nextIndex & (SLOTS - 1));
            if (dropped != null) {
                bytes -= dropped.frameBytes();
                slots.setRelease((int) nextIndex & (SLOTS - 1), null);
            }
        }
    }

    /** The log begins anew behind the index. */
    void restartBehind(long index) {
        clear(index + 1);
    }

    private void clear(long index) {
        while (firstIndex < nextIndex) {
            dropFirst();
        }
        firstIndex = index;
        nextIndex = index;
    }

    private void dropFirst() {
        Entry dropped = slots.getPlain((int) firstIndex & (SLOTS - 1));
        if (dropped != null) {
            bytes -= dropped.frameBytes();
            slots.setRelease((int) firstIndex & (SLOTS - 1), null);
        }
        firstIndex++;
    }

    Optional<Entry> get(long index) {
        Entry entry = slots.getAcquire((int) index & (SLOTS - 1));
        return entry != null && entry.index() == index ? Optional.of(entry) : Optional.empty();
    }

    /**
     * Entries from the index on while they are here, at least one if that is, up to the bounds.
     *
     * @return empty if the first one is not here
     */
    List<Entry> run(long fromIndex, long toIndex, long runBytesMax, int countMax) {
        Optional<Entry> first = get(fromIndex);
        if (first.isEmpty() || fromIndex > toIndex) {
            return List.of();
        }
        List<Entry> run = new ArrayList<>();
        long runBytes = 0;
        Entry entry = first.get();
        for (long index = fromIndex; ; ) {
            run.add(entry);
            runBytes += entry.frameBytes();
            index++;
            if (index > toIndex || run.size() >= countMax) {
                return run;
            }
            Entry next = slots.getAcquire((int) index & (SLOTS - 1));
            if (next == null || next.index() != index || runBytes + next.frameBytes() > runBytesMax) {
                return run;
            }
            entry = next;
        }
    }
}
