package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.raft.RaftStatus.Catchup;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.LogPatch;
import io.argosy.raft.storage.RaftLog;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches log that this replica lacks: what is damaged on its disk, and the bodies below the beginning of a hollow log,
 * newest first (D2). Each time it writes one file of the log anew, aside, and the writer puts it into its place.
 *
 * <p>What a peer gives is taken if it is certain to be what was here (R32): it is committed there and up to here, so that
 * there is only one such entry; or its term is the one that this log knows for that index, and index and term name an
 * entry. On the bulk lane.
 */
final class LogFetch {

    private static final Logger log = LoggerFactory.getLogger(LogFetch.class);

    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ReplicaStore store;
    private final RaftLog raftLog;
    private final BulkCalls calls;
    private final Pace pace;
    private final Surroundings around;

    private Phase phase = Phase.IDLE;
    private long questions;
    private Optional<LogPatch> patch = Optional.empty();
    private List<ReplicaId> sources = List.of();
    private int source;
    /** What was asked for last in vain, and who could not give it. */
    private long refusedIndex;

    private int refusals;
    /** Those that said for certain that they don't have it: trimmed, damaged, never had. */
    private final Set<ReplicaId> lackedBy = new HashSet<>();

    private boolean prepending;
    /** While nothing is prepended: the file that is written anew, and what of it is to be kept. */
    private IndexRange file = new IndexRange(1, 1);

    private IndexRange wanted = new IndexRange(1, 1);

    /** Tried in vain in this round: they don't keep what lies behind them from being tried. */
    private final Set<IndexRange> stuck = new HashSet<>();

    private boolean prependingStuck;

    private long fetchedBytes;
    private boolean trimmedElsewhere;
    /** The patch is the end of its file, whose beginning nobody has. */
    private boolean shortened;

    private long dueNanos;
    private boolean due;
    private volatile Optional<Catchup> progress = Optional.empty();

    private enum Phase {
        IDLE,
        /** Asks where a file of the older log begins, if hollow, or which term is in front of what is lost. */
        LOCATING,
        FILLING,
        /** A call is under way. */
        WAITING,
        /** The writer puts the file into its place. */
        INSERTING
    }

    /** What it asks the rest of the replica. */
    interface Surroundings {
        /** Whom to ask, the best first. */
        List<ReplicaId> peers();

        /** Committed, and so the same everywhere. */
        long committedIndex();

        /** Bodies from here on are wanted. */
        long neededFromIndex();

        /** As far as the state stands for the log durably, and no peer that reads a snapshot needs it. */
        long droppableIndex();

        /** Runs on the writer's lane, then the second on this one. */
        void change(LogWriter.DiskAction action, Runnable done);

        /** The first of these is damaged here, and others have trimmed it: its file cannot be written anew for now. */
        void unrepairable(IndexRange entries);

        /** The log is more whole than before. */
        void repaired();

        /** The log begins here now. */
        void trimmed(long firstIndex);
    }

    LogFetch(ReplicaStore store, BulkCalls calls, Pace pace, Surroundings around) {
        this.store = store;
        this.raftLog = store.log();
        this.calls = calls;
        this.pace = pace;
        this.around = around;
    }

    /** Any thread. */
    Optional<Catchup> progress() {
        return progress;
    }

    /** Something may be missing. */
    void check(long nowNanos) {
        if (phase == Phase.IDLE) {
            due = true;
            dueNanos = nowNanos;
        }
    }

    /** Returns the nanos until the next step. */
    long step(long nowNanos) throws IOException {
        if (phase == Phase.IDLE) {
            if (!due) {
                return Long.MAX_VALUE;
            }
            if (dueNanos - nowNanos > 0) {
                return dueNanos - nowNanos;
            }
            begin();
        }
        while (phase == Phase.LOCATING || phase == Phase.FILLING) {
            long waitNanos = pace.waitNanos(nowNanos);
            if (waitNanos > 0) {
                return waitNanos;
            }
            if (phase == Phase.LOCATING) {
                locate();
            } else {
                fill();
            }
        }
        return phase == Phase.IDLE && due ? Math.max(1, dueNanos - nowNanos) : Long.MAX_VALUE;
    }

