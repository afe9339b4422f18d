package io.argosy.raft.storage;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where entries lie in one segment: a point at least every {@link #POINT_BYTES}. A point leads to an entry or to the
 * head of a record; behind it follow all entries in order up to the next <em>break</em>, an index whose predecessor
 * does not lie directly in front of it because something was truncated or is damaged.
 *
 * <p>The methods lock: the writer adds a point every few hundred entries and readers search it, which no queue could
 * make cheaper.
 */
final class SegmentIndex {

    static final int POINT_BYTES = 32 << 10;

    private long[] indexes = new long[16];
    private long[] positions = new long[16];
    private int count;
    private long[] breaks = new long[0];

    /**
     * Where to start reading, and the index before which to stop.
     *
     * @param nextIndex of the next known place
     * @param nextPosition the entry that was looked for ends in front of it
     */
    record Place(long index, long position, long endIndex, long nextIndex, long nextPosition) {}

    synchronized void add(long index, long position) {
        if (count > 0 && indexes[count - 1] == index) {
            positions[count - 1] = position;
            return;
        }
        if (count == indexes.length) {
            indexes = Arrays.copyOf(indexes, count * 2);
            positions = Arrays.copyOf(positions, count * 2);
        }
        indexes[count] = index;
        positions[count++] = position;
    }

    /** Adds a point unless the one before is near. */
    synchronized void offer(long index, long position) {
        if (count == 0 || position - positions[count - 1] >= POINT_BYTES) {
            add(index, position);
        }
    }

    /** The index lies, or will lie, at the position, whatever is in front of it. */
    synchronized void breakAt(long index, long position) {
        if (breaks.length == 0 || breaks[breaks.length - 1] < index) {
            breaks = Arrays.copyOf(breaks, breaks.length + 1);
            breaks[breaks.length - 1] = index;
        }
        add(index, position);
    }

    /** Forgets the index and everything behind it; what is added next starts at the position. */
    synchronized void truncateFrom(long index, long nextPosition) {
        while (count > 0 && indexes[count - 1] >= index) {
            count--;
        }
        int left = breaks.length;
        while (left > 0 && breaks[left - 1] >= index) {
            left--;
        }
        breaks = Arrays.copyOf(breaks, left);
        breakAt(index, nextPosition);
    }

    /** Takes over the breaks that a scan of the same segment found, and where to go on behind them. */
    void learn(SegmentIndex scanned) {
        long[][] found = scanned.copy();
        for (long index : found[2]) {
            int at = Arrays.binarySearch(found[0], index);
            learn(index, found[1][at]);
        }
    }

    private synchronized void learn(long index, long position) {
        int at = Arrays.binarySearch(breaks, index);
        if (at < 0) {
            long[] more = Arrays.copyOf(breaks, breaks.length + 1);
            System.arraycopy(breaks, -at - 1, more, -at, breaks.length + at + 1);
            more[-at - 1] = index;
            breaks = more;
        }
        int point = Arrays.binarySearch(indexes, 0, count, index);
        if (point >= 0) {
            positions[point] = position;
            return;
        }
        add(index, position);
        for (int i = count - 1; i > -point - 1; i--) {
            indexes[i] = indexes[i - 1];
            positions[i] = positions[i - 1];
        }
        indexes[-point - 1] = index;
        positions[-point - 1] = position;
    }

    synchronized Place locate(long index) {
        int at = Arrays.binarySearch(indexes, 0, count, index);
        int point = at >= 0 ? at : -at - 2;
        int next = Arrays.binarySearch(breaks, index);
        int end = next >= 0 ? next + 1 : -next - 1;
        return new Place(
                indexes[point],
                positions[point],
                end < breaks.length ? breaks[end] : Long.MAX_VALUE,
                point + 1 < count ? indexes[point + 1] : Long.MAX_VALUE,
                point + 1 < count ? positions[point + 1] : Long.MAX_VALUE);
    }

    synchronized long[][] copy() {
        return new long[][] {Arrays.copyOf(indexes, count), Arrays.copyOf(positions, count), breaks.clone()};
    }

    /** Reads points, then the number of breaks and the breaks, as {@link SealedIndex} wrote them. */
    static SegmentIndex read(ByteBuffer in, int points) {
        SegmentIndex result = new SegmentIndex();
        for (int i = 0; i < points; i++) {
            result.add(in.getLong(), in.getLong());
        }
        long[] breaks = new long[in.getInt()];
        for (int i = 0; i < breaks.length; i++) {
            breaks[i] = in.getLong();
        }
        synchronized (result) {
            result.breaks = breaks;
        }
        return result;
    }
}
