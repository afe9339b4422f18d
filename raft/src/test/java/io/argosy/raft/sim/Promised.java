package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.IncomingSnapshot;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.storage.LogPatch;
import io.argosy.raft.storage.OutgoingSnapshot;
import io.argosy.raft.storage.RaftLog;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.storage.SnapshotManifest;
import io.argosy.raft.storage.StoreCheck;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a node's store has promised, seen from outside of it: outlives crashes. Whatever was synced must be there again
 * after any of them.
 */
final class Promised {

    private final SimulatedNode node;
    private final Checks checks;
    private long[] terms = new long[256];
    private long lastIndex;
    /** Held for certain as long as the machine runs: synced, or written where the group is content with that. */
    private long syncedIndex;
    /** Held whatever happens. */
    private long forcedIndex;
    /** The store notes that it writes without syncing: a loss of power leaves an unknown end (D3). */
    private boolean unsynced;
    /** Terms of what was held up to the last loss of power. */
    private long[] termsOnce = {};

    private HardState hardState = HardState.INITIAL;
    /** Damage of which its store cannot tell whether it was acknowledged: it lost power in the middle of a batch. */
    private List<Damage> doubtful = List.of();

    private @Nullable LocalStore store;

    Promised(SimulatedNode node, Checks checks) {
        this.node = node;
        this.checks = checks;
    }

    long lastIndex() {
        return lastIndex;
    }

    long syncedIndex() {
        return syncedIndex;
    }

    HardState hardState() {
        return hardState;
    }

    boolean isDoubtful() {
        return !doubtful.isEmpty();
    }

    /** As the store has them, up to what is damaged in it. */
    List<ConfigAt> configs() {
        return Objects.requireNonNull(store).log().configs();
    }

    boolean isDamaged() {
        return !Objects.requireNonNull(store).log().damage().isEmpty();
    }

    List<Entry> read(long fromIndex, int bytesMax) throws IOException {
        return Objects.requireNonNull(store).log().read(fromIndex, bytesMax);
    }

    long termAt(long index) {
        return index >= 1 && index <= lastIndex ? terms[(int) index] : -1;
    }

    boolean holds(long index, long term) {
        return index <= syncedIndex && terms[(int) index] == term;
    }

    /** Before the last loss of power, or now. */
    boolean heldOnce(long index, long term) {
        return holds(index, term) || (index < termsOnce.length && termsOnce[(int) index] == term);
    }

    /** What was not synced may be gone, and the store must know that it may. */
    void powerLost() {
        if (unsynced) {
            termsOnce = Arrays.copyOf(terms, (int) syncedIndex + 1);
            syncedIndex = Math.min(syncedIndex, forcedIndex);
            hardState = hardState.withUnknownEnd();
        }
    }

    private void put(long index, long term) {
        if (index >= terms.length) {
            terms = Arrays.copyOf(terms, (int) index * 2);
        }
        terms[(int) index] = term;
        lastIndex = index;
    }

    /** A snapshot stands for everything up to its index; what the log held is void. */
    private void beginBehind(SnapshotManifest snapshot) {
        checks.offered(node, snapshot);
        for (long index = snapshot.index() + 1; index <= Math.min(syncedIndex, checks.committedIndex()); index++) {
            checks.require(
                    terms[(int) index] != checks.committedTerm(index),
                    node,
                    "R26 a snapshot of index " + snapshot.index() + " takes away committed entry " + index);
        }
        for (long index = 1; index <= snapshot.index(); index++) {
            put(index, checks.committedTerm(index));
        }
        syncedIndex = lastIndex;
        forcedIndex = lastIndex;
        doubtful = List.of();
    }

    /** Compares the store as it was opened with what it had promised, then watches it. */
    ReplicaStore watch(LocalStore opened, boolean damageable) throws IOException {
        store = opened;
        RaftLog log = opened.log();
        opened.publishedSnapshot()
                .filter(snapshot -> log.firstIndex() == snapshot.index() + 1 && log.lastIndex() == snapshot.index())
                .ifPresent(this::beginBehind); // else the log goes on: only the state is replaced
        HardState found = opened.hardState();
        if (!damageable) {
            checks.require(
                    found.term() > hardState.term()
                            || found.equals(hardState)
                            || isNewerVote(found)
                            || isUnknownEndOfTheSame(found),
                    node,
                    "R1 hard state was " + hardState + " and is " + found);
            checks.require(
                    log.lastIndex() >= syncedIndex,
                    node,
                    "R29 log was synced up to " + syncedIndex + " and ends at " + log.lastIndex());
            for (Damage damage : log.damage()) {
                // An unfinished batch whose trailer got to the disk before the rest is kept as damaged: whether it was
                // ever acknowledged cannot be told from here (raft-reference 4.4, case 2).
                boolean known = doubtful.stream()
                        .anyMatch(d -> d.fromIndex() <= damage.fromIndex() && d.toIndex() >= damage.toIndex());
                checks.require(
                        known || damage.fromIndex() > syncedIndex,
                        node,
                        "R33 what was synced up to " + syncedIndex + " shows damage " + damage);
            }
            doubtful = log.damage();
        }
        List<TermStart> starts = log.terms();
        int at = 0;
        for (long index = log.firstIndex(); index <= log.lastIndex(); index++) {
            while (at + 1 < starts.size() && starts.get(at + 1).firstIndex() <= index) {
                at++;
            }
            long term = starts.get(at).term();
            if (index <= syncedIndex && !damageable) {
                checks.require(
                        terms[(int) index] == term,
                        node,
                        "R29 entry " + index + " was of term " + terms[(int) index] + " and is of " + term);
            }
            // What lies in a gap has no term of its own until it is repaired: what it was is known here alone.
            put(index, index <= syncedIndex && !log.termKnown(index) ? terms[(int) index] : term);
        }
        lastIndex = log.lastIndex();
        // Opening makes durable what it finds, or else it could not build on it.
        syncedIndex = lastIndex;
        forcedIndex = lastIndex;
        unsynced = false;
        hardState = found;
        return new Watched(opened);
    }