    private void begin() throws IOException {
        due = false;
        sources = around.peers();
        source = 0;
        fetchedBytes = 0;
        trimmedElsewhere = false;
        refusals = 0;
        lackedBy.clear();
        shortened = false;
        Optional<IndexRange> range =
                raftLog.patchRanges().stream().filter(r -> !stuck.contains(r)).findFirst();
        if (range.isPresent()) {
            prepending = false;
            file = range.get();
            writeAnew(file);
        } else if (isDamagedBehindFiles()) {
            phase = Phase.INSERTING;
            around.change(() -> unlessFull(store::sealDamaged), () -> {
                phase = Phase.IDLE;
                later(isDamagedBehindFiles() ? RETRY_NANOS : 0);
            });
        } else if (!prependingStuck && raftLog.firstIndex() > Math.max(1, around.neededFromIndex())) {
            prepending = true;
            phase = Phase.LOCATING;
        } else if (prependingStuck || !stuck.isEmpty()) {
            prependingStuck = false;
            stuck.clear();
            later(RETRY_NANOS);
        }
    }

    private void writeAnew(IndexRange range) throws IOException {
        wanted = range;
        if (raftLog.isTermKnownInFrontOf(range.from())) {
            start(range, termAt(range.from() - 1));
        } else {
            phase = Phase.LOCATING;
        }
    }

    /** In the file that is written, which must be sealed before it is written anew. */
    private boolean isDamagedBehindFiles() {
        List<IndexRange> ranges = raftLog.patchRanges();
        return raftLog.damage().stream()
                .anyMatch(d -> ranges.stream().noneMatch(r -> r.from() <= d.toIndex() && d.toIndex() <= r.to()));
    }

    /** On the writer's lane. */
    private static void unlessFull(LogWriter.DiskAction action) throws IOException {
        try {
            action.run();
        } catch (DiskFullException e) {
            log.warn("disk full, the log is repaired later reason={}", e.getMessage());
        }
    }

    private void start(IndexRange range, long prevTerm) throws IOException {
        log.info(
                "writing a file of the log anew fromIndex={} toIndex={} because={}",
                range.from(),
                range.to(),
                prepending ? "older log is missing here" : "entries or headers are damaged");
        patch = Optional.of(store.beginPatch(range, prevTerm));
        phase = Phase.FILLING;
    }

    /** Whoever gives the first entry also says which term was in front of it. */
    private void askForTermInFront() {
        IndexRange range = wanted;
        ask(new Bulk.ReadLog(range.from(), range.to(), Bulk.PART_BYTES_MAX), first -> {
            if (first.entries().isEmpty() || !isCertain(first.entries().get(0), first.committedIndex())) {
                nextSource(range.from(), "what it gives for it is not certain to be the same");
                return;
            }
            if (first.prevTerm() == Bulk.LogPart.TERM_UNKNOWN) {
                nextSource(range.from(), "it does not know the term in front");
                return;
            }
            start(range, first.prevTerm());
            take(first);
        });
    }

    /** Files of the giver are copied one by one: it says where the one in front of our log begins. */
    private void locate() {
        if (!prepending) {
            askForTermInFront();
            return;
        }
        long last = raftLog.firstIndex() - 1;
        ask(new Bulk.ReadLog(last, last, 1), part -> {
            long from = Math.max(1, Math.max(part.firstIndex(), around.neededFromIndex()));
            if (from > last || last > part.committedIndex()) {
                nextSource(last, "it does not hold the log there");
                return;
            }
            ask(new Bulk.ReadLog(from, last, Bulk.PART_BYTES_MAX), first -> {
                if (first.prevTerm() == Bulk.LogPart.TERM_UNKNOWN) {
                    nextSource(last, "it does not know the term in front");
                    return;
                }
                start(new IndexRange(from, last), first.prevTerm());
                take(first);
            });
        });
    }

