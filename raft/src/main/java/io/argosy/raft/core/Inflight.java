package io.argosy.raft.core;

/**
 * Append messages to one peer that are not answered yet, oldest first. An answer frees everything up to its index and a
 * reset frees all, so the byte count cannot drift from the messages it stands for (R28).
 */
final class Inflight {

    /** Few large messages beat many small ones: what doesn't fit waits and leaves in one batch. */
    static final int MESSAGES_MAX = 64;

    private final long[] lastIndexes = new long[MESSAGES_MAX];
    private final long[] sizes = new long[MESSAGES_MAX];
    private int head;
    private int count;
    private long bytes;

    boolean hasRoom(long windowBytes) {
        return count < MESSAGES_MAX && bytes < windowBytes;
    }

    void add(long lastIndex, long sizeBytes) {
        int slot = (head + count) % MESSAGES_MAX;
        lastIndexes[slot] = lastIndex;
        sizes[slot] = sizeBytes;
        count++;
        bytes += sizeBytes;
    }

    void freeUpTo(long index) {
        while (count > 0 && lastIndexes[head] <= index) {
            bytes -= sizes[head];
            head = (head + 1) % MESSAGES_MAX;
            count--;
        }
    }

    void clear() {
        count = 0;
        bytes = 0;
    }

    boolean isEmpty() {
        return count == 0;
    }

    long bytes() {
        return bytes;
    }
}