    /**
     * R32: what is put in place of damaged entries is what was there; or, if nobody here knew its term, what is committed
     * there. An entry that was never committed gives way so, as to an append, were its term known.
     *
     * @param termsKnown before it was put in place, from the first index of the range on
     */
    private void inserted(IndexRange range, boolean[] termsKnown) {
        List<TermStart> starts = Objects.requireNonNull(store).log().terms();
        for (long index = range.from(); index <= range.to(); index++) {
            long term = -1;
            for (TermStart start : starts) {
                if (start.firstIndex() <= index) {
                    term = start.term();
                }
            }
            boolean known = termsKnown[(int) (index - range.from())];
            checks.require(
                    term == terms[(int) index] || (!known && checks.isCommitted(index, term)),
                    node,
                    "R32 entry " + index + " was of term " + terms[(int) index] + " and is repaired as of " + term);
            terms[(int) index] = term;
        }
        doubtful = doubtful.stream()
                .filter(d -> d.fromIndex() < range.from() || d.toIndex() > range.to())
                .toList();
    }

    private boolean isNewerVote(HardState found) {
        return found.term() == hardState.term() && hardState.votedFor().isEmpty();
    }

    /** It died before it could say that it had noted what it was about to do, or had taken the note back. */
    private boolean isUnknownEndOfTheSame(HardState found) {
        return node.isAsync() && found.withUnknownEnd().equals(hardState.withUnknownEnd());
    }

    private final class Watched implements ReplicaStore {
        private final LocalStore store;
        private final RaftLog log;

        Watched(LocalStore store) {
            this.store = store;
            this.log = new WatchedLog(store.log());
        }

        @Override
        public UUID storeUuid() {
            return store.storeUuid();
        }

        @Override
        public Optional<UUID> groupUuid() {
            return store.groupUuid();
        }

        @Override
        public HardState hardState() {
            return store.hardState();
        }

        @Override
        public void saveHardState(HardState state) throws IOException {
            store.saveHardState(state);
            hardState = state;
        }

        @Override
        public void allowUnsynced(boolean allowed) throws IOException {
            store.allowUnsynced(allowed);
            unsynced = allowed;
            if (!allowed) {
                forcedIndex = lastIndex;
            }
        }

        @Override
        public RaftLog log() {
            return log;
        }

        @Override
        public RestoredState restored(long appliedIndex) throws IOException {
            RestoredState restored = store.restored(appliedIndex);
            if (log.lastIndex() > lastIndex) {
                checks.require(
                        node.damageable(), node, "R29 log ends at " + lastIndex + ", applied is " + appliedIndex);
                for (long index = lastIndex + 1; index <= log.lastIndex(); index++) {
                    put(index, checks.committedTerm(index));
                }
                syncedIndex = lastIndex;
                forcedIndex = lastIndex;
            }
            return restored;
        }

        @Override
        public Optional<Membership> founding() {
            return store.founding();
        }

        @Override
        public void adopt(String groupName, Membership membership) throws IOException {
            store.adopt(groupName, membership);
            if (lastIndex == 0) {
                put(1, 0);
                syncedIndex = 1;
                forcedIndex = 1;
            }
        }

        @Override
        public Optional<SnapshotManifest> publishedSnapshot() {
            return store.publishedSnapshot();
        }

        @Override
        public Path snapshotFolder() {
            return store.snapshotFolder();
        }

        @Override
        public IncomingSnapshot receiveSnapshot(SnapshotManifest manifest) throws IOException {
            return store.receiveSnapshot(manifest);
        }

        @Override
        public void resetLog(SnapshotManifest snapshot) throws IOException {
            // Published, so that it is begun behind whatever happens in the middle.
            beginBehind(snapshot);
            store.resetLog(snapshot);
        }

        @Override
        public void keepLog(SnapshotManifest snapshot) throws IOException {
            store.keepLog(snapshot);
        }

