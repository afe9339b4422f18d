package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Disks that return errors, fill up, and readers that run beside the writer (R22, R30, R31, R35). */
class FaultTest {

    private static final Path FOLDER = Path.of("/store");

    private final Random random = new Random(1);
    private FaultyDisk disk = new FaultyDisk(random);

    private LocalStore open(long segmentBytes) throws IOException {
        return open(disk, segmentBytes);
    }

    private LocalStore open(FaultyDisk from, long segmentBytes) throws IOException {
        return LocalStore.openStepped(
                from,
                FOLDER,
                new RaftConfig.Storage(RaftConfig.Flush.FSYNC, segmentBytes, 0),
                () -> new UUID(random.nextLong(), random.nextLong()));
    }

    private static Entry entry(long index, long term, int payloadBytes) {
        byte[] payload = new byte[payloadBytes];
        new Random(index * 31 + term).nextBytes(payload);
        return Entry.of(index, term, EntryType.COMMAND, ByteBuffer.wrap(payload));
    }

    private static List<Entry> entries(long from, int count, long term, int payloadBytes) {
        List<Entry> result = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            result.add(entry(from + i, term, payloadBytes));
        }
        return result;
    }

    private static void adopt(LocalStore store) throws IOException {
        store.adopt("g", new Membership(new UUID(1, 1), List.of(new Member(new ReplicaId(1), store.storeUuid()))));
    }

    @Test
    void anIoErrorIsFinalWhateverItStrikes() throws IOException {
        for (int n = 1; n < 30; n++) {
            disk = new FaultyDisk(random);
            LocalStore store = open(16 << 10);
            adopt(store);
            long acknowledged = 1;
            boolean failed = false;
            disk.failAt(n);
            for (int i = 0; i < 12; i++) {
                try {
                    long next = store.log().lastIndex() + 1;
                    store.log().append(entries(next, 2, 1, 900));
                    store.log().sync();
                    assertThat(failed)
                            .as("nothing succeeds after the error, n=%d", n)
                            .isFalse();
                    acknowledged = next + 1;
                    if (i == 7) {
                        store.log().truncateFrom(next);
                        acknowledged = next - 1;
                    }
                    if (i == 9) {
                        store.log().trim(5);
                    }
                } catch (IOException e) {
                    failed = true;
                }
            }
            assertThat(failed).as("n=%d", n).isTrue();
            FaultyDisk after = disk.crash();
            disk = after;
            LocalStore again = open(16 << 10);
            assertThat(again.log().lastIndex()).as("n=%d", n).isGreaterThanOrEqualTo(acknowledged);
            for (long i = again.log().firstIndex(); i <= acknowledged; i++) {
                if (i > 1) {
                    assertThat(again.log().read(i, 1).get(0).payload())
                            .isEqualTo(entry(i, 1, 900).payload());
                }
            }
            again.close();
        }
    }

    @Test
    void aFailedVoteStopsTheStore() throws IOException {
        for (int n = 1; n <= 4; n++) {
            disk = new FaultyDisk(random);
            LocalStore store = open(16 << 10);
            adopt(store);
            HardState vote = new HardState(1, Optional.of(new ReplicaId(2)));
            disk.failAt(n);

            assertThatThrownBy(() -> store.saveHardState(vote)).isInstanceOf(IOException.class);

            assertThat(store.hardState()).isEqualTo(HardState.INITIAL);
            assertThatThrownBy(() -> store.log().append(entries(2, 1, 1, 10)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("failed before");
        }
    }

    @Test
    void aFullDiskTakesNothingAndGoesOnOnceThereIsSpace() throws IOException {
        int refused = 0;
        for (int quota = 30_000; quota < 60_000; quota += 377) {
            disk = new FaultyDisk(random);
            LocalStore store = open(16 << 10);
            adopt(store);
            disk.quota(quota);
            long next = 2;
            for (int i = 0; i < 60; i++) {
                int count = 1 + i % 3;
                try {
                    store.log().append(entries(next, count, 1, 700 + i));
                    store.log().sync();
                    next += count;
                } catch (DiskFullException e) {
                    refused++;
                    assertThat(store.log().lastIndex()).isEqualTo(next - 1);
                    if (i % 7 == 0) {
                        disk.quota(quota + 5_000L + i * 1_000L);
                    } else if (i % 5 == 0 && next > 4) {
                        try {
                            store.log().truncateFrom(next - 1);
                            next--;
                        } catch (DiskFullException full) {
                            assertThat(store.log().lastIndex()).isEqualTo(next - 1);
                        }
                    }
                }
            }
            assertThat(store.log().damage()).isEmpty();
            for (long i = 1; i < next; i++) {
                assertThat(store.log().read(i, 1).get(0).index()).isEqualTo(i);
            }
            disk.quota(Long.MAX_VALUE);
            disk = disk.crash();
            LocalStore again = open(16 << 10);
            assertThat(again.log().lastIndex()).isEqualTo(next - 1);
            assertThat(again.log().damage()).isEmpty();
            again.close();
        }
        assertThat(refused).isGreaterThan(100);
    }

    @Test
    void readersNeverSeeAnEntryThatWasNotThere() throws Exception {
        LocalStore store = open(64 << 10);
        adopt(store);
        RaftLog log = store.log();
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<Optional<Throwable>> failure = new AtomicReference<>(Optional.empty());
        List<Thread> readers = new ArrayList<>();
        for (int r = 0; r < 3; r++) {
            int seed = r;
            Thread reader = new Thread(
                    () -> {
                        Random choice = new Random(seed);
                        try {
                            while (!done.get()) {
                                readSome(log, choice);
                            }
                        } catch (Throwable e) {
                            failure.set(Optional.of(e));
                        }
                    },
                    "reader-" + r);
            reader.start();
            readers.add(reader);
        }

        long term = 1;
        for (int i = 0; i < 400; i++) {
            log.append(entries(log.lastIndex() + 1, 1 + i % 5, term, 2000));
            log.sync();
            if (i % 7 == 3) {
                log.truncateFrom(Math.max(log.firstIndex() + 1, log.lastIndex() - i % 40));
                term++;
            }
            if (i % 31 == 30) {
                log.trim(log.lastIndex() - 20);
            }
        }
        done.set(true);
        for (Thread reader : readers) {
            reader.join();
        }

        assertThat(failure.get()).isEmpty();
        assertThat(log.damage()).isEmpty();
    }

    @Test
    void aReaderOvertakenByATruncationCallsNothingDamaged() throws IOException {
        LocalStore store = open(64 << 10);
        adopt(store);
        RaftLog log = store.log();
        log.append(entries(2, 5, 1, 2000));
        log.sync();
        disk.flip(FOLDER.resolve(Segment.name(1) + Segment.SUFFIX), SegmentHeader.BYTES + 5_000, 1);
        long damaged = damagedIndex(disk.copy());
        AtomicInteger reads = new AtomicInteger();
        disk.readHook(() -> {
            // The first read meets the flip; before it is looked at more closely, the entry is gone.
            if (reads.incrementAndGet() == 2) {
                truncate(log);
            }
        });

        assertThatThrownBy(() -> log.read(damaged, 1)).isInstanceOf(IllegalArgumentException.class);

        log.append(entries(2, 5, 2, 500));
        assertThat(log.read(damaged, 1).get(0).term()).isEqualTo(2);
        assertThat(log.damage()).isEmpty();
    }

    private long damagedIndex(FaultyDisk twin) throws IOException {
        LocalStore store = open(twin, 64 << 10);
        store.log().verify();
        return store.log().damage().get(0).fromIndex();
    }

    private static void truncate(RaftLog log) {
        try {
            log.truncateFrom(2);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The payload follows from index and term, so a mix of two lives of an index shows. */
    private static void readSome(RaftLog log, Random choice) throws IOException {
        long first = log.firstIndex();
        long from = first + choice.nextLong(Math.max(1, log.lastIndex() - first + 1));
        List<Entry> found;
        try {
            found = log.read(from, 20_000);
        } catch (io.argosy.raft.RaftNode.TrimmedException | IllegalArgumentException e) {
            // Trimmed or truncated since the bounds were read.
            return;
        }
        long expected = from;
        long term = 0;
        for (Entry entry : found) {
            assertThat(entry.index()).isEqualTo(expected++);
            assertThat(entry.term()).isGreaterThanOrEqualTo(term);
            term = entry.term();
            if (entry.type() == EntryType.COMMAND) {
                assertThat(entry.payload())
                        .isEqualTo(entry(entry.index(), entry.term(), 2000).payload());
            }
        }
    }

    @Test
    void aReadErrorIsAnErrorAndNotAnEmptyAnswer() throws IOException {
        LocalStore store = open(64 << 10);
        adopt(store);
        store.log().append(entries(2, 3, 1, 100));
        disk.losePowerAt(1);
        assertThatThrownBy(() -> store.log().sync()).isInstanceOf(IOException.class);

        assertThatThrownBy(() -> store.log().read(2, 1)).isInstanceOf(IOException.class);
        assertThat(store.log().damage()).isEmpty();
    }

    @Test
    void batchesLargerThanOneRecordAndEntriesOfFullSizeAreRead() throws IOException {
        LocalStore store = open(256L << 20);
        adopt(store);
        store.log().append(entries(2, 9, 1, 1 << 20));
        store.log().append(List.of(entry(11, 2, Entry.PAYLOAD_BYTES_MAX), entry(12, 3, 0), entry(13, 3, 5)));
        store.log().sync();

        for (int opened = 0; opened < 2; opened++) {
            for (long i = 2; i <= 13; i++) {
                Entry found = store.log().read(i, 1).get(0);
                assertThat(found.index()).isEqualTo(i);
            }
            assertThat(store.log().read(2, 3 << 20)).hasSize(3);
            assertThat(store.log().read(11, 1).get(0).payload())
                    .isEqualTo(entry(11, 2, Entry.PAYLOAD_BYTES_MAX).payload());
            store.close();
            store = open(256L << 20);
        }
        store.close();
    }

    /** A killed process leaves its writes in the page cache; the next one counts them as its log. */
    @Test
    void whatAKilledProcessWroteIsDurableOnceItWasFoundAgain() throws IOException {
        LocalStore store = open(64 << 10);
        adopt(store);
        store.saveHardState(new HardState(3, Optional.empty()));
        store.log().append(entries(2, 3, 3, 100));
        disk.processDied();

        LocalStore again = open(64 << 10);
        long found = again.log().lastIndex();
        disk = disk.crash();

        LocalStore afterPowerLoss = open(64 << 10);
        assertThat(found).isEqualTo(4);
        assertThat(afterPowerLoss.log().lastIndex()).isEqualTo(found);
        assertThat(afterPowerLoss.log().damage()).isEmpty();
        afterPowerLoss.close();
    }

    /** Pages whose force failed pass for clean, yet they are not on the disk. */
    @Test
    void whatAFailedForceLeftInMemoryIsDurableOnceItWasFoundAgain() throws IOException {
        for (int failing = 1; failing <= 4; failing++) {
            disk = new FaultyDisk(new java.util.SplittableRandom(failing));
            LocalStore store = open(64 << 10);
            adopt(store);
            disk.failAt(failing);
            try {
                store.saveHardState(new HardState(3, Optional.empty()));
                store.log().append(entries(2, 3, 3, 100));
                store.log().sync();
            } catch (IOException expected) {
                // One of them fails.
            }
            disk.processDied();

            LocalStore again = open(64 << 10);
            long found = again.log().lastIndex();
            HardState vote = again.hardState();
            disk = disk.crash();

            LocalStore afterPowerLoss = open(64 << 10);
            assertThat(afterPowerLoss.log().lastIndex()).isEqualTo(found);
            assertThat(afterPowerLoss.hardState()).isEqualTo(vote);
            assertThat(afterPowerLoss.log().damage()).isEmpty();
            afterPowerLoss.close();
        }
    }

    /** Found by simulation: recovery writes the end of the log again, and a torn write destroyed what was synced. */
    @Test
    void aPowerFailureWhileTheLogOpensTakesNothingAway() throws IOException {
        for (int failing = 1, seedsThatLostPower = 30; seedsThatLostPower > 0; failing++) {
            seedsThatLostPower = 0;
            for (int seed = 0; seed < 30; seed++) {
                disk = new FaultyDisk(new java.util.SplittableRandom(seed));
                LocalStore store = open(64 << 10);
                adopt(store);
                store.maintain();
                store.log().append(entries(2, 3, 3, 700));
                store.log().sync();
                disk = disk.crash();
                disk.losePowerAt(failing);
                try {
                    open(64 << 10).close();
                } catch (IOException expected) {
                    // In one of the operations that it takes.
                }
                seedsThatLostPower += disk.powerLost() ? 1 : 0;
                disk = disk.crash();

                LocalStore again = open(64 << 10);

                assertThat(again.log().damage())
                        .as("power lost in operation %s", failing)
                        .isEmpty();
                assertThat(again.log().lastIndex()).isEqualTo(4);
                again.close();
            }
        }
    }

    /** A disk that writes to a wrong place says nothing; what was there and what should be there are both damaged. */
    @Test
    void aWriteThatLandsElsewhereIsDamageAndNeverAnotherEntry() throws IOException {
        int damaged = 0;
        for (int sectors : new int[] {1, -1, 3, 8, -8, 16}) {
            for (int n = 1; n < 70; n++) {
                String where = "operation " + n + " by " + sectors + " sectors";
                disk = new FaultyDisk(new java.util.SplittableRandom(n));
                LocalStore store = open(16 << 10);
                adopt(store);
                disk.misdirectAt(n, sectors);
                HardState vote = HardState.INITIAL;
                for (int i = 0; i < 14; i++) {
                    store.log().append(entries(2 + 2L * i, 2, 1, 900));
                    store.log().sync();
                    // The evidence of the last record, without which a record that is not there was never written.
                    store.maintain();
                    if (i % 5 == 0) {
                        vote = new HardState(1 + i, Optional.of(new ReplicaId(1 + i)));
                        store.saveHardState(vote);
                    }
                }
                disk = disk.crash();

                LocalStore again = open(16 << 10);
                again.log().verify();

                assertThat(again.hardState()).as(where).isEqualTo(vote);
                assertThat(again.log().lastIndex()).as(where).isGreaterThanOrEqualTo(29);
                for (long index = 2; index <= 29; index++) {
                    try {
                        Entry found = again.log().read(index, 1).get(0);
                        assertThat(found.payload())
                                .as(where)
                                .isEqualTo(entry(index, 1, 900).payload());
                    } catch (io.argosy.raft.RaftNode.DamagedEntryException e) {
                        damaged++;
                        assertThat(again.log().damage()).as(where).isNotEmpty();
                    }
                }
                again.close();
            }
        }
        assertThat(damaged).isGreaterThan(100);
    }

    /** Its trailer would be found behind a later record that ends where it began, and be taken for a lost truncation. */
    @Test
    void aTornEndIsGoneAndNothingOfItIsFoundBehindWhatIsWrittenThere() throws IOException {
        Path file = FOLDER.resolve(Segment.name(1) + Segment.SUFFIX);
        LocalStore store = open(64 << 10);
        adopt(store);
        store.log().append(entries(2, 1, 1, 20));
        store.log().sync();
        int end = disk.content(file).length;
        store.log().append(entries(3, 1, 1, 20));
        store.log().append(entries(4, 1, 1, 20));
        assertThat(disk.content(file)).hasSize(end + 2 * Batch.SECTOR_BYTES);
        // Power is lost: of the two records that were not synced the disk got the second one only.
        disk = disk.copy();
        try (Disk.DiskFile lost = disk.open(file, false)) {
            lost.write(new ByteBuffer[] {ByteBuffer.allocate(Batch.SECTOR_BYTES)}, 1, end);
            lost.force();
        }

        LocalStore again = open(64 << 10);
        assertThat(again.log().lastIndex()).isEqualTo(2);
        again.log().append(entries(3, 3, 2, 20));
        again.log().sync();
        assertThat(disk.content(file).length).isGreaterThanOrEqualTo(end + Batch.SECTOR_BYTES);
        disk = disk.copy();

        try (LocalStore third = open(64 << 10)) {
            assertThat(third.log().damage()).isEmpty();
            assertThat(third.log().lastIndex()).isEqualTo(5);
            assertThat(third.log().read(5, 1).get(0).term()).isEqualTo(2);
        }
    }
}
