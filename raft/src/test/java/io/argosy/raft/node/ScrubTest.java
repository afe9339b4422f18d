package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.core.HardState;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What rots at rest is found while nobody asks for it, at a bounded rate, on virtual time. */
class ScrubTest {

    private static final Path FOLDER = Path.of("/store");
    private static final String SEALED = "00000000000000000001.log";
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    /** Two copies of a segment's header, then the records. */
    private static final int HEADERS_BYTES = 8192;

    private final Random random = new Random(3);
    private final FaultyDisk disk = new FaultyDisk(random);
    private final TreeMap<String, String> stateFiles = new TreeMap<>();
    private LocalStore store = open();
    private long nowNanos = 77;
    private int damageTold;

    private LocalStore open() {
        try {
            return LocalStore.openStepped(
                    disk,
                    FOLDER,
                    new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 256 << 10, 0),
                    () -> new UUID(random.nextLong(), random.nextLong()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Eight files of the log, 2 MB. */
    @BeforeEach
    void writeALog() throws IOException {
        store.adopt("g", new Membership(new UUID(1, 1), List.of(new Member(new ReplicaId(1), store.storeUuid()))));
        store.saveHardState(new HardState(4, Optional.of(new ReplicaId(2))));
        for (long index = 2; index < 202; index++) {
            byte[] payload = new byte[10_000];
            random.nextBytes(payload);
            store.log().append(List.of(Entry.of(index, 4, EntryType.COMMAND, ByteBuffer.wrap(payload))));
            store.log().sync();
        }
        store.maintain();
        assertThat(disk.list(FOLDER)).contains(SEALED);
    }

    private final class State implements StateMachine {
        @Override
        public long durableAppliedIndex() {
            return 0;
        }

        @Override
        public void apply(List<Entry> entries) {}

        @Override
        public long snapshot(Path folder) {
            return 0;
        }

        @Override
        public void restore(Path folder) {}

        @Override
        public Optional<CheckedFile> checkFileAfter(String name) {
            return Optional.ofNullable(stateFiles.higherEntry(name))
                    .map(file -> new CheckedFile(
                            file.getKey(), 1000, Optional.of(file.getValue()).filter(v -> !v.isEmpty())));
        }
    }

    private Scrub scrub(RaftConfig.Scrub config) {
        return new Scrub(
                store,
                new State(),
                config,
                () -> damageTold++,
                (action, done) -> {
                    try {
                        action.run();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                    done.run();
                },
                nowNanos);
    }

    private static RaftConfig.Scrub every(Duration interval, long bytesPerSecond) {
        return new RaftConfig.Scrub(interval, bytesPerSecond);
    }

    /** Steps until so many readings have ended; returns the seconds that passed. */
    private long run(Scrub scrub, long finished) throws IOException {
        long begun = nowNanos;
        while (scrub.status().finished() < finished) {
            long wait = scrub.step(nowNanos);
            assertThat(wait).as("never stuck").isBetween(1L, Duration.ofDays(30).toNanos());
            nowNanos += wait;
        }
        return (nowNanos - begun) / SECOND;
    }

    @Test
    void aSoundStoreIsReadAndNothingIsWritten() throws IOException {
        long operations = disk.operations();

        Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);
        run(scrub, 1);

        assertThat(disk.operations()).isEqualTo(operations);
        assertThat(scrub.status().damaged()).isZero();
        assertThat(scrub.status().totalBytes()).isGreaterThan(2_000_000);
        assertThat(scrub.status().doneBytes()).isEqualTo(scrub.status().totalBytes());
        assertThat(scrub.status().running()).isFalse();
    }

    @Test
    void theFirstReadingGoesAtTheCapAndLaterOnesWaitForTheInterval() throws IOException {
        Scrub scrub = scrub(every(Duration.ofHours(1), 300_000));

        long first = run(scrub, 1);
        long second = run(scrub, 2);
        long third = run(scrub, 3);

        assertThat(first).isBetween(6L, 9L);
        // From beginning to beginning.
        assertThat(first + second).isBetween(3600L, 3620L);
        assertThat(third).isBetween(3590L, 3610L);
    }

    @Test
    void aReadingNeverGoesFasterThanTheCap() throws IOException {
        for (long cap : new long[] {300_000, 700_000, 5_000_000}) {
            Scrub scrub = scrub(RaftConfig.Scrub.NEVER);
            scrub.begin(cap, nowNanos);

            long seconds = run(scrub, 1);

            // But for the last stretch, after which there is nothing to wait for.
            assertThat(seconds).isGreaterThanOrEqualTo(1_000_000L / cap);
        }
    }

    @Test
    void withoutAnIntervalOnlyAnOperatorMakesItRead() throws IOException {
        Scrub scrub = scrub(RaftConfig.Scrub.NEVER);
        assertThat(scrub.step(nowNanos)).isEqualTo(Long.MAX_VALUE);

        scrub.begin(0, nowNanos);
        run(scrub, 1);

        assertThat(scrub.step(nowNanos + Duration.ofDays(400).toNanos())).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aDamagedEntryIsFoundToldOnceAndCountedAsRepairedWhenItIsWhole() throws IOException {
        disk.flip(FOLDER.resolve(SEALED), HEADERS_BYTES + 50_000, 1);
        Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);

        run(scrub, 1);

        assertThat(damageTold).isEqualTo(1);
        assertThat(store.log().damage()).hasSize(1);
        ScrubStatus found = scrub.status();
        assertThat(found.damaged()).isEqualTo(1);
        assertThat(found.repaired()).isZero();
        assertThat(found.open()).singleElement().asString().contains(SEALED);
        store.log().truncateFrom(2);
        scrub.step(nowNanos);
        assertThat(scrub.status().open()).isEmpty();
        assertThat(scrub.status().repaired()).isEqualTo(1);
    }

    /** Found by simulation: a read that found damage beside what it wanted told nobody, and it was never repaired. */
    @Test
    void damageThatSomebodyElseFoundIsToldAsWell() throws IOException {
        Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);
        run(scrub, 1);
        disk.flip(FOLDER.resolve(SEALED), HEADERS_BYTES + 50_000, 1);

        store.log().verify();
        scrub.step(nowNanos);

        assertThat(store.log().damage()).hasSize(1);
        assertThat(damageTold).isEqualTo(1);
    }

    /** Of these there are two copies: a reading that compared only what it needs would see nothing. */
    @Test
    void aLostCopyOfAHeaderMakesTheFileBeWrittenAnew() throws IOException {
        for (int position : new int[] {30, 4096 + 30}) {
            disk.flip(FOLDER.resolve(SEALED), position, 4);
            Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);

            run(scrub, 1);

            assertThat(store.log().damage()).isEmpty();
            assertThat(store.log().worn()).containsExactly(SEALED);
            assertThat(damageTold).isEqualTo(1);
            assertThat(store.log().patchRanges().get(0).from()).isEqualTo(1);
            rewriteFirstFile();
            scrub.step(nowNanos);
            assertThat(scrub.status().open()).isEmpty();
            assertThat(scrub.status().repaired()).isEqualTo(1);
            damageTold = 0;
        }
        store.close();
        store = open();
        assertThat(store.log().damage()).isEmpty();
        assertThat(store.log().lastIndex()).isEqualTo(201);
    }

    private void rewriteFirstFile() throws IOException {
        var range = store.log().patchRanges().get(0);
        try (var patch = store.beginPatch(range, 0)) {
            while (!patch.isComplete()) {
                patch.add(store.log().read(patch.nextIndex(), 1 << 20));
            }
            patch.seal();
            assertThat(store.insert(patch)).isTrue();
        }
    }

    @Test
    void everyFlippedByteOfASmallFileIsWrittenAnew() throws IOException {
        for (String name : List.of("identity", "hardstate", "tailmark", "membership", "00000000000000000001.index")) {
            Path file = FOLDER.resolve(name);
            byte[] whole = disk.content(file);
            int[] parts = switch (name) {
                case "hardstate", "tailmark" -> new int[] {0, 27, 4096, 4096 + 27};
                case "membership" -> new int[] {0, 27, 8192, 8192 + 27};
                default -> new int[] {0, whole.length / 2, whole.length - 1};
            };
            for (int at : parts) {
                disk.flip(file, at, 1 << random.nextInt(8));
                Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);

                run(scrub, 1);

                assertThat(scrub.status().repaired()).as(name + " at " + at).isEqualTo(1);
                assertThat(scrub.status().open()).isEmpty();
                Scrub again = scrub(RaftConfig.Scrub.DEFAULT);
                run(again, 1);
                assertThat(again.status().damaged()).as(name + " at " + at).isZero();
            }
        }
        HardState vote = store.hardState();
        store.close();
        store = open();
        assertThat(store.hardState()).isEqualTo(vote);
        assertThat(store.log().damage()).isEmpty();
    }

