package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.RestoredState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What rots, is cut or is lost while nobody looks: kept, named, never served, never taken for a torn write (R32). */
class DamageTest {

    private static final Path FOLDER = Path.of("/store");
    private static final RaftConfig.Storage CONFIG = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 16 << 10, 0);

    private final Random random = new Random(42);
    private final List<Entry> entries = new ArrayList<>();
    private FaultyDisk disk = new FaultyDisk(random);

    private LocalStore open(FaultyDisk from) throws IOException {
        return LocalStore.openStepped(from, FOLDER, CONFIG, () -> new UUID(random.nextLong(), random.nextLong()));
    }

    private void append(LocalStore store, int count, int bytes) throws IOException {
        List<Entry> batch = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] payload = new byte[bytes];
            random.nextBytes(payload);
            long index = store.log().lastIndex() + 1 + i;
            batch.add(Entry.of(index, 1 + index / 7, EntryType.COMMAND, ByteBuffer.wrap(payload)));
        }
        store.log().append(batch);
        entries.addAll(batch);
    }

    /** Two sealed segments and one in use, everything durable. */
    @BeforeEach
    void writeAStory() throws IOException {
        LocalStore store = adopt();
        for (int i = 0; i < 9; i++) {
            append(store, 1 + i % 3, 700);
            store.log().sync();
        }
        store.log().truncateFrom(store.log().lastIndex() - 1);
        entries.subList(entries.size() - 2, entries.size()).clear();
        append(store, 1, 333);
        append(store, 2, 90);
        store.log().sync();
        assertThat(logs(disk)).hasSize(3);
        // As after kill -9: nothing was closed in order, the tail mark lags behind.
        disk = disk.copy();
    }

    /** Entry 1 is the membership, the hard state is that of term 9. */
    private LocalStore adopt() throws IOException {
        LocalStore store = open(disk);
        Membership membership =
                new Membership(UUID.randomUUID(), List.of(new Member(new ReplicaId(1), store.storeUuid())));
        store.adopt("g", membership);
        entries.add(Entry.of(1, 0, EntryType.CONFIG, membership.encode()));
        store.saveHardState(new HardState(5, Optional.of(new ReplicaId(3))));
        store.saveHardState(new HardState(9, Optional.of(new ReplicaId(1))));
        return store;
    }

    private static List<String> logs(FaultyDisk disk) {
        return disk.list(FOLDER).stream().filter(n -> n.endsWith(".log")).toList();
    }

    /** Opens, reads, goes on, opens again. Returns whether damage was found. */
    private boolean checkOpens(FaultyDisk hurt, String what) throws IOException {
        boolean damaged;
        LocalStore store = open(hurt);
        damaged = check(store, what);
        long last = store.log().lastIndex();
        store.log().append(List.of(Entry.of(last + 1, 50, EntryType.NOOP, ByteBuffer.allocate(0))));
        store.log().sync();
        store.close();

        LocalStore again = open(hurt);
        assertThat(again.log().lastIndex()).as(what).isEqualTo(last + 1);
        assertThat(again.log().read(last + 1, 1).get(0).term()).as(what).isEqualTo(50);
        if (damaged) {
            again.log().verify();
            assertThat(again.log().damage()).as(what).isNotEmpty();
        }
        check(again, what);
        again.close();
        return damaged;
    }

    private boolean check(LocalStore store, String what) throws IOException {
        RaftLog log = store.log();
        RestoredState restored = store.restored(1);
        assertThat(restored.hardState()).as(what).isEqualTo(new HardState(9, Optional.of(new ReplicaId(1))));
        assertThat(log.firstIndex()).as(what).isEqualTo(1);
        assertThat(log.lastIndex()).as(what).isGreaterThanOrEqualTo(entries.size());
        boolean damaged = false;
        for (Entry entry : entries) {
            try {
                Entry found = log.read(entry.index(), 1).get(0);
                assertThat(found.index()).as(what).isEqualTo(entry.index());
                assertThat(found.term()).as(what).isEqualTo(entry.term());
                assertThat(found.payload()).as(what).isEqualTo(entry.payload());
            } catch (DamagedEntryException e) {
                damaged = true;
            }
        }
        if (damaged) {
            assertThat(log.damage()).as(what).isNotEmpty();
            assertThat(store.restored(1).electable()).as(what).isFalse();
        }
        return damaged;
    }

    @Test
    void noFlippedByteIsServedOrDropsWhatWasAcknowledged() throws IOException {
        int opened = 0;
        int damaged = 0;
        for (int marked = 0; marked < 2; marked++) {
            if (marked == 1) {
                LocalStore store = open(disk);
                store.maintain();
                store.close();
            }
            for (String name : disk.list(FOLDER)) {
                Path file = FOLDER.resolve(name);
                int size = disk.content(file).length;
                for (int at = 0; at < size; at += name.endsWith(".log") && at >= SegmentHeader.BYTES ? 11 : 127) {
                    String what = name + " at " + at + " marked " + marked;
                    FaultyDisk hurt = disk.copy();
                    hurt.flip(file, at, 1 << random.nextInt(8));
                    if (name.equals(StoreIdentity.NAME)) {
                        assertThatThrownBy(() -> open(hurt)).as(what).isInstanceOf(DamagedStoreException.class);
                        continue;
                    }
                    opened++;
                    damaged += checkOpens(hurt, what) ? 1 : 0;
                }
            }
        }
        assertThat(damaged).isGreaterThan(opened / 3);
    }

    @Test
    void noFlippedBitOfASmallLogIsServedOrDropsWhatWasAcknowledged() throws IOException {
        disk = new FaultyDisk(random);
        entries.clear();
        LocalStore store = adopt();
        append(store, 2, 20);
        store.log().sync();
        store.log().truncateFrom(store.log().lastIndex());
        entries.remove(entries.size() - 1);
        append(store, 1, 30);
        store.log().sync();
        store.close();
        int damaged = 0;
        for (String name : disk.list(FOLDER)) {
            Path file = FOLDER.resolve(name);
            byte[] bytes = disk.content(file);
            for (int at = 0; at < bytes.length; at++) {
                if (isPadding(bytes, at)) {
                    continue;
                }
                for (int bit = 0; bit < 8; bit++) {
                    String what = name + " at " + at + " bit " + bit;
                    FaultyDisk hurt = disk.copy();
                    hurt.flip(file, at, 1 << bit);
                    if (name.equals(StoreIdentity.NAME)) {
                        assertThatThrownBy(() -> open(hurt)).as(what).isInstanceOf(DamagedStoreException.class);
                    } else if (checkOpens(hurt, what)) {
                        damaged++;
                    }
                }
            }
        }
        assertThat(damaged).isGreaterThan(8 * (20 + 30));
    }

    /** Of long stretches of zeros every 61st byte will do. */
    private static boolean isPadding(byte[] bytes, int at) {
        for (int i = Math.max(0, at - 32); i <= at; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return at % 61 != 0;
    }

    @Test
    void anOverwrittenSectorIsDamageAndNeverATornWrite() throws IOException {
        LocalStore closed = open(disk);
        closed.maintain();
        closed.close();
        for (String name : logs(disk)) {
            Path file = FOLDER.resolve(name);
            int size = disk.content(file).length;
            for (int sector = SegmentHeader.BYTES; sector + 512 <= size; sector += 512) {
                for (int fill = 0; fill < 2; fill++) {
                    FaultyDisk hurt = disk.copy();
                    byte[] bytes = hurt.content(file);
                    for (int i = sector; i < sector + 512; i++) {
                        int wanted = fill == 0 ? 0 : random.nextInt();
                        hurt.flip(file, i, bytes[i] ^ wanted);
                    }
                    checkOpens(hurt, name + " sector at " + sector);
                }
            }
        }
    }

    @Test
    void aSegmentThatIsCutOrLostLeavesTheLogAsLongAsItWas() throws IOException {
        LocalStore closed = open(disk);
        closed.maintain();
        closed.close();
        for (String name : logs(disk)) {
            Path file = FOLDER.resolve(name);
            int size = disk.content(file).length;
            for (int cut = 0; cut < size - 600; cut += 97) {
                FaultyDisk hurt = disk.copy();
                hurt.cut(file, cut);
                assertThat(checkOpens(hurt, name + " cut at " + cut))
                        .as(name + " cut at " + cut)
                        .isTrue();
            }
            FaultyDisk hurt = disk.copy();
            hurt.lose(file);
            assertThat(checkOpens(hurt, name + " lost")).isTrue();
        }
    }

    @Test
    void aTornLastWriteAlwaysBoots() throws IOException {
        LocalStore store = open(disk);
        store.maintain();
        long synced = store.log().lastIndex();
        append(store, 3, 400);
        String name = logs(disk).get(logs(disk).size() - 1);
        Path file = FOLDER.resolve(name);
        int size = disk.content(file).length;
        for (int cut = size; cut > size - 1536; cut--) {
            FaultyDisk hurt = disk.copy();
            hurt.cut(file, cut);
            LocalStore cutStore = open(hurt);
            assertThat(cutStore.log().damage()).isEmpty();
            assertThat(cutStore.log().lastIndex()).isIn(synced, synced + 3);
            cutStore.close();
        }
    }

    @Test
    void aLostSideFileCostsATailMarkOrAnIndexAndNothingElse() throws IOException {
        for (String name : disk.list(FOLDER)) {
            if (name.endsWith(".index") || name.equals(TailMark.NAME)) {
                FaultyDisk hurt = disk.copy();
                hurt.lose(FOLDER.resolve(name));
                assertThat(checkOpens(hurt, name)).isFalse();
            }
        }
    }

    @Test
    void doesNotStartWithoutItsVoteOrItsName() throws IOException {
        FaultyDisk noVote = disk.copy();
        noVote.lose(FOLDER.resolve(HardStateFile.NAME));
        assertThatThrownBy(() -> open(noVote))
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("forgot its vote");

        FaultyDisk bothSlots = disk.copy();
        bothSlots.flip(FOLDER.resolve(HardStateFile.NAME), 20, 1);
        open(bothSlots).close();
        bothSlots.flip(FOLDER.resolve(HardStateFile.NAME), 20, 1);
        bothSlots.flip(FOLDER.resolve(HardStateFile.NAME), TwoSlotFile.SLOT_BYTES + 20, 1);
        assertThatThrownBy(() -> open(bothSlots))
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("both copies");

        FaultyDisk noName = disk.copy();
        noName.lose(FOLDER.resolve(StoreIdentity.NAME));
        assertThatThrownBy(() -> open(noName))
                .isInstanceOf(DamagedStoreException.class)
                .hasMessageContaining("identity");
    }

    @Test
    void verifyFindsDamageInASealedSegmentThatNobodyRead() throws IOException {
        LocalStore store = open(disk);
        String sealed = logs(disk).get(0);
        disk.flip(FOLDER.resolve(sealed), SegmentHeader.BYTES + 2000, 1);
        assertThat(store.log().damage()).isEmpty();

        store.log().verify();

        assertThat(store.log().damage())
                .singleElement()
                .satisfies(d -> assertThat(d.file()).isEqualTo(sealed));
        store.close();
        LocalStore again = open(disk);
        assertThat(again.restored(0).electable()).isFalse();
        again.close();
    }

    @Test
    void entriesThatWereAppliedButAreGoneCountAsDamaged() throws IOException {
        LocalStore store = open(disk);
        long last = store.log().lastIndex();

        RestoredState restored = store.restored(last + 5);

        assertThat(restored.lastIndex()).isEqualTo(last + 5);
        assertThat(restored.electable()).isFalse();
        assertThatThrownBy(() -> store.log().read(last + 2, 1)).isInstanceOf(DamagedEntryException.class);
        store.close();
        LocalStore again = open(disk);
        assertThat(again.log().lastIndex()).isEqualTo(last + 5);
        assertThat(again.log().damage()).isNotEmpty();
        again.close();
    }

    @Test
    void aMembershipWhoseEntryIsDamagedIsKnownAtTheNextStart() throws IOException {
        LocalStore store = open(disk);
        Membership founding = store.membership().orElseThrow();
        Membership later = new Membership(
                founding.groupUuid(),
                List.of(founding.members().get(0), new Member(new ReplicaId(2), UUID.randomUUID())));
        long last = store.log().lastIndex();
        store.log().append(List.of(Entry.of(last + 1, 40, EntryType.CONFIG, later.encode())));
        store.log().sync();
        while (logs(disk).size() == 3) {
            append(store, 1, 700);
            store.log().sync();
        }
        // The file beside the log holds the last two.
        long newer = store.log().lastIndex() + 1;
        store.log()
                .append(List.of(
                        Entry.of(newer, 40, EntryType.CONFIG, founding.encode()),
                        Entry.of(newer + 1, 40, EntryType.CONFIG, later.encode())));
        store.log().sync();
        store.close();
        for (String sealed : logs(disk).subList(0, 3)) {
            damageRecords(FOLDER.resolve(sealed));
        }

        LocalStore again = open(disk);

        assertThat(again.log().damage()).isNotEmpty();
        assertThat(again.membership()).contains(later);
        assertThat(again.restored(0).configs())
                .extracting(c -> c.index())
                .containsExactly(1L, last + 1, newer, newer + 1);
        again.close();
    }

    @Test
    void theOnlyFileOfALogMayLoseTheFoundingMembership() throws IOException {
        disk = new FaultyDisk(random);
        LocalStore store = open(disk);
        byte[] recordedBefore = disk.content(FOLDER.resolve(MembershipFile.NAME));
        Membership founding =
                new Membership(UUID.randomUUID(), List.of(new Member(new ReplicaId(1), store.storeUuid())));
        store.adopt("g", founding);
        append(store, 1, 300);
        store.log().sync();
        store.close();
        // As if the process had died before it put the membership beside the log.
        try (Disk.DiskFile file = disk.open(FOLDER.resolve(MembershipFile.NAME), false)) {
            file.write(new ByteBuffer[] {ByteBuffer.wrap(recordedBefore)}, 1, 0);
            file.force();
        }
        disk.flip(FOLDER.resolve(logs(disk).get(0)), SegmentHeader.BYTES + Batch.HEAD_BYTES + Entry.HEADER_BYTES, 1);

        LocalStore again = open(disk);

        assertThat(again.log().damage())
                .singleElement()
                .satisfies(d -> assertThat(d.fromIndex()).isEqualTo(1));
        assertThat(again.membership()).contains(founding);
        again.close();
    }

    /** Nothing behind the header can be read. */
    private void damageRecords(Path file) {
        int size = disk.content(file).length;
        for (int at = SegmentHeader.BYTES; at < size; at += 97) {
            disk.flip(file, at, 1);
        }
        disk.lose(Path.of(file.toString().replace(Segment.SUFFIX, Segment.INDEX_SUFFIX)));
    }
}
