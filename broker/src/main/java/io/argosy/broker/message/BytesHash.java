package io.argosy.broker.message;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * 64-bit hashes of byte ranges. Stored in the log and in the index, so the function never changes: eight bytes at a
 * time, big endian, through a finaliser with full avalanche; the length goes in last.
 */
public final class BytesHash {

    /** Seeds of the two halves of a 128-bit hash: the digits of pi and of e. */
    public static final long SEED_HIGH = 0x243f6a8885a308d3L;

    public static final long SEED_LOW = 0xb7e151628aed2a6aL;

    private BytesHash() {}

    /** Position and limit stay where they are; the byte order of the buffer must be big endian. */
    public static long hash(ByteBuffer bytes, int position, int length, long seed) {
        if (bytes.order() != ByteOrder.BIG_ENDIAN) {
            throw new IllegalArgumentException("byte order " + bytes.order());
        }
        long h = seed;
        int at = position;
        int end = position + length;
        for (; at + 8 <= end; at += 8) {
            h = mix(h ^ bytes.getLong(at));
        }
        long tail = 0;
        for (; at < end; at++) {
            tail = (tail << 8) | (bytes.get(at) & 0xff);
        }
        return mix(mix(h ^ tail) ^ length);
    }

    public static long hash(String text, long seed) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return hash(ByteBuffer.wrap(bytes), 0, bytes.length, seed);
    }

    /** A bijection in which each input bit changes each output bit with probability about a half. */
    public static long mix(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** Hash of a tag as the queue index keeps it; 0 stands for no tag. Equal hashes do not prove equal tags. */
    public static int ofTag(ByteBuffer bytes, int position, int length) {
        return length == 0 ? 0 : nonZero(hash(bytes, position, length, SEED_HIGH));
    }

    /** As {@link #ofTag(ByteBuffer, int, int)}. */
    public static int ofTag(String tag) {
        return tag.isEmpty() ? 0 : nonZero(hash(tag, SEED_HIGH));
    }

    private static int nonZero(long hash) {
        int folded = (int) (hash ^ (hash >>> 32));
        return folded == 0 ? 1 : folded;
    }
}
