package io.argosy.client;

import java.util.ArrayDeque;
import java.util.Deque;

/** Arrays that hold the bodies of batches, to be used again. Guarded by the accumulator's lock. */
final class BodyPool {

    private static final int KEPT_MAX = 32;
    private static final int FRESH_BYTES = 4 << 10;

    private final int keptBytesMax;
    private final Deque<byte[]> free = new ArrayDeque<>();

    /** @param batchBytesMax arrays that became much longer for one large message are not kept */
    BodyPool(int batchBytesMax) {
        this.keptBytesMax = 2 * batchBytesMax;
    }

    /** The array given back last, so that those few in use stay in the processor's cache. */
    byte[] take() {
        byte[] known = free.pollLast();
        return known == null ? new byte[FRESH_BYTES] : known;
    }

    /** Only what nobody can read any more. */
    void giveBack(byte[] array) {
        if (free.size() < KEPT_MAX && array.length <= keptBytesMax) {
            free.addLast(array);
        }
    }
}
