package io.argosy.raft.core;

import io.argosy.raft.Entry;
import io.argosy.raft.core.RestoredState.TermStart;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;

/**
 * The log as the core knows it: first and last index, the term of every index, and the newest entries in memory. Terms
 * are kept as the first index of each, so that any index is judged without I/O.
 *
 * <pre>
 *   firstIndex - 1        term known, entry gone
 *   firstIndex  ..        on disk only
 *   tailFirst   ..        on disk and in memory
 *   handed + 1  .. last   in memory, not yet handed to the append lane
 * </pre>
 */
final class LogView {

    private static final int RING_MIN = 1 << 10;

    private long firstIndex;
    private long lastIndex;

    // Ascending in both; the last pair whose start is at or below an index has its term.
    private long[] termStarts = new long[8];
    private long[] termValues = new long[8];
    private int termCount;

    /** False while the term of {@code firstIndex - 1} is lost with the file behind it. */
    private boolean frontKnown;

    // Entries tailFirst..lastIndex at [index & mask]; cumulative counts frame bytes since the process began.
    private Entry[] ring;
    private long[] cumulative;
    private int mask;
    private long tailFirst;
    private long cumulativeBeforeTail;
    private long cumulativeLast;

    private long handed;
    private OptionalLong truncateFrom = OptionalLong.empty();

    LogView(long firstIndex, long lastIndex, List<TermStart> terms) {
        if (firstIndex < 1 || lastIndex < firstIndex - 1) {
            throw new InvariantViolation("restored log is [" + firstIndex + ", " + lastIndex + "]");
        }
        this.firstIndex = firstIndex;
        this.lastIndex = lastIndex;
        this.tailFirst = lastIndex + 1;
        this.handed = lastIndex;
        this.ring = new Entry[RING_MIN];
        this.cumulative = new long[RING_MIN];
        this.mask = RING_MIN - 1;
        pushTerm(0, 0);
        for (TermStart start : terms) {
            if (start.firstIndex() <= lastIndex) {
                pushTerm(start.firstIndex(), start.term());
            }
        }
        if (firstIndex > 1 && terms.isEmpty()) {
            throw new InvariantViolation("restored log [" + firstIndex + ", " + lastIndex + "] has no terms");
        }
        this.frontKnown = isFrontIn(terms);
    }

    private boolean isFrontIn(List<TermStart> terms) {
        return firstIndex == 1 || (!terms.isEmpty() && terms.get(0).firstIndex() < firstIndex);
    }

    /** The index in front of the log, of which nobody here knows the term. */
    boolean isUnknownFront(long index) {
        return !frontKnown && index == firstIndex - 1;
    }

    /** The leader says what term was in front of a log of which nothing is left. */
    void knowFront(long index, long term) {
        if (isUnknownFront(index) && lastIndex == index) {
            pushTerm(index, term);
            frontKnown = true;
        }
    }

    long firstIndex() {
        return firstIndex;
    }

    long lastIndex() {
        return lastIndex;
    }

    long lastTerm() {
        return termValues[termCount - 1];
    }

    /** Lowest index whose entry is in memory; {@code lastIndex + 1} if none is. */
    long tailFirst() {
        return tailFirst;
    }

    /** Term of an index from {@code firstIndex - 1} to {@code lastIndex}. */
    long termAt(long index) {
        if (index < firstIndex - 1 || index > lastIndex) {
            throw new InvariantViolation(
                    "term of index " + index + " asked of log [" + firstIndex + ", " + lastIndex + "]");
        }
        int i = termCount - 1;
        while (termStarts[i] > index) {
            i--;
        }
        return termValues[i];
    }

    /**
     * Highest index at or below the given one whose term is at most the given one, {@code firstIndex - 1} if there is
     * none that is still known. Both sides of a conflict skip whole terms by it.
     */
    long lastIndexWithTermAtMost(long index, long term) {
        long candidate = Math.min(index, lastIndex);
        for (int i = termCount - 1; i >= 0 && candidate >= firstIndex; i--) {
            if (termStarts[i] <= candidate) {
                if (termValues[i] <= term) {
                    return candidate;
                }
                candidate = termStarts[i] - 1;
            }
        }
        return Math.max(candidate, firstIndex - 1);
    }

    void append(Entry entry) {
        long index = entry.index();
        if (index != lastIndex + 1 || entry.term() < lastTerm()) {
            throw new InvariantViolation(
                    "append of " + entry + " behind index " + lastIndex + " of term " + lastTerm());
        }
        if (index - tailFirst >= ring.length) {
            grow();
        }
        int slot = (int) index & mask;
        ring[slot] = entry;
        cumulativeLast += entry.frameBytes();
        cumulative[slot] = cumulativeLast;
        lastIndex = index;
        if (entry.term() > lastTerm()) {
            pushTerm(index, entry.term());
        }
    }

