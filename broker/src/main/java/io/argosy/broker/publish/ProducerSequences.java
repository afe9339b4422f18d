package io.argosy.broker.publish;

import java.util.Arrays;

/**
 * The newest compact batch that each producer had stored, per queue. What is remembered depends on the log alone: rows
 * are forgotten when their time lies the whole window back, and the oldest ones first when there are too many. Applier
 * thread only.
 *
 * <p>Rows stand in arrays that grow as they are needed; a table with open addressing maps a key to the number of its
 * row, and two arrays of links keep the rows in the order in which they were written.
 */
final class ProducerSequences {

    private static final int NONE = -1;
    private static final int ROWS_MIN = 64;

    private final long windowMillis;
    private final int rowsMax;

    private long[] producers = new long[ROWS_MIN];
    private int[] topicIds = new int[ROWS_MIN];
    private int[] queueIds = new int[ROWS_MIN];
    private long[] sequences = new long[ROWS_MIN];
    private long[] baseOffsets = new long[ROWS_MIN];
    private long[] timesMillis = new long[ROWS_MIN];
    private int[] older = new int[ROWS_MIN];
    private int[] newer = new int[ROWS_MIN];

    private int oldest = NONE;
    private int newest = NONE;

    /** Rows that are free again, linked by {@link #older}. */
    private int free = NONE;

    private int rowsUsed;
    private int size;

    /** Row number plus one; 0 is a free slot. At most half full. */
    private int[] table = new int[2 * ROWS_MIN];

    ProducerSequences(long windowMillis, int rowsMax) {
        this.windowMillis = windowMillis;
        this.rowsMax = rowsMax;
    }

    /** One with the same bounds that remembers nothing. */
    ProducerSequences emptied() {
        return new ProducerSequences(windowMillis, rowsMax);
    }

    int size() {
        return size;
    }

    /** The row of the key, or -1. */
    int find(long producer, int topicId, int queueId) {
        int mask = table.length - 1;
        for (int slot = slotOf(producer, topicId, queueId); table[slot] != 0; slot = (slot + 1) & mask) {
            int row = table[slot] - 1;
            if (producers[row] == producer && topicIds[row] == topicId && queueIds[row] == queueId) {
                return row;
            }
        }
        return NONE;
    }

    long producer(int row) {
        return producers[row];
    }

    int topicId(int row) {
        return topicIds[row];
    }

    int queueId(int row) {
        return queueIds[row];
    }

    long sequence(int row) {
        return sequences[row];
    }

    long baseOffset(int row) {
        return baseOffsets[row];
    }

    /** Writes a row; it becomes the newest one. */
    void put(long producer, int topicId, int queueId, long sequence, long baseOffset, long timeMillis) {
        int row = find(producer, topicId, queueId);
        if (row == NONE) {
            row = newRow();
            producers[row] = producer;
            topicIds[row] = topicId;
            queueIds[row] = queueId;
            insert(row);
            size++;
        } else {
            unlink(row);
        }
        sequences[row] = sequence;
        baseOffsets[row] = baseOffset;
        timesMillis[row] = timeMillis;
        older[row] = newest;
        newer[row] = NONE;
        if (newest == NONE) {
            oldest = row;
        } else {
            newer[newest] = row;
        }
        newest = row;
    }

    /** The oldest row if it is to be forgotten at this time, else -1. */
    int toForget(long nowMillis) {
        return size > rowsMax || (size > 0 && timesMillis[oldest] + windowMillis <= nowMillis) ? oldest : NONE;
    }

    void forget(int row) {
        unlink(row);
        remove(row);
        older[row] = free;
        free = row;
        size--;
    }

    private int newRow() {
        if (free != NONE) {
            int row = free;
            free = older[row];
            return row;
        }
        if (rowsUsed == producers.length) {
            grow(2 * rowsUsed);
        }
        return rowsUsed++;
    }

    private void grow(int rows) {
        producers = Arrays.copyOf(producers, rows);
        topicIds = Arrays.copyOf(topicIds, rows);
        queueIds = Arrays.copyOf(queueIds, rows);
        sequences = Arrays.copyOf(sequences, rows);
        baseOffsets = Arrays.copyOf(baseOffsets, rows);
        timesMillis = Arrays.copyOf(timesMillis, rows);
        older = Arrays.copyOf(older, rows);
        newer = Arrays.copyOf(newer, rows);
        table = new int[2 * rows];
        for (int row = oldest; row != NONE; row = newer[row]) {
            insert(row);
        }
    }

    private void unlink(int row) {
        if (older[row] == NONE) {
            oldest = newer[row];
        } else {
            newer[older[row]] = newer[row];
        }
        if (newer[row] == NONE) {
            newest = older[row];
        } else {
            older[newer[row]] = older[row];
        }
    }

    private int slotOf(long producer, int topicId, int queueId) {
        // Producers are random: that is spread enough for one queue each; the product spreads their queues.
        long hash = (producer ^ ((long) topicId << 32 | (queueId & 0xffff_ffffL))) * 0x9e3779b97f4a7c15L;
        return (int) (hash >>> 32) & (table.length - 1);
    }

    private int slotOf(int row) {
        return slotOf(producers[row], topicIds[row], queueIds[row]);
    }

    private void insert(int row) {
        int mask = table.length - 1;
        int slot = slotOf(row);
        while (table[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        table[slot] = row + 1;
    }

    /** Closes the gap, so that no search ends too early. */
    private void remove(int row) {
        int mask = table.length - 1;
        int gap = slotOf(row);
        while (table[gap] != row + 1) {
            gap = (gap + 1) & mask;
        }
        for (int slot = (gap + 1) & mask; table[slot] != 0; slot = (slot + 1) & mask) {
            int wanted = slotOf(table[slot] - 1);
            // It may move to the gap if the gap lies between the slot it wants and the slot it has, going round.
            if (((slot - wanted) & mask) >= ((slot - gap) & mask)) {
                table[gap] = table[slot];
                gap = slot;
            }
        }
        table[gap] = 0;
    }
}
