package io.argosy.broker.consume;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * How far one group is in one queue. Both the applied state and the leader's view ahead of it are instances of this
 * class and change by the same {@link ProgressChange}s. Not thread-safe.
 *
 * <p>Every offset is in exactly one of these: acknowledged, leased (handed out at least once), untouched.
 *
 * <pre>
 * base = min offset not acknowledged
 * next = min offset neither acknowledged nor leased;  base <= next
 * </pre>
 *
 * Offsets above {@code next} can be acknowledged or leased: a hand-out that did not reach the log before its leader
 * died is acknowledged at the next leader all the same (D20).
 */
final class QueueProgress {

    private static final long UNOPENED = -1;

    private AckedOffsets acked;
    private final NavigableMap<Long, Lease> leases;
    private long next;
    private long pullOffset;
    private boolean opened;

    QueueProgress() {
        acked = new AckedOffsets(0);
        leases = new TreeMap<>();
        pullOffset = UNOPENED;
    }

    QueueProgress(QueueProgress source) {
        acked = new AckedOffsets(source.acked);
        leases = new TreeMap<>(source.leases);
        next = source.next;
        pullOffset = source.pullOffset;
        opened = source.opened;
    }

    /** Where the group starts is decided. */
    boolean opened() {
        return opened;
    }

    long base() {
        return acked.base();
    }

    long next() {
        return next;
    }

    AckedOffsets acked() {
        return acked;
    }

    boolean isAcked(long offset) {
        return acked.contains(offset);
    }

    Optional<Lease> lease(long offset) {
        return Optional.ofNullable(leases.get(offset));
    }

    NavigableMap<Long, Lease> leases() {
        return Collections.unmodifiableNavigableMap(leases);
    }

    /** Leases of offsets from first to end - 1. */
    NavigableMap<Long, Lease> leases(long first, long end) {
        return Collections.unmodifiableNavigableMap(leases.subMap(first, true, end, false));
    }

    OptionalLong pullOffset() {
        return pullOffset == UNOPENED ? OptionalLong.empty() : OptionalLong.of(pullOffset);
    }

    /** The lowest untouched offset at or above the given one. */
    long nextUntouched(long from) {
        long offset = Math.max(from, next);
        while (true) {
            long candidate = acked.nextMissing(offset);
            if (!leases.containsKey(candidate)) {
                return candidate;
            }
            offset = candidate + 1;
        }
    }

    void open(long base) {
        if (!opened) {
            opened = true;
            advance(base);
        }
    }

    void lease(long first, long end, Lease lease) {
        for (long offset = first; offset < end; offset++) {
            if (!acked.contains(offset)) {
                leases.put(offset, lease);
            }
        }
        moveNext(first);
    }

    void ack(long first, long end) {
        if (!leases.isEmpty()) {
            leases.subMap(first, true, end, false).clear();
        }
        acked.add(first, end);
        moveNext(first);
    }

    void advance(long offset) {
        if (offset > acked.base()) {
            leases.headMap(offset, false).clear();
            acked.advance(offset);
            next = nextUntouched(acked.base());
        }
    }

    void commitPull(long offset) {
        pullOffset = offset;
    }

    void restore(long base, boolean wasOpened, OptionalLong pull) {
        acked = new AckedOffsets(base);
        opened = wasOpened;
        pullOffset = pull.orElse(UNOPENED);
        next = base;
    }

    void restoreLease(long offset, Lease lease) {
        leases.put(offset, lease);
    }

    /** After chunks and leases are back. */
    void restored() {
        next = nextUntouched(acked.base());
    }

    private void moveNext(long touchedFrom) {
        if (touchedFrom <= next) {
            next = nextUntouched(next);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QueueProgress that && describe().equals(that.describe());
    }

    @Override
    public int hashCode() {
        return describe().hashCode();
    }

    @Override
    public String toString() {
        return describe();
    }

    private String describe() {
        StringBuilder text = new StringBuilder(
                "opened=" + opened + " base=" + base() + " next=" + next + " pull=" + pullOffset + " acked=");
        long above = acked.countAboveBase();
        for (long offset = base() + 1; above > 0; offset++) {
            if (acked.contains(offset)) {
                text.append(offset).append(',');
                above--;
            }
        }
        return text.append(" leases=").append(leases).toString();
    }
}
