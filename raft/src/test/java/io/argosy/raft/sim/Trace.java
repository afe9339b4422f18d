package io.argosy.raft.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What happened: a hash over all of it, and the last events of each node in words. */
public final class Trace {

    private static final int KEPT_PER_NODE = Integer.getInteger("sim.kept", 200);

    private final EventQueue events;
    private final List<ArrayDeque<Line>> lines = new ArrayList<>();
    private long hash = 1;
    private long order;

    /** @param what toString is called only if somebody looks */
    private record Line(long atNanos, long order, int node, String verb, Object what) {}

    Trace(EventQueue events, int nodes) {
        this.events = events;
        for (int i = 0; i <= nodes; i++) {
            lines.add(new ArrayDeque<>(KEPT_PER_NODE + 1));
        }
    }

    /** Into the hash. */
    void mix(long value) {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15L;
        hash ^= hash >>> 32;
    }

    /** Into hash and words; node -1 is nobody in particular. */
    void add(int node, String verb, Object what, long forHash) {
        mix(events.nowNanos());
        mix(node * 31L + verb.charAt(0));
        mix(forHash);
        ArrayDeque<Line> kept = lines.get(node + 1);
        kept.add(new Line(events.nowNanos(), order++, node, verb, what));
        if (kept.size() > KEPT_PER_NODE) {
            kept.removeFirst();
        }
    }

    public long hash() {
        return hash;
    }

    /** The last events of all nodes, in order. */
    public String words() {
        List<Line> all = new ArrayList<>();
        lines.forEach(all::addAll);
        all.sort(Comparator.comparingLong(Line::order));
        StringBuilder out = new StringBuilder();
        for (Line line : all) {
            out.append(String.format(
                    "%10.6f s  %-3s  %s%n",
                    line.atNanos / 1e9,
                    line.node < 0 ? "all" : "r" + (line.node + 1),
                    (line.verb + " " + Words.of(line.what)).strip()));
        }
        return out.toString();
    }
}