    /** Drops the index and everything behind it. */
    void truncateFrom(long index) {
        if (index <= firstIndex - 1 || index > lastIndex) {
            throw new InvariantViolation(
                    "truncation from " + index + " of log [" + firstIndex + ", " + lastIndex + "]");
        }
        for (long i = Math.max(index, tailFirst); i <= lastIndex; i++) {
            clearSlot(i);
        }
        lastIndex = index - 1;
        if (tailFirst > index) {
            tailFirst = index;
        }
        cumulativeLast = cumulativeAt(lastIndex);
        while (termStarts[termCount - 1] > lastIndex) {
            termCount--;
        }
        if (handed >= index) {
            handed = index - 1;
            if (truncateFrom.isEmpty() || truncateFrom.getAsLong() > index) {
                truncateFrom = OptionalLong.of(index);
            }
        }
    }

    /** The entry, which must be in memory. */
    Entry get(long index) {
        if (index < tailFirst || index > lastIndex) {
            throw new InvariantViolation("entry " + index + " asked of tail [" + tailFirst + ", " + lastIndex + "]");
        }
        return ring[(int) index & mask];
    }

    /** Frame bytes of the entries behind the index, as far as they are in memory. */
    long bytesBehind(long index) {
        return cumulativeLast - cumulativeAt(Math.min(index, lastIndex));
    }

    /** Entries from the index on, at least one, at most the given frame bytes; they must be in memory. */
    List<Entry> slice(long from, int bytesMax) {
        long limit = cumulativeAt(from - 1) + bytesMax;
        long to = from;
        if (cumulativeLast <= limit) {
            to = lastIndex;
        } else {
            while (to < lastIndex && cumulative[(int) (to + 1) & mask] <= limit) {
                to++;
            }
        }
        return copy(from, to);
    }

    /** Frame bytes of the entries from..to, which must be in memory. */
    long bytesOf(long from, long to) {
        return cumulativeAt(to) - cumulativeAt(from - 1);
    }

    /** Forgets the oldest entries beyond the byte bound, none behind {@code upTo}. */
    void evict(long upTo, long tailBytesMax) {
        while (tailFirst <= upTo && tailFirst <= lastIndex && cumulativeLast - cumulativeBeforeTail > tailBytesMax) {
            dropOldest();
        }
    }

    /** The log on disk now begins at the index. */
    void trim(long newFirstIndex) {
        if (newFirstIndex <= firstIndex) {
            return;
        }
        if (newFirstIndex > lastIndex + 1) {
            throw new InvariantViolation("trim to " + newFirstIndex + " beyond last index " + lastIndex);
        }
        firstIndex = newFirstIndex;
        frontKnown = true;
        while (tailFirst < firstIndex && tailFirst <= lastIndex) {
            dropOldest();
        }
        int drop = 0;
        while (drop + 1 < termCount && termStarts[drop + 1] <= firstIndex - 1) {
            drop++;
        }
        System.arraycopy(termStarts, drop, termStarts, 0, termCount - drop);
        System.arraycopy(termValues, drop, termValues, 0, termCount - drop);
        termCount -= drop;
    }

    /** The log begins anew behind a snapshot. */
    void resetBehind(long index, long term) {
        for (long i = tailFirst; i <= lastIndex; i++) {
            clearSlot(i);
        }
        cumulativeBeforeTail = cumulativeLast;
        firstIndex = index + 1;
        frontKnown = true;
        lastIndex = index;
        tailFirst = index + 1;
        handed = index;
        truncateFrom = OptionalLong.empty();
        termStarts[0] = index;
        termValues[0] = term;
        termCount = 1;
    }

    /** Older entries are on disk again: the log begins lower. The terms are those in front of the old beginning. */
    void prepend(long newFirstIndex, List<TermStart> older) {
        if (newFirstIndex >= firstIndex) {
            return;
        }
        long[] starts = termStarts;
        long[] values = termValues;
        int count = termCount;
        long oldFirst = firstIndex;
        termStarts = new long[count + older.size() + 1];
        termValues = new long[count + older.size() + 1];
        termCount = 0;
        for (TermStart start : older) {
            if (start.firstIndex() < oldFirst) {
                pushTerm(start.firstIndex(), start.term());
            }
        }
        for (int i = 0; i < count; i++) {
            // Of what was in front of the old beginning, the older terms know more: a log that was opened there knows
            // only the last one, and term 0 of index 0.
            // Of what is lost at the old beginning nobody here knows the term: it may say less than the older terms do.
            boolean applies = i == count - 1 || starts[i + 1] > oldFirst;
            if (applies && (termCount == 0 || values[i] >= termValues[termCount - 1])) {
                pushTerm(Math.max(starts[i], oldFirst), values[i]);
            }
        }
        firstIndex = newFirstIndex;
        frontKnown = isFrontIn(older);
    }

