package io.argosy.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** The slices of one measurement: quiet ones count; if none was quiet, all do, and the result says so. */
final class Slices {

    private final List<Slice> all = new ArrayList<>();

    void add(Slice slice) {
        all.add(slice);
    }

    int count() {
        return all.size();
    }

    int quietCount() {
        return (int) all.stream().filter(Slice::quiet).count();
    }

    double quietSeconds() {
        return all.stream().filter(Slice::quiet).mapToDouble(Slice::seconds).sum();
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** Whether the figures are those of quiet time. */
    boolean quiet() {
        return quietCount() > 0;
    }

    List<Slice> counted() {
        return quiet() ? all.stream().filter(Slice::quiet).toList() : List.copyOf(all);
    }

    /** All that counts as one stretch. */
    Slice total() {
        return counted().stream().reduce(Slice::plus).orElseThrow(() -> new IllegalStateException("nothing measured"));
    }

    /** Everything that was refused or lost counts, however noisy the machine was. */
    long failures() {
        return all.stream().mapToLong(Slice::failures).sum();
    }
}