    private void fill() throws IOException {
        LogPatch filling = patch.orElseThrow();
        if (filling.isComplete()) {
            insert(filling);
            return;
        }
        long next = filling.nextIndex();
        if (!prepending && !isDamaged(next)) {
            try {
                List<Entry> own = raftLog.read(next, Bulk.PART_BYTES_MAX);
                filling.add(own);
                pace.moved(sizeOf(own), calls.nowNanos());
                return;
            } catch (DamagedEntryException e) {
                log.debug("more damage found while repairing index={}", next);
            } catch (TrimmedException | IllegalArgumentException e) {
                // Reading at a pace takes long, and insert() would refuse it anyway.
                abandon("the log was trimmed or truncated meanwhile");
                return;
            }
        }
        ask(
                new Bulk.ReadLog(next, prepending ? filling.range().to() : damagedTo(next), Bulk.PART_BYTES_MAX),
                this::take);
    }

    private boolean isDamaged(long index) {
        return raftLog.damage().stream().anyMatch(d -> d.fromIndex() <= index && index <= d.toIndex());
    }

    private long damagedTo(long index) {
        long to = index;
        for (Damage d : raftLog.damage()) {
            if (d.fromIndex() <= index && d.toIndex() >= to) {
                to = d.toIndex();
            }
        }
        return Math.min(to, patch.orElseThrow().range().to());
    }

    private void take(Bulk.LogPart part) throws IOException {
        LogPatch filling = patch.orElseThrow();
        int certain = 0;
        for (Entry entry : part.entries()) {
            if (entry.index() != filling.nextIndex() + certain || !isCertain(entry, part.committedIndex())) {
                break;
            }
            fetchedBytes += entry.frameBytes();
            certain++;
        }
        if (certain == 0) {
            nextSource(filling.nextIndex(), "what it gives for it is not certain to be the same");
            return;
        }
        filling.add(part.entries().subList(0, certain));
        progress = Optional.of(
                new Catchup(prepending ? "older log" : "damaged entries", sources.get(source), fetchedBytes, 0));
    }

    private boolean isCertain(Entry entry, long committedThere) {
        long index = entry.index();
        return (index <= committedThere && index <= around.committedIndex())
                || (raftLog.termKnown(index) && termAt(index) == entry.term());
    }

    @FunctionalInterface
    private interface PartReceiver {
        void receive(Bulk.LogPart part) throws IOException;
    }

    private void ask(Bulk.ReadLog request, PartReceiver receiver) {
        if (source >= sources.size()) {
            abandonFor("there is no other replica");
            return;
        }
        Phase before = phase;
        phase = Phase.WAITING;
        long question = ++questions;
        calls.ask(sources.get(source), request, answer -> {
            if (phase != Phase.WAITING || question != questions) {
                return; // a snapshot came in between, and maybe another question
            }
            phase = before;
            if (answer.isPresent() && answer.get() instanceof Bulk.LogPart part) {
                pace.moved(sizeOf(part.entries()), calls.nowNanos());
                receiver.receive(part);
            } else {
                // Where older log begins is asked in two steps, which are one question.
                long index = prepending && before == Phase.LOCATING ? raftLog.firstIndex() - 1 : request.fromIndex();
                if (answer.isPresent() && answer.get() instanceof Bulk.Refused refused) {
                    refused(index, refused.reason());
                }
                nextSource(index, answer.map(Object::toString).orElse("it could not be asked"));
            }
        });
    }

    private void refused(long index, Bulk.Reason reason) {
        forgetRefusalsOfOthersThan(index);
        if (reason == Bulk.Reason.TRIMMED) {
            trimmedElsewhere = true;
        }
        if (reason == Bulk.Reason.TRIMMED || reason == Bulk.Reason.DAMAGED || reason == Bulk.Reason.NEVER_HAD) {
            lackedBy.add(sources.get(source));
        }
    }

    /** Who lacks one entry may have what follows it. */
    private void forgetRefusalsOfOthersThan(long index) {
        if (refusedIndex != index) {
            refusedIndex = index;
            refusals = 0;
            lackedBy.clear();
        }
    }

    private static long sizeOf(List<Entry> entries) {
        long bytes = 0;
        for (Entry entry : entries) {
            bytes += entry.frameBytes();
        }
        return bytes;
    }

