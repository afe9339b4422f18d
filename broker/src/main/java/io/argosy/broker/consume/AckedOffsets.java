package io.argosy.broker.consume;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A set of acknowledged offsets: everything below {@link #base()}, and a bitmap in chunks of {@link #CHUNK_OFFSETS}
 * above it. Acknowledging in order keeps no chunk at all beyond the one that is being filled.
 *
 * <p>Invariant: {@code base} itself is not acknowledged, and no chunk lies wholly below it.
 */
final class AckedOffsets {

    static final int CHUNK_OFFSETS = 4096;
    private static final int CHUNK_WORDS = CHUNK_OFFSETS / Long.SIZE;

    private final Map<Long, long[]> chunks = new HashMap<>();
    private long base;

    AckedOffsets(long base) {
        this.base = base;
    }

    AckedOffsets(AckedOffsets source) {
        base = source.base;
        source.chunks.forEach((number, words) -> chunks.put(number, words.clone()));
    }

    /** The lowest offset that is not acknowledged. */
    long base() {
        return base;
    }

    boolean contains(long offset) {
        if (offset < base) {
            return true;
        }
        long[] words = chunks.get(offset / CHUNK_OFFSETS);
        return words != null && (words[wordOf(offset)] & 1L << offset) != 0;
    }

    /** Adds offsets first to end - 1 and moves the base over whatever is complete now. */
    void add(long first, long end) {
        for (long offset = Math.max(first, base); offset < end; offset++) {
            long[] words = chunks.computeIfAbsent(offset / CHUNK_OFFSETS, number -> new long[CHUNK_WORDS]);
            words[wordOf(offset)] |= 1L << offset;
        }
        if (first <= base) {
            moveBase(nextMissing(base));
        }
    }

    /** Declares everything below the offset acknowledged. */
    void advance(long offset) {
        if (offset > base) {
            moveBase(nextMissing(offset));
        }
    }

    /** The lowest offset, at or above the given one, that is not in the set. */
    long nextMissing(long from) {
        long offset = Math.max(from, base);
        while (true) {
            long[] words = chunks.get(offset / CHUNK_OFFSETS);
            if (words == null) {
                return offset;
            }
            long missing = ~words[wordOf(offset)] & -1L << offset;
            if (missing != 0) {
                return (offset & -Long.SIZE) + Long.numberOfTrailingZeros(missing);
            }
            offset = (offset & -Long.SIZE) + Long.SIZE;
        }
    }

    /** How many offsets above the base are in the set. */
    long countAboveBase() {
        long count = 0;
        for (Map.Entry<Long, long[]> chunk : chunks.entrySet()) {
            for (long word : aboveBase(chunk.getKey(), chunk.getValue())) {
                count += Long.bitCount(word);
            }
        }
        return count;
    }

    /** The words of a chunk, bits below the base cleared; empty if nothing above the base is set in it. */
    Optional<long[]> chunk(long number) {
        long[] words = chunks.get(number);
        if (words == null) {
            return Optional.empty();
        }
        long[] copy = aboveBase(number, words);
        for (long word : copy) {
            if (word != 0) {
                return Optional.of(copy);
            }
        }
        return Optional.empty();
    }

    /** Numbers of the chunks that are kept. */
    Set<Long> chunkNumbers() {
        return Set.copyOf(chunks.keySet());
    }

    /** Puts back a chunk that {@link #chunk} gave. */
    void restoreChunk(long number, long[] words) {
        if (words.length != CHUNK_WORDS) {
            throw new IllegalArgumentException("chunk of " + words.length + " words");
        }
        chunks.put(number, words.clone());
    }

    private void moveBase(long to) {
        long firstKept = to / CHUNK_OFFSETS;
        long span = firstKept - base / CHUNK_OFFSETS;
        if (span > chunks.size()) {
            chunks.keySet().removeIf(number -> number < firstKept);
        } else {
            for (long number = base / CHUNK_OFFSETS; number < firstKept; number++) {
                chunks.remove(number);
            }
        }
        base = to;
    }

    private long[] aboveBase(long number, long[] words) {
        long[] copy = words.clone();
        long skip = base - number * CHUNK_OFFSETS;
        if (skip > 0) {
            int whole = (int) Math.min(skip / Long.SIZE, CHUNK_WORDS);
            Arrays.fill(copy, 0, whole, 0);
            if (whole < CHUNK_WORDS) {
                copy[whole] &= -1L << skip;
            }
        }
        return copy;
    }

    private static int wordOf(long offset) {
        return (int) (offset % CHUNK_OFFSETS) / Long.SIZE;
    }
}
