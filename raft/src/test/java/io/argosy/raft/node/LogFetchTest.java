package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Repairs step by step, with peers, disk and clock in the hands of the test. */
class LogFetchTest {

    private static final Path FOLDER = Path.of("/store");
    private static final long LAST = 120;
    private static final ReplicaId FIRST_PEER = new ReplicaId(2);
    private static final ReplicaId SECOND_PEER = new ReplicaId(3);

    private final Random random = new Random(5);
    private final FaultyDisk disk = new FaultyDisk(random);
    private final FaultyDisk peerDisk = new FaultyDisk(random);
    private final Queue<IoAction> answers = new ArrayDeque<>();
    private final List<Long> unrepairable = new ArrayList<>();
    private long nowNanos = 1;
    private long neededFrom = 1;
    private long droppable;
    private long committed = LAST;
    private long committedByPeers = LAST;
    /** Whoever is asked while it is down does not answer. */
    private final Set<ReplicaId> down = new HashSet<>();

    private interface IoAction {
        void run() throws IOException;
    }

    private LocalStore open(FaultyDisk where) throws IOException {
        return LocalStore.openStepped(
                where,
                FOLDER,
                new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 12 << 10, 0),
                () -> new UUID(random.nextLong(), random.nextLong()));
    }

    /** All stores hold the same entries in files of the same size. */
    private LocalStore filled(FaultyDisk where) throws IOException {
        return filled(where, Long.MAX_VALUE);
    }

    /** From the index on its entries are of another leader. */
    private LocalStore filled(FaultyDisk where, long otherFrom) throws IOException {
        LocalStore store = open(where);
        store.adopt("g", new Membership(new UUID(7, 7), List.of(new Member(new ReplicaId(1), store.storeUuid()))));
        for (long index = store.log().lastIndex() + 1; index <= LAST; index++) {
            store.log().append(List.of(index < otherFrom ? entry(index) : entryOfAnotherLeader(index)));
            store.log().sync();
        }
        return store;
    }

    private static Entry entry(long index) {
        byte[] payload = new byte[400];
        payload[0] = (byte) index;
        return Entry.of(index, termOf(index), EntryType.COMMAND, ByteBuffer.wrap(payload));
    }

    private static Entry entryOfAnotherLeader(long index) {
        return withTerm(index, 9);
    }

    /** Firsts of the files, in order. */
    private static List<Long> files(LocalStore store) {
        List<Long> firsts = new ArrayList<>();
        for (long index = store.log().firstIndex(); index <= LAST; index++) {
            long first = store.log().segmentStart(index);
            if (!firsts.contains(first)) {
                firsts.add(first);
            }
        }
        return firsts;
    }

    /** Fills it and closes it again, so that its files can be hurt. */
    private List<Long> filesOfFilled(FaultyDisk where) throws IOException {
        try (LocalStore store = filled(where)) {
            return files(store);
        }
    }

    /** In the payload of its first entry. */
    private void damage(long firstIndexOfFile) {
        damage(disk, firstIndexOfFile);
    }

    private static void damage(FaultyDisk where, long firstIndexOfFile) {
        where.flip(FOLDER.resolve("%020d.log".formatted(firstIndexOfFile)), 8_192 + 300, 4);
    }

    private LogFetch fetch(LocalStore store, LocalStore peer) {
        return fetch(store, peer, peer);
    }

    private LogFetch fetch(LocalStore store, LocalStore first, LocalStore second) {
        Map<ReplicaId, LogSource> sources = Map.of(
                FIRST_PEER, new LogSource(first.log(), () -> committedByPeers, () -> {}),
                SECOND_PEER, new LogSource(second.log(), () -> committedByPeers, () -> {}));
        return new LogFetch(
                store,
                new BulkCalls() {
                    @Override
                    public void ask(ReplicaId from, Bulk.Request request, MaybeReceiver receiver) {
                        Optional<Bulk.Answer> answer = down.contains(from)
                                ? Optional.empty()
                                : Optional.of(Objects.requireNonNull(sources.get(from))
                                        .read((Bulk.ReadLog) request));
                        answers.add(() -> receiver.receive(answer));
                    }

                    @Override
                    public long nowNanos() {
                        return nowNanos;
                    }
                },
                new Pace(1L << 30),
                new Here(store));
    }

    private final class Here implements LogFetch.Surroundings {
        private final LocalStore store;

        Here(LocalStore store) {
            this.store = store;
        }

        @Override
        public List<ReplicaId> peers() {
            return List.of(FIRST_PEER, SECOND_PEER);
        }

        @Override
        public long committedIndex() {
            return committed;
        }

        @Override
        public long neededFromIndex() {
            return neededFrom;
        }

        @Override
        public long droppableIndex() {
            return droppable;
        }

        @Override
        public void change(LogWriter.DiskAction action, Runnable done) {
            answers.add(() -> {
                action.run();
                done.run();
            });
        }

        @Override
        public void unrepairable(IndexRange entries) {
            unrepairable.add(entries.from());
        }

        @Override
        public void repaired() {
            // Asserted by what the log says.
        }

        @Override
        public void trimmed(long firstIndex) {
            // Or older log was put back already.
            assertThat(store.log().firstIndex()).isLessThanOrEqualTo(firstIndex);
        }
    }

    private void repair(LocalStore store, LocalStore peer) throws IOException {
        repair(store, peer, peer);
    }

    /** For longer than all takes that can be repaired. */
    private void repair(LocalStore store, LocalStore first, LocalStore second) throws IOException {
        LogFetch fetch = fetch(store, first, second);
        fetch.check(nowNanos);
        run(fetch, 10);
    }

    /** Steps for so long; what is asked is answered between two steps. */
    private void run(LogFetch fetch, int seconds) throws IOException {
        long untilNanos = nowNanos + TimeUnit.SECONDS.toNanos(seconds);
        while (nowNanos < untilNanos) {
            long waitNanos = fetch.step(nowNanos);
            IoAction answer = answers.poll();
            if (answer != null) {
                answer.run();
            } else {
                nowNanos += Math.min(waitNanos, TimeUnit.MILLISECONDS.toNanos(100));
            }
        }
    }

    @Test
    void aRepairThatCouldNotBeginForWantOfSpaceBeginsOnceThereIsSome() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            damage(files(store).get(2));
            store.log().verify();
            LogFetch fetch = fetch(store, peer);
            fetch.check(nowNanos);
            disk.fill(0);
            assertThatThrownBy(() -> run(fetch, 1)).isInstanceOf(DiskFullException.class);
            fetch.giveUp();
            disk.quota(Long.MAX_VALUE);

            run(fetch, 10);

            assertThat(store.log().damage()).isEmpty();
        }
    }

    /** The file, its first entry and all behind it are not known to be committed; the other peer has what was here. */
    private void assertThatOnlyTheSameEntryIsTaken(long committedHere, long committedThere) throws IOException {
        try (LocalStore store = filled(disk)) {
            List<Long> files = files(store);
            long lost = files.get(files.size() - 2);
            try (LocalStore another = filled(new FaultyDisk(random), lost);
                    LocalStore same = filled(peerDisk)) {
                committed = Math.max(committedHere, lost - 1);
                committedByPeers = Math.max(committedThere, lost - 1);
                damage(lost);
                store.log().verify();
                assertThat(store.log().damage()).isNotEmpty();

                repair(store, another, same);

                assertThat(store.log().damage()).isEmpty();
                for (long index = lost; index <= LAST; index++) {
                    Entry found = store.log().read(index, 1).get(0);
                    assertThat(found.term()).isEqualTo(entry(index).term());
                    assertThat(found.payload()).isEqualTo(entry(index).payload());
                }
            }
        }
    }

    @Test
    void whatIsCommittedNowhereIsTakenOnlyIfItIsOfTheTermThatWasHere() throws IOException {
        assertThatOnlyTheSameEntryIsTaken(0, 0);
    }

    @Test
    void whatAPeerDoesNotKnowToBeCommittedMayBeAnotherEntry() throws IOException {
        assertThatOnlyTheSameEntryIsTaken(LAST, 0);
    }

    @Test
    void whatIsNotKnownToBeCommittedHereMayHaveBeenAnotherEntry() throws IOException {
        assertThatOnlyTheSameEntryIsTaken(0, LAST);
    }

    /** The second file is damaged, and peers have trimmed it; once all have said so and the state stands, it goes. */
    private void assertThatNothingIsLeftOut(ReplicaId... silent) throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            long lost = files(store).get(1);
            peer.log().trim(files(store).get(3) - 1);
            damage(lost);
            store.log().verify();
            neededFrom = LAST;
            down.addAll(List.of(silent));
            LogFetch fetch = fetch(store, peer);
            fetch.check(nowNanos);

            run(fetch, 10);

            assertThat(store.log().firstIndex()).isEqualTo(1);
            assertThat(store.log().damage()).isNotEmpty();
            assertThat(unrepairable).contains(lost);

            down.clear();
            droppable = LAST;
            run(fetch, 10);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().firstIndex()).isGreaterThan(lost);
        }
    }

    @Test
    void whatSomebodyMayStillHaveIsNotLeftOut() throws IOException {
        droppable = LAST;
        assertThatNothingIsLeftOut(SECOND_PEER);
    }

    @Test
    void whatTheStateDoesNotStandForDurablyIsNotLeftOut() throws IOException {
        assertThatNothingIsLeftOut();
    }

    @Test
    void whatNobodyCanGiveDoesNotKeepTheRestFromBeingRepaired() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            List<Long> files = files(store);
            damage(files.get(1));
            damage(files.get(3));
            store.log().verify();
            peer.log().trim(files.get(2) - 1);

            repair(store, peer);

            assertThat(store.log().damage())
                    .singleElement()
                    .satisfies(damage -> assertThat(damage.fromIndex()).isEqualTo(files.get(1)));
        }
    }

    /** An entry of the file. */
    private void loseHereAndThere(LocalStore store, LocalStore peer, long firstIndexOfFile) throws IOException {
        damage(disk, firstIndexOfFile);
        store.log().verify();
        damage(peerDisk, firstIndexOfFile);
        peer.log().verify();
    }

    @Test
    void olderLogIsFetchedThoughDamageStays() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore second = filled(new FaultyDisk(random));
                LocalStore store = filled(disk)) {
            List<Long> files = files(store);
            store.log().trim(files.get(2) - 1);
            loseHereAndThere(store, peer, files.get(4));
            second.log().trim(files.get(5) - 1);

            repair(store, peer, second);

            assertThat(store.log().damage()).hasSize(1);
            assertThat(store.log().firstIndex()).isEqualTo(1);
        }
    }

    @Test
    void anEntryThatOneHasLostAndTheOtherHasTrimmedIsLeftOut() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore second = filled(new FaultyDisk(random));
                LocalStore store = filled(disk)) {
            List<Long> files = files(store);
            loseHereAndThere(store, peer, files.get(1));
            second.log().trim(files.get(3) - 1);
            droppable = LAST;
            neededFrom = files.get(3);

            repair(store, peer, second);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().firstIndex()).isEqualTo(files.get(2));
        }
    }

    @Test
    void aFirstFileThatIsLostAndThatAllOthersHaveTrimmedIsLeftOut() throws IOException {
        List<Long> files = filesOfFilled(disk);
        loseHeaders(files.get(0));
        droppable = LAST;
        neededFrom = files.get(1);
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = open(disk)) {
            peer.log().trim(files.get(3) - 1);

            repair(store, peer);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().firstIndex()).isEqualTo(files.get(1));
        }
        try (LocalStore store = open(disk)) {
            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().firstIndex()).isEqualTo(files.get(1));
        }
    }

    @Test
    void whatIsNeededOfAFirstFileThatIsLostIsWrittenAnewWhereTheRestIsLeftOut() throws IOException {
        List<Long> files = filesOfFilled(disk);
        loseHeaders(files.get(0));
        droppable = LAST;
        neededFrom = 4;
        assertThat(files.get(1)).isEqualTo(5);
        try (LocalStore peer = filled(peerDisk);
                LocalStore second = filled(new FaultyDisk(random));
                LocalStore store = open(disk)) {
            // Entry 2, behind the one with the membership.
            peerDisk.flip(FOLDER.resolve("%020d.log".formatted(1)), 8_192 + 512 + 300, 4);
            peer.log().verify();
            assertThat(peer.log().damage()).hasSize(1);
            second.log().trim(files.get(3) - 1);

            repair(store, peer, second);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().firstIndex()).isEqualTo(4);
        }
    }

    @Test
    void theAnswerToAQuestionFromBeforeASnapshotIsNobodysAnswer() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            List<Long> files = files(store);
            damage(files.get(2));
            store.log().verify();
            LogFetch fetch = fetch(store, peer);
            fetch.check(nowNanos);
            fetch.step(nowNanos);
            assertThat(answers).hasSize(1);
            store.log().trim(files.get(4) - 1);
            fetch.restart();
            fetch.step(nowNanos);
            assertThat(answers).hasSize(2);

            run(fetch, 10);

            assertThat(store.log().firstIndex()).isEqualTo(1);
        }
    }

    @Test
    void whoLostTheTermInFrontItselfDoesNotGiveItForADamagedFile() throws IOException {
        List<Long> files;
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            files = files(peer);
            store.log().trim(files.get(3) - 1);
        }
        loseHeaders(files.get(3));
        loseHeaders(peerDisk, files.get(2));
        neededFrom = files.get(3);
        try (LocalStore hurt = open(peerDisk);
                LocalStore whole = filled(new FaultyDisk(random));
                LocalStore store = open(disk)) {
            repair(store, hurt);
            assertThat(store.log().damage()).hasSize(1);

            repair(store, hurt, whole);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().terms().get(0)).isEqualTo(new TermStart(files.get(3) - 1, termOf(files.get(3) - 1)));
        }
    }

    @Test
    void whoLostTheTermInFrontItselfDoesNotGiveItForOlderLog() throws IOException {
        List<Long> files = filesOfFilled(peerDisk);
        loseHeaders(peerDisk, files.get(2));
        try (LocalStore hurt = open(peerDisk);
                LocalStore whole = filled(new FaultyDisk(random));
                LocalStore store = filled(disk)) {
            store.log().trim(files.get(4) - 1);
            repair(store, hurt);
            assertThat(store.log().firstIndex()).isEqualTo(files.get(4));

            repair(store, hurt, whole);

            assertThat(store.log().firstIndex()).isEqualTo(1);
            assertThat(store.log().terms()).isEqualTo(whole.log().terms());
        }
    }

    /** Its header is lost, and with it the term in front of it; the tail mark tells only that of the last entry. */
    @Test
    void theOnlyFileOfALogComesBackWithTheTermThatWasInFrontOfIt() throws IOException {
        try (LocalStore peer = filled(peerDisk)) {
            long only;
            try (LocalStore store = filled(disk)) {
                only = files(store).get(files(store).size() - 1);
                store.log().trim(only - 1);
                assertThat(store.log().firstIndex()).isEqualTo(only);
                peer.log().append(List.of(withTerm(LAST + 1, 9)));
                peer.log().sync();
                store.log().append(List.of(withTerm(LAST + 1, 9)));
                store.log().sync();
            }
            loseHeaders(only);
            neededFrom = only;
            committed = committedByPeers = LAST + 1;
            try (LocalStore store = open(disk)) {
                repair(store, peer);
                assertThat(store.log().damage()).isEmpty();
            }

            try (LocalStore store = open(disk)) {
                assertThat(store.log().damage()).isEmpty();
                assertThat(store.log().terms().get(0)).isEqualTo(new TermStart(only - 1, termOf(only - 1)));
                neededFrom = 1;
                repair(store, peer);
                assertThat(store.log().firstIndex()).isEqualTo(1);
            }
        }
    }

    /** What was applied and is in no file any more is of terms that nobody here knows, and no entry follows it. */
    @Test
    void aLostEndOfTheLogComesBackWhateverTermsItWasOf() throws IOException {
        try (LocalStore peer = filled(peerDisk)) {
            for (long index = LAST + 1; index <= LAST + 3; index++) {
                peer.log().append(List.of(withTerm(index, 9)));
            }
            peer.log().sync();
            committed = committedByPeers = LAST + 3;
            try (LocalStore store = filled(disk)) {
                store.restored(LAST + 3);

                repair(store, peer);

                assertThat(store.log().damage()).isEmpty();
                assertThat(store.log().terms()).isEqualTo(peer.log().terms());
                store.log().append(List.of(withTerm(LAST + 4, 9)));
                store.log().sync();
            }
            try (LocalStore store = open(disk)) {
                assertThat(store.log().damage()).isEmpty();
                assertThat(store.log().terms()).isEqualTo(peer.log().terms());
                // The header of the last file says what was guessed: it must not be the first one.
                store.log().trim(LAST + 3);
                assertThat(store.log().firstIndex()).isEqualTo(LAST + 1);
            }
        }
    }

    @Test
    void neighbouringFilesWhoseHeadersAreLostComeBackAsOneAndAreGone() throws IOException {
        try (LocalStore peer = filled(peerDisk)) {
            List<Long> files;
            try (LocalStore store = filled(disk)) {
                files = files(store);
            }
            loseHeaders(files.get(2));
            loseHeaders(files.get(3));
            try (LocalStore store = open(disk)) {
                repair(store, peer);
                assertThat(store.log().damage()).isEmpty();
            }
            try (LocalStore store = open(disk)) {
                assertThat(store.log().damage()).isEmpty();
                assertThat(store.log().terms()).isEqualTo(peer.log().terms());
            }
        }
    }

    @Test
    void aFileWhoseHeaderIsLostIsGoneOnceTheLogIsTruncatedInFrontOfIt() throws IOException {
        List<Long> files = filesOfFilled(disk);
        loseHeaders(files.get(2));
        try (LocalStore store = open(disk)) {
            store.log().truncateFrom(files.get(1) + 1);
            for (long index = files.get(1) + 1; index <= LAST; index++) {
                store.log().append(List.of(withTerm(index, 9)));
            }
            store.log().sync();
        }
        try (LocalStore store = open(disk)) {
            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().lastIndex()).isEqualTo(LAST);
        }
    }

    /** Where the file is lost that a truncation would be written to, the log goes on in a new one. */
    @Test
    void aLogWhoseFirstFileIsLostIsTruncatedInsideOfItAndComesBack() throws IOException {
        List<Long> files = filesOfFilled(disk);
        long index = files.get(1) - 3;
        loseHeaders(files.get(0));
        try (LocalStore store = open(disk)) {
            store.log().truncateFrom(index, termOf(index - 1));
            for (long next = index; next <= LAST; next++) {
                store.log().append(List.of(entryOfAnotherLeader(next)));
                store.log().sync();
            }
        }
        try (LocalStore peer = filled(peerDisk, index);
                LocalStore store = open(disk)) {
            assertThat(store.log().damage()).hasSize(1);

            repair(store, peer);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().terms()).isEqualTo(peer.log().terms());
        }
        try (LocalStore store = open(disk)) {
            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().lastIndex()).isEqualTo(LAST);
        }
    }

    /** The term in front of the log is lost with its only file; whoever truncates knows it. */
    @Test
    void aLogThatIsLostAsAWholeGoesOnBehindATermThatTheLeaderKnows() throws IOException {
        long only;
        try (LocalStore store = filled(disk)) {
            only = files(store).get(files(store).size() - 1);
            store.log().trim(only - 1);
        }
        loseHeaders(only);
        try (LocalStore store = open(disk)) {
            store.log().truncateFrom(only, termOf(only - 1));
        }

        try (LocalStore store = open(disk)) {
            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().lastIndex()).isEqualTo(only - 1);
            assertThat(store.log().terms()).containsExactly(new TermStart(only - 1, termOf(only - 1)));
        }
    }

    /** Only what was lost could tell whether the header is right, and a log must know the term in front of it. */
    @Test
    void aFileBegunBehindALostEndDoesNotBecomeTheFirstWhileTheTermInFrontOfItIsLost() throws IOException {
        try (LocalStore store = filled(disk)) {
            long lastFile = store.log().segmentStart(LAST);
            store.restored(LAST + 3);
            store.log().append(List.of(withTerm(LAST + 4, 9)));
            store.log().sync();

            store.log().trim(LAST + 3);

            assertThat(store.log().firstIndex()).isEqualTo(lastFile);
        }
    }

    @Test
    void aFileBegunInTimeBecomesTheFirstAlthoughTheOneInFrontOfItIsLost() throws IOException {
        List<Long> files = filesOfFilled(disk);
        loseHeaders(files.get(2));
        try (LocalStore store = open(disk)) {
            store.log().trim(files.get(3) - 1);

            assertThat(store.log().firstIndex()).isEqualTo(files.get(3));
            assertThat(store.log().terms().get(0)).isEqualTo(new TermStart(files.get(3) - 1, termOf(files.get(3) - 1)));
        }
    }

    private static long termOf(long index) {
        return 1 + index / 50;
    }

    private static Entry withTerm(long index, long term) {
        return Entry.of(index, term, EntryType.COMMAND, ByteBuffer.wrap(new byte[400]));
    }

    private void loseHeaders(long firstIndexOfFile) {
        loseHeaders(disk, firstIndexOfFile);
    }

    private static void loseHeaders(FaultyDisk where, long firstIndexOfFile) {
        Path file = FOLDER.resolve("%020d.log".formatted(firstIndexOfFile));
        where.flip(file, 100, 4);
        where.flip(file, 100 + 4096, 4);
    }
}