    /** The terms up to the index are these; the log is as it was. */
    void learn(List<TermStart> terms, long upTo) {
        if (upTo < firstIndex) {
            return;
        }
        frontKnown |= isFrontIn(terms);
        long[] starts = termStarts;
        long[] values = termValues;
        int count = termCount;
        long nextTerm = upTo < lastIndex ? termAt(upTo + 1) : 0;
        termStarts = new long[count + terms.size() + 1];
        termValues = new long[count + terms.size() + 1];
        termCount = 0;
        // The log on disk may have been trimmed further than this one knows yet: what it no longer says stays as it is.
        long saidFrom = terms.isEmpty() ? Long.MAX_VALUE : terms.get(0).firstIndex();
        for (int i = 0; i < count && starts[i] <= upTo; i++) {
            if (i == 0 || starts[i] < saidFrom) {
                pushTerm(starts[i], values[i]);
            }
        }
        for (TermStart start : terms) {
            if (start.firstIndex() <= upTo && start.firstIndex() > starts[0]) {
                pushTerm(start.firstIndex(), start.term());
            }
        }
        // Of entries that are lost behind it, what was taken for their term may have been too low.
        if (upTo < lastIndex) {
            pushTerm(upTo + 1, Math.max(nextTerm, lastTerm()));
        }
        for (int i = 0; i < count; i++) {
            if (starts[i] > upTo + 1) {
                pushTerm(starts[i], Math.max(values[i], lastTerm()));
            }
        }
    }

    /** The store wrote entry 1 of term 0 by itself when it was adopted. */
    void born() {
        if (lastIndex != 0) {
            throw new InvariantViolation("adopted with a log up to " + lastIndex);
        }
        lastIndex = 1;
        tailFirst = 2;
        handed = 1;
    }

    boolean hasUnhanded() {
        return handed < lastIndex || truncateFrom.isPresent();
    }

    /** What to truncate before {@link #takeUnhanded} is appended. */
    OptionalLong takeTruncation() {
        OptionalLong taken = truncateFrom;
        truncateFrom = OptionalLong.empty();
        return taken;
    }

    List<Entry> takeUnhanded() {
        if (handed == lastIndex) {
            return List.of();
        }
        List<Entry> taken = copy(handed + 1, lastIndex);
        handed = lastIndex;
        return taken;
    }

    private List<Entry> copy(long from, long to) {
        int count = (int) (to - from + 1);
        Entry[] entries = new Entry[count];
        int start = (int) from & mask;
        int untilWrap = Math.min(count, ring.length - start);
        System.arraycopy(ring, start, entries, 0, untilWrap);
        System.arraycopy(ring, 0, entries, untilWrap, count - untilWrap);
        return Collections.unmodifiableList(Arrays.asList(entries));
    }

    private long cumulativeAt(long index) {
        return index < tailFirst ? cumulativeBeforeTail : cumulative[(int) index & mask];
    }

    private void dropOldest() {
        cumulativeBeforeTail = cumulative[(int) tailFirst & mask];
        clearSlot(tailFirst);
        tailFirst++;
    }

    @SuppressWarnings("NullAway") // Slots outside tailFirst..lastIndex are never read.
    private void clearSlot(long index) {
        ring[(int) index & mask] = null;
    }

    private void pushTerm(long start, long term) {
        if (termCount > 0 && (start < termStarts[termCount - 1] || term < termValues[termCount - 1])) {
            throw new InvariantViolation("term " + term + " from index " + start + " behind term "
                    + termValues[termCount - 1] + " from " + termStarts[termCount - 1]);
        }
        if (termCount > 0 && term == termValues[termCount - 1]) {
            return;
        }
        if (termCount == termStarts.length) {
            termStarts = Arrays.copyOf(termStarts, termCount * 2);
            termValues = Arrays.copyOf(termValues, termCount * 2);
        }
        termStarts[termCount] = start;
        termValues[termCount++] = term;
    }

    private void grow() {
        Entry[] biggerRing = new Entry[ring.length * 2];
        long[] biggerCumulative = new long[ring.length * 2];
        int biggerMask = biggerRing.length - 1;
        for (long i = tailFirst; i <= lastIndex; i++) {
            biggerRing[(int) i & biggerMask] = ring[(int) i & mask];
            biggerCumulative[(int) i & biggerMask] = cumulative[(int) i & mask];
        }
        ring = biggerRing;
        cumulative = biggerCumulative;
        mask = biggerMask;
    }
}
