package io.argosy.broker.state;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What the entries of the newest run led to, for the proposers, who are told right after the run, on the same thread.
 * Older results are forgotten: nobody could ask for them. Applier thread only.
 */
public final class RunResults<T> {

    private long[] indexes = new long[64];
    private final List<T> results = new ArrayList<>();
    private boolean over;

    /** Indexes ascend. The first result after {@link #runIsOver} drops all older ones. */
    public void add(long logIndex, T result) {
        if (over) {
            results.clear();
            over = false;
        }
        if (results.size() == indexes.length) {
            indexes = Arrays.copyOf(indexes, indexes.length * 2);
        }
        indexes[results.size()] = logIndex;
        results.add(result);
    }

    /** The results stay until the next run adds one. */
    public void runIsOver() {
        over = true;
    }

    /** Empty if the entry was not in the newest run, or was of another kind. */
    public Optional<T> of(long logIndex) {
        int found = Arrays.binarySearch(indexes, 0, results.size(), logIndex);
        return found < 0 ? Optional.empty() : Optional.of(results.get(found));
    }
}
