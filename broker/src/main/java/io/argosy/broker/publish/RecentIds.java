package io.argosy.broker.publish;

import java.util.Arrays;

/**
 * The ids of recently published messages, as 128-bit hashes, and where the messages went (D15). Which entries are
 * remembered depends on the log alone: the newest whose time lies less than the window back, as many as hold at most
 * {@code idsMax} messages together, whole entries. So replicas agree however they came to their state. Applier thread
 * only.
 *
 * <p>Records stand in chunks in log order, so that memory grows and shrinks with the traffic; a table with open addressing
 * maps a hash to the number of its record. 36 to 52 bytes per id.
 */
final class RecentIds {

    private static final int CHUNK_BITS = 10;
    private static final int CHUNK_RECORDS = 1 << CHUNK_BITS;
    private static final int TABLE_MIN = 1 << 8;

    /** Record numbers wrap here, so that a number plus one is never the 0 that marks a free slot. */
    private static final int NUMBER_MASK = 0x7fff_ffff;

    private static final Chunk NO_CHUNK = new Chunk(0);

    private final long windowMillis;
    private final int idsMax;

    // Chunk of record n: chunks[(n >>> CHUNK_BITS) & (chunks.length - 1)].
    private Chunk[] chunks = emptyDirectory(16);
    private int firstRecord;
    private int recordCount;

    private final EntryMarks entries = new EntryMarks();
    private long messages;
    private long forgottenEntries;

    private int[] table = new int[TABLE_MIN];

    private int foundQueueId;
    private long foundOffset;

    RecentIds(long windowMillis, int idsMax) {
        this.windowMillis = windowMillis;
        this.idsMax = idsMax;
    }

    /** One with the same bounds that remembers nothing. */
    RecentIds emptied() {
        return new RecentIds(windowMillis, idsMax);
    }

    /** Forgets entries that are too old at this time. */
    void expire(long nowMillis) {
        while (entries.size > 0 && entries.firstTimeMillis() + windowMillis <= nowMillis) {
            forgetFirstEntry();
        }
    }

    /** Looks for an id; if it is known, {@link #foundQueueId} and {@link #foundOffset} say where the message went. */
    boolean find(long high, long low) {
        int mask = table.length - 1;
        for (int slot = (int) low & mask; table[slot] != 0; slot = (slot + 1) & mask) {
            int record = table[slot] - 1;
            Chunk chunk = chunkOf(record);
            int at = record & (CHUNK_RECORDS - 1);
            if (chunk.low[at] == low && chunk.high[at] == high) {
                foundQueueId = chunk.queueId[at];
                foundOffset = chunk.offset[at];
                return true;
            }
        }
        return false;
    }

    int foundQueueId() {
        return foundQueueId;
    }

    long foundOffset() {
        return foundOffset;
    }

    /** Remembers an id that is not known yet; belongs to the entry that {@link #endEntry} ends. */
    void add(long high, long low, int queueId, long offset) {
        int record = (firstRecord + recordCount) & NUMBER_MASK;
        int at = record & (CHUNK_RECORDS - 1);
        if (at == 0) {
            newChunk(record);
        }
        Chunk chunk = chunkOf(record);
        chunk.high[at] = high;
        chunk.low[at] = low;
        chunk.queueId[at] = queueId;
        chunk.offset[at] = offset;
        recordCount++;
        if (recordCount * 2 > table.length) {
            rehash(table.length * 2);
        } else {
            occupy(record, low);
        }
    }

    /**
     * @param messageCount all messages of the entry, duplicates too: what is remembered must not depend on what was known
     * @param added ids added since the entry before
     */
    void endEntry(long timeMillis, int messageCount, int added) {
        entries.add(timeMillis, messageCount, added);
        messages += messageCount;
        while (messages > idsMax) {
            forgetFirstEntry();
        }
    }

    int size() {
        return recordCount;
    }

    /** How many entries were forgotten since the start; they go in the order they came. */
    long forgottenEntries() {
        return forgottenEntries;
    }

    private void forgetFirstEntry() {
        messages -= entries.firstMessages();
        for (int left = entries.firstRecords(); left > 0; left--) {
            forgetFirstRecord();
        }
        entries.removeFirst();
        forgottenEntries++;
        if (table.length > TABLE_MIN && recordCount * 16 < table.length) {
            rehash(table.length / 4);
        }
    }