        @Override
        public void discardSnapshot() throws IOException {
            store.discardSnapshot();
        }

        @Override
        public LogPatch beginPatch(IndexRange range, long prevTerm) throws IOException {
            return store.beginPatch(range, prevTerm);
        }

        @Override
        public boolean insert(LogPatch patch) throws IOException {
            boolean prepends = patch.range().to() < store.log().firstIndex();
            boolean[] termsKnown =
                    new boolean[(int) (patch.range().to() - patch.range().from() + 1)];
            for (int i = 0; i < termsKnown.length; i++) {
                termsKnown[i] = log.termKnown(patch.range().from() + i);
            }
            boolean inserted = store.insert(patch);
            if (inserted) {
                inserted(patch.range(), termsKnown);
                if (prepends) {
                    node.counts().filesBackfilled++;
                } else {
                    node.counts().filesRepaired++;
                }
            }
            return inserted;
        }

        @Override
        public void sealDamaged() throws IOException {
            store.sealDamaged();
        }

        @Override
        public StoreCheck beginCheck() {
            return store.beginCheck();
        }

        @Override
        public List<String> renewSmallFiles(List<String> indexes) throws IOException {
            return store.renewSmallFiles(indexes);
        }

        @Override
        public Path checkpointFolder() throws IOException {
            return store.checkpointFolder();
        }

        @Override
        public OutgoingSnapshot offerSnapshot(long index) throws IOException {
            OutgoingSnapshot offered = store.offerSnapshot(index);
            checks.offered(node, offered.manifest());
            return offered;
        }

        @Override
        public void close() throws IOException {
            store.close();
        }
    }

    private final class WatchedLog implements RaftLog {
        private final RaftLog log;

        WatchedLog(RaftLog log) {
            this.log = log;
        }

        @Override
        public long firstIndex() {
            return log.firstIndex();
        }

        @Override
        public long lastIndex() {
            return log.lastIndex();
        }

        @Override
        public List<ConfigAt> configs() {
            return log.configs();
        }

        @Override
        public List<TermStart> terms() {
            return log.terms();
        }

        @Override
        public void append(List<Entry> entries) throws IOException {
            log.append(entries);
            for (Entry entry : entries) {
                // What is lost with its term stays where it is until it is repaired; what follows it says nothing of
                // it.
                long before = entry.index() - 1;
                checks.appended(node, entry, log.termKnown(before) ? termAt(before) : -1);
                put(entry.index(), entry.term());
            }
            if (unsynced) {
                syncedIndex = lastIndex;
            }
        }

        @Override
        public void sync() throws IOException {
            log.sync();
            syncedIndex = lastIndex;
            forcedIndex = lastIndex;
        }

        @Override
        public void truncateFrom(long index) throws IOException {
            truncateFrom(index, termAt(index - 1));
        }

        @Override
        public void truncateFrom(long index, long prevTerm) throws IOException {
            // Counts as gone from the first moment: a crash in the middle may leave either.
            syncedIndex = Math.min(syncedIndex, index - 1);
            forcedIndex = Math.min(forcedIndex, index - 1);
            if (hardState.reached().index() < lastIndex) {
                checks.truncating(node, index);
            } // Else what was lost without its terms gives way to the leader's, and is remembered by votes (4.4).
            log.truncateFrom(index, prevTerm);
            lastIndex = index - 1;
            doubtful = doubtful.stream().filter(d -> d.fromIndex() < index).toList();
        }

        @Override
        public void trim(long upToIndex) throws IOException {
            checks.require(
                    upToIndex <= node.machine().durableAppliedIndex(),
                    node,
                    "D11 trims up to " + upToIndex + ", durable is the state of "
                            + node.machine().durableAppliedIndex());
            log.trim(upToIndex);
            doubtful = doubtful.stream()
                    .filter(d -> d.toIndex() >= log.firstIndex())
                    .toList();
        }

        @Override
        public List<Entry> read(long fromIndex, int bytesMax) throws IOException {
            return log.read(fromIndex, bytesMax);
        }

        @Override
        public List<Entry> read(long[] indexes, int from, int to, ByteBuffer room) throws IOException {
            return log.read(indexes, from, to, room);
        }

        @Override
        public long segmentStart(long index) {
            return log.segmentStart(index);
        }

        @Override
        public boolean termKnown(long index) {
            return log.termKnown(index);
        }

        @Override
        public boolean isDoubtful(long index) {
            return log.isDoubtful(index);
        }

        @Override
        public boolean isTermKnownInFrontOf(long index) {
            return log.isTermKnownInFrontOf(index);
        }

        @Override
        public List<IndexRange> patchRanges() {
            return log.patchRanges();
        }

        @Override
        public List<Damage> damage() {
            return log.damage();
        }

        @Override
        public List<String> worn() {
            return log.worn();
        }

        @Override
        public void verify() throws IOException {
            log.verify();
        }

        @Override
        public long sizeBytes() {
            return log.sizeBytes();
        }

        @Override
        public void close() throws IOException {
            log.close();
        }
    }
}
