package io.argosy.chaos;

import java.util.ArrayList;
import java.util.List;

/** When acknowledgements arrived, so that the longest silence around a fault can be told. Thread-safe. */
final class AckTimes {

    private final List<Long> nanos = new ArrayList<>();

    synchronized void record(long nowNanos) {
        nanos.add(nowNanos);
    }

    synchronized int count() {
        return nanos.size();
    }

    synchronized long countSince(long fromNanos) {
        return nanos.stream().filter(at -> at - fromNanos > 0).count();
    }

    /**
     * The longest time between two acknowledgements of which the later one arrived in (from, to]; 0 if fewer than two
     * arrived.
     */
    synchronized long longestGapNanos(long fromNanos, long toNanos) {
        List<Long> sorted = new ArrayList<>(nanos);
        sorted.sort(null);
        long longest = 0;
        for (int i = 1; i < sorted.size(); i++) {
            long later = sorted.get(i);
            if (later - fromNanos > 0 && later - toNanos <= 0) {
                longest = Math.max(longest, later - sorted.get(i - 1));
            }
        }
        return longest;
    }
}