    /** Each is asked once for an entry, whoever gave those in front of it. */
    private void nextSource(long index, String reason) throws IOException {
        log.info("cannot get log index={} from={} reason={}", index, sources.get(source), reason);
        forgetRefusalsOfOthersThan(index);
        source = (source + 1) % sources.size();
        if (++refusals == sources.size()) {
            if (canLeaveOut()) {
                leaveOut();
            } else {
                abandonFor("no replica could give it");
            }
        }
    }

    private long nextIndex() {
        return patch.map(LogPatch::nextIndex).orElse(wanted.from());
    }

    /**
     * The entry is trimmed elsewhere and nobody has it, the state stands for it and for all of its file, and nobody needs
     * its body.
     */
    private boolean canLeaveOut() {
        long index = nextIndex();
        return !prepending
                && trimmedElsewhere
                && refusedIndex == index
                && lackedBy.containsAll(sources)
                && index < around.neededFromIndex()
                && wanted.to() <= around.droppableIndex()
                && wanted.to() <= around.committedIndex();
    }

    /** The log is to begin behind the entry: what is still needed of its file is written anew, then the file goes. */
    private void leaveOut() throws IOException {
        long index = nextIndex();
        long to = wanted.to();
        long from = Math.max(index + 1, around.neededFromIndex());
        log.warn(
                "a damaged entry that others have trimmed and nobody has is left out, the log begins behind it index={}",
                index);
        forget();
        if (from > to) {
            phase = Phase.INSERTING;
            around.change(() -> raftLog.trim(to), () -> {
                phase = Phase.IDLE;
                if (raftLog.firstIndex() > to) {
                    around.trimmed(raftLog.firstIndex());
                    around.repaired();
                } else {
                    stuck.add(file);
                }
                later(0);
            });
            return;
        }
        shortened = true;
        writeAnew(new IndexRange(from, to));
    }

    private void insert(LogPatch filled) throws IOException {
        filled.seal();
        phase = Phase.INSERTING;
        boolean[] inserted = new boolean[1];
        boolean trims = shortened;
        long[] trimmedTo = new long[1];
        LogWriter.DiskAction into = () -> {
            if (trims) {
                long before = raftLog.firstIndex();
                raftLog.trim(filled.range().to());
                trimmedTo[0] = raftLog.firstIndex() > before ? raftLog.firstIndex() : 0;
            }
            inserted[0] = store.insert(filled);
        };
        around.change(() -> unlessFull(into), () -> {
            boolean done = inserted[0];
            forget();
            if (trimmedTo[0] > 0) {
                around.trimmed(trimmedTo[0]);
            }
            if (done) {
                around.repaired();
                later(0);
            } else {
                log.info("the log changed while a file of it was written anew, or the file does not fit");
                pass();
            }
        });
    }

    /** The others are tried first. */
    private void abandonFor(String reason) {
        if (trimmedElsewhere && !prepending) {
            around.unrepairable(new IndexRange(nextIndex(), wanted.to()));
        }
        abandon(reason);
        pass();
    }

    private void pass() {
        if (prepending) {
            prependingStuck = true;
        } else {
            stuck.add(file);
        }
        later(0);
    }

    private void abandon(String reason) {
        log.warn("log that is missing here stays missing for now reason={}", reason);
        forget();
        later(RETRY_NANOS);
    }

    /** There is no space for it. */
    void giveUp() {
        if (phase == Phase.IDLE) {
            later(RETRY_NANOS); // perhaps a file that could not even be begun
        } else if (phase != Phase.INSERTING) {
            abandon("disk full");
        }
    }

    /** A snapshot replaces the log: nothing of it is missing any more, or something else is. */
    void restart() {
        forget();
        stuck.clear();
        prependingStuck = false;
        later(0);
    }

    private void forget() {
        if (patch.isPresent()) {
            try {
                patch.get().close();
            } catch (IOException e) {
                // Its files are deleted before the next one begins.
                log.debug("closing a file written aside failed", e);
            }
        }
        patch = Optional.empty();
        phase = Phase.IDLE;
        progress = Optional.empty();
    }

    private void later(long nanos) {
        due = true;
        dueNanos = calls.nowNanos() + nanos;
    }

    private long termAt(long index) {
        long term = 0;
        for (TermStart start : raftLog.terms()) {
            if (start.firstIndex() <= index) {
                term = start.term();
            }
        }
        return term;
    }
}
