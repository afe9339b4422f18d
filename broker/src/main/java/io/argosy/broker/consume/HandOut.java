package io.argosy.broker.consume;

import java.util.ArrayList;
import java.util.List;

/** What one receive gets: runs of offsets, each with one lease. */
final class HandOut {

    /** Offsets first to first + count - 1 of a queue. */
    record Slice(LiveQueue queue, long first, int count, Lease lease) {}

    private final boolean repeated;
    private final List<Slice> slices = new ArrayList<>();
    private int messages;

    /** @param repeated the client asks again for what it may have got: nothing to take back if it does not get this */
    HandOut(boolean repeated) {
        this.repeated = repeated;
    }

    boolean repeated() {
        return repeated;
    }

    List<Slice> slices() {
        return slices;
    }

    boolean isEmpty() {
        return slices.isEmpty();
    }

    int messages() {
        return messages;
    }

    void add(Slice slice) {
        messages += slice.count;
        int last = slices.size() - 1;
        if (last >= 0) {
            Slice before = slices.get(last);
            if (before.queue == slice.queue
                    && before.first + before.count == slice.first
                    && before.lease.equals(slice.lease)) {
                slices.set(last, new Slice(slice.queue, before.first, before.count + slice.count, slice.lease));
                return;
            }
        }
        slices.add(slice);
    }
}
