package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Entries that changed the membership are lost, and the replica counts no majorities of an older one (R50). */
class LostMembershipTest {

    private static final Path FOLDER = Path.of("/store");
    private static final Path FILE = FOLDER.resolve(MembershipFile.NAME);
    private static final RaftConfig.Storage CONFIG = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 12 << 10, 0);

    private final Random random = new Random(5);
    private final FaultyDisk disk = new FaultyDisk(random);
    private final Membership founding = new Membership(new UUID(7, 7), List.of(member(1)));
    private final Membership second = founding.withLearner(member(2));
    private final Membership third = second.withLearner(member(3));

    private static Member member(int id) {
        return new Member(new ReplicaId(id), new UUID(0, id));
    }

    private LocalStore open() throws IOException {
        return open(disk);
    }

    private LocalStore open(FaultyDisk from) throws IOException {
        return LocalStore.openStepped(from, FOLDER, CONFIG, () -> new UUID(random.nextLong(), random.nextLong()));
    }

    @BeforeEach
    void aGroupWithSomeEntries() throws IOException {
        try (LocalStore store = open()) {
            store.adopt("g", founding);
            fill(store, 30);
        }
    }

    private static Entry command(long index) {
        return Entry.of(index, 1, EntryType.COMMAND, ByteBuffer.wrap(new byte[400]));
    }

    private static void fill(LocalStore store, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            store.log().append(List.of(command(store.log().lastIndex() + 1)));
            store.log().sync();
        }
    }

    /** Fills until the last file holds no more than the returned entry. */
    private static long beginFile(LocalStore store) throws IOException {
        do {
            fill(store, 1);
        } while (store.log().segmentStart(store.log().lastIndex())
                != store.log().lastIndex());
        return store.log().lastIndex();
    }

    private static long change(LocalStore store, Membership to) throws IOException {
        long index = store.log().lastIndex() + 1;
        store.log().append(List.of(Entry.of(index, 1, EntryType.CONFIG, to.encode())));
        store.log().sync();
        return index;
    }

    private void loseHeaders(long firstIndexOfFile) {
        Path file = FOLDER.resolve(Segment.name(firstIndexOfFile) + Segment.SUFFIX);
        disk.flip(file, 100, 4);
        disk.flip(file, SegmentHeader.COPY_BYTES + 100, 4);
    }

    /** The file that holds the change is unreadable. */
    private long changeAndLoseIt(Membership to) throws IOException {
        long file;
        try (LocalStore store = open()) {
            file = beginFile(store);
            change(store, to);
        }
        loseHeaders(file);
        return file;
    }

    @Test
    void theMembershipOfALostEntryIsInForce() throws IOException {
        changeAndLoseIt(second);
        for (int start = 0; start < 3; start++) {
            try (LocalStore store = open()) {
                assertThat(store.log().damage()).isNotEmpty();
                assertThat(store.membership()).contains(second);
                fill(store, 40);
            }
        }
    }

    @Test
    void itStaysInForceOnceItsEntryIsTrimmed() throws IOException {
        long lost = changeAndLoseIt(second);
        long next;
        try (LocalStore store = open()) {
            next = store.log().lastIndex() + 1;
            fill(store, 60);
            store.log().trim(store.log().lastIndex());
            assertThat(store.log().firstIndex()).isGreaterThan(next);
            assertThat(store.membership()).contains(second);
        }
        try (LocalStore store = open()) {
            assertThat(store.log().firstIndex()).isGreaterThan(lost);
            assertThat(store.membership()).contains(second);
        }
    }

    @Test
    void itIsInForceAgainOnceALaterOneIsTruncated() throws IOException {
        long file = changeAndLoseIt(second);
        try (LocalStore store = open()) {
            fill(store, 1);
            long later = change(store, third);
            assertThat(store.membership()).contains(third);
            store.log().truncateFrom(later);
            assertThat(store.membership()).contains(second);
        }
        try (LocalStore store = open()) {
            assertThat(store.log().damage().get(0).fromIndex()).isEqualTo(file);
            assertThat(store.membership()).contains(second);
        }
    }

    @Test
    void twoChangesInALostFileLeaveTheOlderOneWhenTheNewerIsTruncated() throws IOException {
        long file;
        long later;
        try (LocalStore store = open()) {
            file = beginFile(store);
            change(store, second);
            later = change(store, third);
            store.log().truncateFrom(later);
        }
        loseHeaders(file);
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(second);
        }
    }

    @Test
    void aTruncatedOneIsNotInForceWhenTheEntryInItsPlaceIsLost() throws IOException {
        long file;
        try (LocalStore store = open()) {
            file = beginFile(store);
            long index = change(store, second);
            store.log().truncateFrom(index);
            assertThat(store.membership()).contains(founding);
            fill(store, 1);
            assertThat(store.log().lastIndex()).isEqualTo(index);
        }
        loseHeaders(file);
        try (LocalStore store = open()) {
            assertThat(store.log().damage().get(0).toIndex()).isEqualTo(file + 1);
            assertThat(store.membership()).contains(founding);
        }
    }

    @Test
    void oneThatNoLogHoldsAnyMoreIsNotInForce() throws IOException {
        try (LocalStore store = open()) {
            store.log().truncateFrom(change(store, second));
        }
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(founding);
            assertThat(store.restored(0).membership().orElseThrow().membership())
                    .isEqualTo(founding);
        }
    }

    /** The tail mark is older than the entry, so that only the state machine knows that it was there. */
    @Test
    void whatTheStateMachineHasAppliedIsInForceThoughTheLogEndsInFrontOfIt() throws IOException {
        FaultyDisk cut;
        Path file;
        long endBytes;
        long index;
        try (LocalStore store = open()) {
            file = FOLDER.resolve(Segment.name(beginFile(store)) + Segment.SUFFIX);
            store.maintain();
            endBytes = store.log().sizeBytes();
            for (String name : disk.list(FOLDER)) {
                boolean sealed = name.endsWith(Segment.SUFFIX) && !file.endsWith(name);
                endBytes -= sealed ? disk.content(FOLDER.resolve(name)).length : 0;
            }
            index = change(store, second);
            cut = disk.copy();
        }
        cut.cut(file, (int) endBytes);
        try (LocalStore store = open(cut)) {
            assertThat(store.log().lastIndex()).isEqualTo(index - 1);
            assertThat(store.membership()).contains(founding);

            assertThat(store.restored(index).membership().orElseThrow().membership())
                    .isEqualTo(second);
        }
        try (LocalStore store = open(cut)) {
            assertThat(store.membership()).contains(second);
        }
    }

    /** An entry that was never committed may come back as another one. */
    @Test
    void whatARepairBringsBackTakesThePlaceOfWhatTheFilesSay() throws IOException {
        long file = changeAndLoseIt(second);
        try (LocalStore store = open()) {
            fill(store, 1);
            assertThat(store.log().patchRanges().get(0).from()).isEqualTo(file);
            writeAnew(store, store.log().patchRanges().get(0));
            assertThat(store.membership()).contains(founding);
        }
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(founding);
            beginFile(store);
            for (IndexRange range : store.log().patchRanges()) {
                writeAnew(store, range); // begun while the change was thought to be in front of it
            }
        }
        loseHeaders(file);
        try (LocalStore store = open()) {
            assertThat(store.log().damage()).isNotEmpty();
            assertThat(store.membership()).contains(founding);
        }
    }

    private static void writeAnew(LocalStore store, IndexRange range) throws IOException {
        try (LogPatch patch = store.beginPatch(range, 1)) {
            while (!patch.isComplete()) {
                patch.add(List.of(command(patch.nextIndex())));
            }
            patch.seal();
            assertThat(store.insert(patch)).isTrue();
        }
    }

    /** Power was lost before the change was put beside the log, and again while a snapshot that tells of it was taken over. */
    @Test
    void aSnapshotThatIsBeingTakenOverTellsWhatIsInForce() throws IOException {
        byte[] recordedBefore = disk.content(FILE);
        long lost = changeAndLoseIt(second);
        try (Disk.DiskFile file = disk.open(FILE, false)) {
            file.write(new ByteBuffer[] {ByteBuffer.wrap(recordedBefore)}, 1, 0);
            file.force();
        }
        SnapshotManifest snapshot;
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(founding);
            fill(store, 3);
            ByteBuffer state = ByteBuffer.wrap(new byte[10]);
            snapshot = new SnapshotManifest(
                    store.log().lastIndex(),
                    1,
                    Optional.of(new ConfigAt(lost, second)),
                    List.of(new SnapshotManifest.SnapshotFile("state", 10, Entry.crcOf(state))));
            IncomingSnapshot incoming = store.receiveSnapshot(snapshot);
            assertThat(incoming.write(incoming.next(100).orElseThrow(), state, Entry.crcOf(state)))
                    .isTrue();
            assertThat(incoming.verify()).isTrue();
            incoming.publish(true);
        }
        for (int start = 0; start < 2; start++) {
            try (LocalStore store = open()) {
                assertThat(store.log().damage()).isNotEmpty();
                assertThat(store.restored(snapshot.index()).membership().orElseThrow())
                        .isEqualTo(new ConfigAt(lost, second));
                store.discardSnapshot();
            }
        }
    }

    /** The header of a file names what was in force when the file was begun. */
    @Test
    void aHeaderTellsNothingOfALostMembershipThatIsNotRecordedAnyMore() throws IOException {
        byte[] recordedBefore = disk.content(FILE);
        long lost;
        try (LocalStore store = open()) {
            lost = beginFile(store);
            change(store, second);
            beginFile(store);
        }
        try (Disk.DiskFile file = disk.open(FILE, false)) {
            file.write(new ByteBuffer[] {ByteBuffer.wrap(recordedBefore)}, 1, 0);
            file.force();
        }
        loseHeaders(lost);
        try (LocalStore store = open()) {
            assertThat(store.log().damage()).isNotEmpty();
            assertThat(store.membership()).contains(founding);
        }
    }

    @Test
    void aPatchOfALaterTermThanWhatIsWholeBehindALossIsRefused() throws IOException {
        long lost;
        long behind;
        try (LocalStore store = open()) {
            lost = beginFile(store);
            behind = beginFile(store);
            fill(store, 1); // still the file that is written: it has no index yet, so that the start scans it
        }
        loseHeaders(lost);
        Path file = FOLDER.resolve(Segment.name(behind) + Segment.SUFFIX);
        for (int i = 0; i < 512; i++) {
            disk.flip(file, SegmentHeader.BYTES + i, 255);
        }
        try (LocalStore store = open()) {
            assertThat(store.log().termKnown(behind)).isFalse();
            assertThat(store.log().termKnown(behind + 1)).isTrue();
            try (LogPatch patch = store.beginPatch(new IndexRange(lost, behind - 1), 1)) {
                while (!patch.isComplete()) {
                    patch.add(
                            List.of(Entry.of(patch.nextIndex(), 3, EntryType.COMMAND, ByteBuffer.wrap(new byte[400]))));
                }
                patch.seal();
                assertThat(store.insert(patch)).isFalse();
            }
        }
    }

    @Test
    void withoutTheFileAWholeLogTellsTheMembership() throws IOException {
        try (LocalStore store = open()) {
            change(store, second);
        }
        disk.lose(FILE);
        open().close();
        disk.flip(FILE, 20, 4);
        disk.flip(FILE, MembershipFile.SLOT_BYTES + 20, 4);
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(second);
        }
        loseHeaders(1);
        try (LocalStore store = open()) {
            assertThat(store.membership()).contains(second);
        }
    }

    @Test
    void withoutTheFileALogThatMissesEntriesIsRefused() throws IOException {
        changeAndLoseIt(second);
        disk.lose(FILE);
        assertThatThrownBy(this::open)
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("membership")
                .hasMessageContaining("add it again empty");
    }

    @Test
    void withoutTheFileALogThatEndsBeforeTheStateIsRefused() throws IOException {
        disk.lose(FILE);
        try (LocalStore store = open()) {
            long applied = store.log().lastIndex() + 1;
            assertThatThrownBy(() -> store.restored(applied)).isInstanceOf(DamagedStoreException.class);
        }
    }
}
