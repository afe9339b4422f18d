package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.storage.FaultyDisk.PowerLostException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file of the log that is written anew, with the power failing in every operation of it (R32, R38). */
class PatchCrashTest {

    private static final Path FOLDER = Path.of("/store");
    private static final RaftConfig.Storage CONFIG = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 16 << 10, 0);

    private final Random random = new Random(5);
    private final List<Entry> entries = new ArrayList<>();
    private FaultyDisk disk = new FaultyDisk(random);

    private LocalStore open(FaultyDisk from) throws IOException {
        return LocalStore.openStepped(from, FOLDER, CONFIG, () -> new UUID(random.nextLong(), random.nextLong()));
    }

    /** A log of several files, with terms that change, a membership in the middle and a truncation. */
    private LocalStore writeAStory() throws IOException {
        LocalStore store = open(disk);
        Membership members = new Membership(new UUID(7, 7), List.of(new Member(new ReplicaId(1), store.storeUuid())));
        store.adopt("g", members);
        entries.add(Entry.of(1, 0, EntryType.CONFIG, members.encode()));
        for (int i = 0; i < 40; i++) {
            if (i == 25) {
                long from = entries.size() - 3L;
                store.log().truncateFrom(from);
                entries.subList((int) from - 1, entries.size()).clear();
            }
            byte[] payload = new byte[1500];
            random.nextBytes(payload);
            long index = entries.size() + 1L;
            Entry entry = i == 14
                    ? Entry.of(index, 3, EntryType.CONFIG, members.encode())
                    : Entry.of(index, 1 + index / 6, EntryType.COMMAND, ByteBuffer.wrap(payload));
            entries.add(entry);
            store.log().append(List.of(entry));
            store.log().sync();
        }
        store.maintain();
        return store;
    }

    private static List<String> logs(FaultyDisk disk) {
        return disk.list(FOLDER).stream()
                .filter(n -> n.endsWith(Segment.SUFFIX))
                .toList();
    }

    /** What LogFetch does, with the list in place of peers. */
    private void repair(LocalStore store) throws IOException {
        while (!store.log().damage().isEmpty() || !store.log().worn().isEmpty()) {
            if (store.log().patchRanges().isEmpty()) {
                store.sealDamaged();
            }
            IndexRange range = store.log().patchRanges().get(0);
            try (LogPatch patch = store.beginPatch(range, termOf(range.from() - 1))) {
                while (!patch.isComplete()) {
                    patch.add(List.of(entries.get((int) patch.nextIndex() - 1)));
                }
                patch.seal();
                assertThat(store.insert(patch)).isTrue();
            }
        }
    }

    private long termOf(long index) {
        return index == 0 ? 0 : entries.get((int) index - 1).term();
    }

    /** Everything that can be read is as it was; returns how many entries can't. */
    private int check(LocalStore store, long firstIndex, String what) throws IOException {
        RaftLog log = store.log();
        assertThat(log.lastIndex()).as(what).isGreaterThanOrEqualTo(entries.size());
        assertThat(log.firstIndex()).as(what).isEqualTo(firstIndex);
        int damaged = 0;
        for (Entry entry : entries.subList((int) firstIndex - 1, entries.size())) {
            try {
                Entry found = log.read(entry.index(), 1).get(0);
                assertThat(found.term()).as(what).isEqualTo(entry.term());
                assertThat(found.payload()).as(what).isEqualTo(entry.payload());
            } catch (DamagedEntryException e) {
                damaged++;
            }
        }
        return damaged;
    }

    private interface Hurt {
        void hurt(FaultyDisk disk, Path file);
    }

    private void survivesEveryOperation(String what, int segment, Hurt hurt) throws IOException {
        disk = new FaultyDisk(random);
        entries.clear();
        writeAStory().close();
        FaultyDisk sound = disk;
        boolean sawOld = false;
        boolean sawNew = false;
        boolean finished = false;
        for (int cut = 1; !finished; cut++) {
            String where = what + ", power lost in operation " + cut;
            FaultyDisk hurtDisk = sound.copy();
            List<String> logs = logs(hurtDisk);
            hurt.hurt(hurtDisk, FOLDER.resolve(logs.get(segment < 0 ? logs.size() + segment : segment)));
            LocalStore store = open(hurtDisk);
            readAll(store);
            assertThat(store.log().damage().isEmpty() && store.log().worn().isEmpty())
                    .as(where)
                    .isFalse();
            hurtDisk.losePowerAt(cut);
            try {
                repair(store);
                finished = true;
            } catch (PowerLostException e) {
                assertThat(cut).as(where).isLessThan(400);
            }
            FaultyDisk after = hurtDisk.crash();
            // The start may be cut as well.
            after.losePowerAt(1 + random.nextInt(10));
            try {
                open(after).close();
            } catch (PowerLostException e) {
                after = after.crash();
            }
            after.losePowerAt(Long.MAX_VALUE / 2);

            LocalStore again = open(after);
            readAll(again);
            int damaged = check(again, 1, where);
            sawOld |= damaged > 0 || !again.log().worn().isEmpty();
            sawNew |= damaged == 0 && again.log().worn().isEmpty();
            if (finished) {
                assertThat(again.log().damage()).as(where).isEmpty();
            }
            repair(again);
            assertThat(check(again, 1, where)).as(where).isZero();
            assertThat(again.restored(0).electable()).as(where).isTrue();
            assertThat(again.restored(0).membership().orElseThrow().index())
                    .as(where)
                    .isEqualTo(16);
            again.close();
            LocalStore last = open(after);
            readAll(last);
            assertThat(check(last, 1, where)).as(where).isZero();
            assertThat(last.log().damage()).as(where).isEmpty();
            assertThat(after.list(FOLDER.resolve(LogPatch.FOLDER))).as(where).isEmpty();
            last.close();
        }
        assertThat(sawNew).as(what).isTrue();
        assertThat(sawOld).as(what).isTrue();
    }

    private static void readAll(LocalStore store) throws IOException {
        StoreCheck check = store.beginCheck();
        while (!check.isDone()) {
            check.step(1 << 20);
        }
    }

    @Test
    void aRepairOfAPayloadIsAllOrNothing() throws IOException {
        survivesEveryOperation("payload", 1, (d, file) -> d.flip(file, SegmentHeader.BYTES + 3000, 8));
    }

    @Test
    void aRepairOfTheFirstFileIsAllOrNothing() throws IOException {
        survivesEveryOperation("first file", 0, (d, file) -> d.flip(file, SegmentHeader.BYTES + 3000, 8));
    }

    @Test
    void aRepairOfBothHeadersIsAllOrNothing() throws IOException {
        survivesEveryOperation("headers", 1, (d, file) -> loseHeaders(d, String.valueOf(file.getFileName())));
    }

    @Test
    void aFileThatIsGoneIsBroughtBackAllOrNothing() throws IOException {
        survivesEveryOperation("lost", 1, FaultyDisk::lose);
    }

    @Test
    void aFileThatWasCutIsBroughtBackAllOrNothing() throws IOException {
        survivesEveryOperation("cut", 1, (d, file) -> d.cut(file, SegmentHeader.BYTES + 5000));
    }

    @Test
    void aRepairOfTheFileThatIsWrittenIsAllOrNothing() throws IOException {
        survivesEveryOperation("active", -1, (d, file) -> d.flip(file, SegmentHeader.BYTES + 700, 8));
    }

    @Test
    void aLostSpareCopyIsBroughtBackAllOrNothing() throws IOException {
        survivesEveryOperation("spare", 1, (d, file) -> d.flip(file, 20, 8));
    }

    /** Of a patch that is not yet in its place every byte may rot or be cut off: what comes of it is damage again. */
    @Test
    void noByteOfAPatchThatRotsIsServed() throws IOException {
        writeAStory().close();
        FaultyDisk sound = disk;
        for (int at = 0; at < 15_000; at += 61) {
            for (int way = 0; way < 2; way++) {
                String where = (way == 0 ? "flipped at " : "cut at ") + at;
                FaultyDisk hurt = sound.copy();
                hurt.flip(FOLDER.resolve(logs(hurt).get(1)), SegmentHeader.BYTES + 3000, 8);
                LocalStore store = open(hurt);
                readAll(store);
                IndexRange range = store.log().patchRanges().get(0);
                try (LogPatch patch = store.beginPatch(range, termOf(range.from() - 1))) {
                    patch.add(entries.subList((int) range.from() - 1, (int) range.to()));
                    patch.seal();
                    Path file = FOLDER.resolve(LogPatch.FOLDER).resolve(Segment.name(range.from()) + Segment.SUFFIX);
                    if (at >= hurt.content(file).length) {
                        continue;
                    }
                    if (way == 0) {
                        hurt.flip(file, at, 1 << random.nextInt(8));
                    } else {
                        hurt.cut(file, at);
                    }
                    store.insert(patch);
                }
                readAll(store);
                check(store, 1, where);
                store.close();
                LocalStore again = open(hurt);
                readAll(again);
                check(again, 1, where);
                repair(again);
                assertThat(check(again, 1, where)).as(where).isZero();
                again.close();
            }
        }
    }

    /**
     * With whatever files lost, from whatever index: a crash leaves the log as long as it was, what is gone of it counting
     * as damaged, or ended in front of the index.
     */
    @ParameterizedTest
    @ValueSource(strings = {"0", "01", "02", "1", "12", "012", "all"})
    void aTruncationOfALogThatLostFilesIsAllOrNothing(String lost) throws IOException {
        truncatesAtEveryOperation(lost, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "01", "all"})
    void aTruncationOfATrimmedLogThatLostFilesIsAllOrNothing(String lost) throws IOException {
        truncatesAtEveryOperation(lost, 12);
    }

    private void truncatesAtEveryOperation(String lost, long trimTo) throws IOException {
        long first;
        try (LocalStore store = writeAStory()) {
            store.log().trim(trimTo);
            first = store.log().firstIndex();
        }
        FaultyDisk sound = disk;
        List<String> logs = logs(sound);
        List<String> gone = new ArrayList<>();
        for (int i = 0; i < logs.size(); i++) {
            if (lost.equals("all") || lost.contains(String.valueOf(i))) {
                gone.add(logs.get(i));
            }
        }
        List<Entry> before = List.copyOf(entries);
        boolean sawOld = false;
        Set<Long> indexes = new TreeSet<>(List.of((long) before.size()));
        for (String name : logs) {
            long begins = Segment.firstIndex(name).orElseThrow();
            indexes.addAll(List.of(begins - 1, begins, begins + 1));
        }
        // Entry 1 comes from the store's identity.
        indexes.removeIf(index -> index < Math.max(2, first) || index > before.size());
        for (long index : indexes) {
            boolean finished = false;
            for (int cut = 1; !finished; cut++) {
                String where = "truncation from " + index + ", power lost in operation " + cut;
                entries.clear();
                entries.addAll(before);
                FaultyDisk hurtDisk = sound.copy();
                gone.forEach(name -> loseHeaders(hurtDisk, name));
                LocalStore store = open(hurtDisk);
                hurtDisk.losePowerAt(cut);
                try {
                    store.log().truncateFrom(index, termOf(index - 1));
                    finished = true;
                } catch (PowerLostException e) {
                    assertThat(cut).as(where).isLessThan(100);
                }
                disk = hurtDisk.crash();
                LocalStore again = open(disk);
                readAll(again);
                if (finished || again.log().lastIndex() < before.size()) {
                    assertThat(again.log().lastIndex()).as(where).isEqualTo(index - 1);
                    entries.subList((int) index - 1, entries.size()).clear();
                } else {
                    sawOld = true;
                }
                check(again, first, where);
                again.log().truncateFrom(index, termOf(index - 1));
                entries.subList((int) index - 1, entries.size()).clear();
                goOn(again);
                repair(again);
                again.close();
                LocalStore last = open(disk);
                readAll(last);
                assertThat(check(last, first, where)).as(where).isZero();
                assertThat(last.log().lastIndex()).as(where).isEqualTo(entries.size());
                assertThat(last.log().damage()).as(where).isEmpty();
                last.close();
            }
        }
        assertThat(sawOld).isTrue();
    }

    private void goOn(LocalStore store) throws IOException {
        for (int i = 0; i < 15; i++) {
            long index = entries.size() + 1L;
            entries.add(Entry.of(index, 20, EntryType.COMMAND, ByteBuffer.wrap(new byte[1500])));
            store.log().append(entries.subList((int) index - 1, (int) index));
            store.log().sync();
        }
    }

    private static void loseHeaders(FaultyDisk where, String name) {
        where.flip(FOLDER.resolve(name), 20, 8);
        where.flip(FOLDER.resolve(name), SegmentHeader.COPY_BYTES + 20, 8);
    }

    /** Bodies in front of a snapshot come one file at a time, newest first (D2). */
    @Test
    void olderLogComesBackFileByFileAllOrNothing() throws IOException {
        boolean finished = false;
        for (int cut = 1; !finished; cut++) {
            String where = "power lost in operation " + cut;
            disk = new FaultyDisk(random);
            entries.clear();
            LocalStore store = writeAStory();
            store.log().trim(entries.size());
            long begins = store.log().firstIndex();
            assertThat(begins).isGreaterThan(20);
            disk.losePowerAt(cut);
            try {
                prepend(store, begins - 10, begins - 1);
                prepend(store, begins - 20, begins - 11);
                finished = true;
            } catch (PowerLostException e) {
                assertThat(cut).as(where).isLessThan(400);
            }
            disk = disk.crash();
            LocalStore again = open(disk);
            readAll(again);
            assertThat(again.log().firstIndex()).as(where).isIn(begins, begins - 10, begins - 20);
            assertThat(again.log().damage()).as(where).isEmpty();
            assertThat(check(again, again.log().firstIndex(), where)).as(where).isZero();
            long first = again.log().firstIndex();
            prepend(again, first - 5, first - 1);
            again.close();
            again = open(disk);
            assertThat(check(again, first - 5, where)).as(where).isZero();
            assertThat(again.log().damage()).as(where).isEmpty();
            again.close();
        }
    }

    private void prepend(LocalStore store, long from, long to) throws IOException {
        try (LogPatch patch = store.beginPatch(new IndexRange(from, to), termOf(from - 1))) {
            patch.add(entries.subList((int) from - 1, (int) to));
            patch.seal();
            assertThat(store.insert(patch)).isTrue();
        }
    }
}
