package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** What survives a crash of one replica. Trimmed entries are kept aside so that checks can still compare them. */
final class SimulatedDisk {

    private final ArrayList<Entry> entries = new ArrayList<>();
    private HardState hardState = HardState.INITIAL;
    private long firstIndex = 1;
    private long flushedAppliedIndex = 1;

    SimulatedDisk(Membership membership) {
        entries.add(Entry.of(1, 0, EntryType.CONFIG, membership.encode()));
    }

    HardState hardState() {
        return hardState;
    }

    long lastIndex() {
        return entries.size();
    }

    long firstIndex() {
        return firstIndex;
    }

    Entry get(long index) {
        return entries.get((int) index - 1);
    }

    boolean holds(long index, long term) {
        return index <= lastIndex() && get(index).term() == term;
    }

    List<Entry> copyOfEntries() {
        return new ArrayList<>(entries);
    }

    void write(Persist persist) {
        persist.hardState().ifPresent(state -> hardState = state);
        persist.truncateFrom().ifPresent(this::truncate);
        entries.addAll(persist.entries());
    }

    /** A crash in the middle: parts of a request may have reached the disk, in its order. */
    void writeTorn(Persist persist, RandomGenerator random) {
        if (random.nextInt(4) == 0) {
            return;
        }
        persist.hardState().ifPresent(state -> hardState = state);
        if (random.nextInt(4) == 0) {
            return;
        }
        persist.truncateFrom().ifPresent(this::truncate);
        entries.addAll(
                persist.entries().subList(0, random.nextInt(persist.entries().size() + 1)));
    }

    private void truncate(long index) {
        if (index < firstIndex || index > lastIndex()) {
            throw new AssertionError("truncation from " + index + " of [" + firstIndex + ", " + lastIndex() + "]");
        }
        entries.subList((int) index - 1, entries.size()).clear();
    }

    void trim(long newFirstIndex) {
        firstIndex = Math.max(firstIndex, newFirstIndex);
    }

    /** The state machine's checkpoint. */
    void flushApplied(long index) {
        flushedAppliedIndex = index;
    }

    long flushedAppliedIndex() {
        return flushedAppliedIndex;
    }

    List<Entry> read(long fromIndex, int bytesMax) {
        List<Entry> read = new ArrayList<>();
        long bytes = 0;
        for (long i = fromIndex; i <= lastIndex() && i >= firstIndex; i++) {
            bytes += get(i).frameBytes();
            if (!read.isEmpty() && bytes > bytesMax) {
                break;
            }
            read.add(get(i));
        }
        return read;
    }

    RestoredState restore(boolean electable) {
        List<ConfigAt> configs = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.type() == EntryType.CONFIG) {
                configs.add(new ConfigAt(entry.index(), Membership.decode(entry.payload())));
            }
        }
        List<TermStart> terms = new ArrayList<>();
        long before = firstIndex - 1;
        terms.add(new TermStart(before, before == 0 ? 0 : get(before).term()));
        for (long i = firstIndex; i <= lastIndex(); i++) {
            if (get(i).term() != terms.get(terms.size() - 1).term()) {
                terms.add(new TermStart(i, get(i).term()));
            }
        }
        return new RestoredState(hardState, configs, firstIndex, lastIndex(), terms, flushedAppliedIndex, electable);
    }
}