    /** An older version of a file passes every checksum. */
    @Test
    void aVoteThatAnOlderOneTookThePlaceOfIsWrittenAnew() throws IOException {
        Path file = FOLDER.resolve("hardstate");
        byte[] older = disk.content(file);
        store.saveHardState(new HardState(9, Optional.of(new ReplicaId(1))));
        byte[] newer = disk.content(file);
        for (int i = 0; i < older.length; i++) {
            disk.flip(file, i, older[i] ^ newer[i]);
        }

        run(scrub(RaftConfig.Scrub.DEFAULT), 1);
        store.close();
        store = open();

        assertThat(store.hardState()).isEqualTo(new HardState(9, Optional.of(new ReplicaId(1))));
    }

    @Test
    void aDamagedFileOfTheStateStaysOnTheListUntilASnapshotReplacesIt() throws IOException {
        stateFiles.put("000012.sst", "");
        stateFiles.put("000034.sst", "block checksum mismatch");
        Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);

        run(scrub, 1);

        assertThat(scrub.status().damaged()).isEqualTo(1);
        assertThat(scrub.status().open()).containsExactly("000034.sst: block checksum mismatch");
        scrub.restart(nowNanos);
        scrub.begin(0, nowNanos);
        assertThat(scrub.status().open()).isEmpty();
        assertThat(scrub.status().repaired()).isEqualTo(1);
    }

    @Test
    void aTruncationInTheMiddleOfAReadingIsNoDamage() throws IOException {
        Scrub scrub = scrub(every(Duration.ofHours(1), 100_000));
        scrub.step(nowNanos);
        for (int i = 0; i < 40; i++) {
            nowNanos += SECOND;
            scrub.step(nowNanos);
            if (i % 5 == 4) {
                store.log().truncateFrom(store.log().lastIndex() - 20);
                append(store.log().lastIndex() + 1);
            }
            if (i % 7 == 6) {
                store.log().trim(i);
            }
        }
        run(scrub, 2);

        assertThat(store.log().damage()).isEmpty();
        assertThat(scrub.status().damaged()).isZero();
    }

    private void append(long index) throws IOException {
        store.log().append(List.of(Entry.of(index, 5, EntryType.COMMAND, ByteBuffer.wrap(new byte[9000]))));
        store.log().sync();
    }

    /** A sector that cannot be read any more is damage, not the end of the replica. */
    @Test
    void aPlaceThatCannotBeReadIsDamage() throws IOException {
        disk.unreadable(FOLDER.resolve(SEALED), HEADERS_BYTES + 70_000, 512);
        Scrub scrub = scrub(RaftConfig.Scrub.DEFAULT);

        run(scrub, 1);

        assertThat(store.log().damage()).isNotEmpty();
        assertThat(store.log().damage().get(0).file()).isEqualTo(SEALED);
        assertThat(store.log().read(2, 1)).hasSize(1);
    }
}