    private void forgetFirstRecord() {
        int record = firstRecord;
        Chunk chunk = chunkOf(record);
        int at = record & (CHUNK_RECORDS - 1);
        release(record, chunk.low[at]);
        firstRecord = (record + 1) & NUMBER_MASK;
        recordCount--;
        if (at == CHUNK_RECORDS - 1) {
            chunks[directorySlot(record)] = NO_CHUNK;
        }
    }

    // ---- records ----

    private Chunk chunkOf(int record) {
        return chunks[directorySlot(record)];
    }

    private int directorySlot(int record) {
        return (record >>> CHUNK_BITS) & (chunks.length - 1);
    }

    private void newChunk(int record) {
        if (chunks[directorySlot(record)] != NO_CHUNK) {
            growDirectory();
        }
        chunks[directorySlot(record)] = new Chunk(CHUNK_RECORDS);
    }

    private void growDirectory() {
        Chunk[] old = chunks;
        chunks = emptyDirectory(old.length * 2);
        int first = firstRecord & -CHUNK_RECORDS;
        for (int i = 0; i < old.length; i++) {
            int record = (first + i * CHUNK_RECORDS) & NUMBER_MASK;
            chunks[directorySlot(record)] = old[(record >>> CHUNK_BITS) & (old.length - 1)];
        }
    }

    private static Chunk[] emptyDirectory(int length) {
        Chunk[] directory = new Chunk[length];
        Arrays.fill(directory, NO_CHUNK);
        return directory;
    }

    private static final class Chunk {
        final long[] high;
        final long[] low;
        final long[] offset;
        final int[] queueId;

        Chunk(int records) {
            high = new long[records];
            low = new long[records];
            offset = new long[records];
            queueId = new int[records];
        }
    }

    // ---- table: linear probing, at most half full ----

    private void occupy(int record, long low) {
        int mask = table.length - 1;
        int slot = (int) low & mask;
        while (table[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        table[slot] = record + 1;
    }

    /** Empties the record's slot and moves up those behind it that probed past it. */
    private void release(int record, long low) {
        int mask = table.length - 1;
        int gap = (int) low & mask;
        while (table[gap] != record + 1) {
            gap = (gap + 1) & mask;
        }
        for (int slot = (gap + 1) & mask; table[slot] != 0; slot = (slot + 1) & mask) {
            int other = table[slot] - 1;
            int home = (int) chunkOf(other).low[other & (CHUNK_RECORDS - 1)] & mask;
            if (((slot - home) & mask) >= ((slot - gap) & mask)) {
                table[gap] = table[slot];
                gap = slot;
            }
        }
        table[gap] = 0;
    }

    private void rehash(int length) {
        table = new int[length];
        for (int i = 0; i < recordCount; i++) {
            int record = (firstRecord + i) & NUMBER_MASK;
            occupy(record, chunkOf(record).low[record & (CHUNK_RECORDS - 1)]);
        }
    }

    /** Marks of the remembered entries: time, messages, records. A ring that grows with the traffic. */
    private static final class EntryMarks {

        private static final int LENGTH_MIN = 16;

        private long[] timeMillis = new long[LENGTH_MIN];
        private int[] messages = new int[LENGTH_MIN];
        private int[] records = new int[LENGTH_MIN];
        private int head;
        private int size;

        void add(long time, int messageCount, int recordCount) {
            if (size == timeMillis.length) {
                resize(size * 2);
            }
            int at = (head + size++) & (timeMillis.length - 1);
            timeMillis[at] = time;
            messages[at] = messageCount;
            records[at] = recordCount;
        }

        long firstTimeMillis() {
            return timeMillis[head];
        }

        int firstMessages() {
            return messages[head];
        }

        int firstRecords() {
            return records[head];
        }

        void removeFirst() {
            head = (head + 1) & (timeMillis.length - 1);
            size--;
            if (timeMillis.length > LENGTH_MIN && size * 8 < timeMillis.length) {
                resize(timeMillis.length / 2);
            }
        }

        private void resize(int length) {
            long[] times = new long[length];
            int[] messageCounts = new int[length];
            int[] recordCounts = new int[length];
            for (int i = 0; i < size; i++) {
                int at = (head + i) & (timeMillis.length - 1);
                times[i] = timeMillis[at];
                messageCounts[i] = messages[at];
                recordCounts[i] = records[at];
            }
            timeMillis = times;
            messages = messageCounts;
            records = recordCounts;
            head = 0;
        }
    }
}
