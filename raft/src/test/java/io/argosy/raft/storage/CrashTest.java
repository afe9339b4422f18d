package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import io.argosy.raft.storage.FaultyDisk.PowerLostException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The store against a list, with power failures at every point (R2 to R5, R20, R23, R33, R38). */
class CrashTest {

    private static final Path FOLDER = Path.of("/store");
    private static final UUID GROUP = new UUID(7, 7);

    /** What the store may hold after a crash. */
    private record Allowed(List<Entry> synced, List<Entry> written) {}

    /** One run: a store, the list it is compared with, and the disk that fails below it. */
    @SuppressWarnings("NullAway.Init") // Opened as the first step of each story.
    private static final class Run {
        final Random random;
        final RaftConfig.Storage config;
        final Supplier<UUID> uuids;
        FaultyDisk disk;
        LocalStore store;
        Membership membership;

        /** {@code entries.get(0)} is index 1; trimmed ones stay in the list. */
        List<Entry> synced = new ArrayList<>();

        List<Entry> written = new ArrayList<>();
        /** The other state that a crash may leave, while a truncation runs. */
        Optional<List<Entry>> truncated = Optional.empty();

        long firstIndexMin = 1;
        long firstIndexMax = 1;
        HardState saved = HardState.INITIAL;
        HardState saving = HardState.INITIAL;
        long term = 1;
        int crashes;
        int damaged;

        Run(long seed, long segmentBytes) throws IOException {
            random = new Random(seed);
            config = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, segmentBytes, 0);
            uuids = () -> new UUID(random.nextLong(), random.nextLong());
            disk = new FaultyDisk(random);
        }

        void open() throws IOException {
            store = LocalStore.openStepped(disk, FOLDER, config, uuids);
        }

        void adopt() throws IOException {
            membership = new Membership(GROUP, List.of(new Member(new ReplicaId(1), store.storeUuid())));
            store.adopt("g", membership);
            Entry first = Entry.of(1, 0, EntryType.CONFIG, membership.encode());
            written.add(first);
            synced.add(first);
        }

        void append(int count, int bytesMax) throws IOException {
            List<Entry> batch = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                if (random.nextInt(20) == 0) {
                    term++;
                }
                byte[] payload = new byte[random.nextInt(bytesMax)];
                if (random.nextBoolean()) {
                    random.nextBytes(payload);
                }
                batch.add(Entry.of(written.size() + 1L, term, EntryType.COMMAND, ByteBuffer.wrap(payload)));
                written.add(batch.get(i));
            }
            store.log().append(batch);
        }

        void sync() throws IOException {
            store.log().sync();
            synced = new ArrayList<>(written);
        }

        void truncateFrom(long index) throws IOException {
            List<Entry> after = new ArrayList<>(written.subList(0, (int) index - 1));
            truncated = Optional.of(after);
            store.log().truncateFrom(index);
            written = after;
            synced = new ArrayList<>(after);
            truncated = Optional.empty();
            term++;
        }

        void trim(long index) throws IOException {
            firstIndexMax = Math.max(firstIndexMax, Math.min(index, synced.size()) + 1);
            store.log().trim(index);
            firstIndexMin = store.log().firstIndex();
        }

        void saveHardState() throws IOException {
            saving = new HardState(saved.term() + 1, Optional.of(new ReplicaId(random.nextInt(9) + 1)));
            store.saveHardState(saving);
            saved = saving;
        }

        void randomStep() throws IOException {
            switch (random.nextInt(12)) {
                case 0 -> saveHardState();
                case 1 -> {
                    if (written.size() > store.log().firstIndex() + 1) {
                        long span = written.size() - store.log().firstIndex();
                        truncateFrom(written.size() - (long) (span * Math.pow(random.nextDouble(), 3)));
                    }
                }
                case 2 -> trim(random.nextInt(synced.size() + 1));
                case 3, 4 -> store.maintain();
                case 5 -> append(1 + random.nextInt(3), 2000);
                case 6 -> check(new Allowed(written, written));
                default -> {
                    append(1 + random.nextInt(4), 3000);
                    sync();
                }
            }
        }

        /** Power fails, the machine starts again, perhaps several times; then the store is compared with the list. */
        void crash() throws IOException {
            crashes++;
            disk = disk.crash();
            while (true) {
                try {
                    if (random.nextInt(3) == 0) {
                        disk.losePowerAt(1 + random.nextInt(6));
                    }
                    open();
                    if (disk.powerLost()) {
                        throw new PowerLostException();
                    }
                    disk.losePowerAt(Long.MAX_VALUE / 2);
                    break;
                } catch (PowerLostException e) {
                    disk = disk.crash();
                }
            }
            assertThat(store.hardState()).isIn(saved, saving);
            saved = store.hardState();
            RaftLog log = store.log();
            Allowed before = new Allowed(synced, written);
            if (truncated.isPresent() && (log.lastIndex() < synced.size() || !matches(log, before))) {
                before = new Allowed(truncated.get(), truncated.get());
            }
            check(before);
            assertThat(log.firstIndex()).isBetween(firstIndexMin, firstIndexMax);
            firstIndexMin = log.firstIndex();
            written = new ArrayList<>(before.written().subList(0, (int) log.lastIndex()));
            truncated = Optional.empty();
            if (!log.damage().isEmpty()) {
                // Nothing acknowledged is in there: a leader would send it again.
                damaged++;
                long from = log.damage().get(0).fromIndex();
                assertThat(from).isGreaterThan(before.synced().size());
                log.truncateFrom(from);
                written = new ArrayList<>(written.subList(0, (int) from - 1));
                assertThat(log.damage()).isEmpty();
            }
            synced = new ArrayList<>(written);
            check(new Allowed(written, written));
            term += 2;
        }

        private boolean matches(RaftLog log, Allowed allowed) throws IOException {
            for (long i = log.firstIndex(); i <= log.lastIndex(); i++) {
                if (i > allowed.written().size()
                        || !same(log, i, allowed.written().get((int) i - 1), false)) {
                    return false;
                }
            }
            return true;
        }

        void check(Allowed allowed) throws IOException {
            RaftLog log = store.log();
            assertThat(log.lastIndex()).isBetween((long) allowed.synced().size(), (long)
                    allowed.written().size());
            for (long i = log.firstIndex(); i <= log.lastIndex(); i++) {
                Entry expected = allowed.written().get((int) i - 1);
                assertThat(same(log, i, expected, i <= allowed.synced().size()))
                        .as("entry %d", i)
                        .isTrue();
            }
            for (long i = log.firstIndex(); i <= log.lastIndex(); ) {
                List<Entry> run = readable(log, i);
                for (Entry entry : run) {
                    assertThat(entry.index()).isEqualTo(i);
                    assertThat(entry.payload())
                            .isEqualTo(allowed.written().get((int) i - 1).payload());
                    i++;
                }
                i += run.isEmpty() ? 1 : 0;
            }
            if (log.damage().isEmpty()) {
                for (long i = log.firstIndex() - 1; i <= log.lastIndex(); i++) {
                    long index = i;
                    long found = log.terms().stream()
                            .filter(t -> t.firstIndex() <= index)
                            .reduce((a, b) -> b)
                            .orElseThrow()
                            .term();
                    assertThat(found)
                            .as("term of %d", i)
                            .isEqualTo(
                                    i == 0
                                            ? 0
                                            : allowed.written().get((int) i - 1).term());
                }
            }
            assertThat(store.restored(0).membership().orElseThrow().membership())
                    .isEqualTo(membership);
        }

        private static List<Entry> readable(RaftLog log, long index) throws IOException {
            try {
                return log.read(index, 20_000);
            } catch (DamagedEntryException e) {
                return List.of();
            }
        }

        private static boolean same(RaftLog log, long index, Entry expected, boolean mustBeThere) throws IOException {
            try {
                Entry found = log.read(index, 1).get(0);
                return found.index() == index
                        && found.term() == expected.term()
                        && found.type() == expected.type()
                        && found.payload().equals(expected.payload());
            } catch (DamagedEntryException e) {
                return !mustBeThere;
            }
        }
    }

    @Test
    void logEqualsAListThroughRandomStepsAndCrashes() throws IOException {
        int crashes = 0;
        int damaged = 0;
        for (long seed = 0; seed < 600; seed++) {
            Run run = new Run(seed, (12 + seed % 5 * 9) << 10);
            try {
                run.open();
                run.adopt();
                for (int step = 0; step < 60; step++) {
                    if (run.random.nextInt(12) == 0) {
                        run.disk.losePowerAt(1 + run.random.nextInt(8));
                    }
                    try {
                        run.randomStep();
                    } catch (PowerLostException e) {
                        run.crash();
                    }
                    if (run.random.nextInt(25) == 0) {
                        run.crash();
                    }
                }
                run.disk.losePowerAt(Long.MAX_VALUE / 2);
                run.store.close();
                run.open();
                run.check(new Allowed(run.written, run.written));
                assertThat(run.store.log().damage()).isEmpty();
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
            crashes += run.crashes;
            damaged += run.damaged;
        }
        assertThat(crashes).isGreaterThan(1000);
        assertThat(damaged).isPositive();
    }

    /** The same story, cut at its first, second, third ... operation. */
    @Test
    void survivesAPowerFailureInEveryOperation() throws IOException {
        for (int variant = 0; variant < 4; variant++) {
            boolean finished = false;
            for (int cut = 1; !finished; cut++) {
                Run run = new Run(variant * 10_000L + cut, 20 << 10);
                run.open();
                run.adopt();
                run.disk.losePowerAt(cut);
                try {
                    for (int i = 0; i < 12; i++) {
                        run.append(2, 2500);
                        run.sync();
                        if (i % 4 == 3) {
                            run.store.maintain();
                        }
                    }
                    run.saveHardState();
                    run.truncateFrom(run.written.size() - 1);
                    run.append(1, 100);
                    run.sync();
                    run.truncateFrom(run.written.size() - 12);
                    run.append(3, 100);
                    run.sync();
                    run.trim(6);
                    run.append(6, 3000);
                    run.sync();
                    run.trim(12);
                    run.saveHardState();
                    finished = true;
                } catch (PowerLostException e) {
                    run.crash();
                    run.append(3, 500);
                    run.sync();
                    run.check(new Allowed(run.written, run.written));
                }
            }
        }
    }

    @Test
    void creationAndAdoptionAreAllOrNothingAtEveryOperation() throws IOException {
        for (int seed = 0; seed < 10; seed++) {
            boolean finished = false;
            for (int cut = 1; !finished; cut++) {
                Run run = new Run(seed * 1000L + cut, 20 << 10);
                run.disk.losePowerAt(cut);
                Optional<UUID> uuid = Optional.empty();
                boolean adopted = false;
                try {
                    run.open();
                    uuid = Optional.of(run.store.storeUuid());
                    run.adopt();
                    adopted = true;
                    run.store.close();
                    finished = true;
                } catch (PowerLostException e) {
                    assertThat(cut).isLessThan(200);
                }
                run.disk = run.disk.crash();
                run.open();
                uuid.ifPresent(u -> assertThat(run.store.storeUuid()).isEqualTo(u));
                assertThat(run.store.groupUuid()).isIn(Optional.empty(), Optional.of(GROUP));
                if (adopted) {
                    assertThat(run.store.groupUuid()).contains(GROUP);
                }
                RaftLog log = run.store.log();
                if (log.damage().isEmpty()) {
                    assertThat(log.lastIndex()).isEqualTo(run.store.groupUuid().isPresent() ? 1 : 0);
                    Membership membership =
                            new Membership(GROUP, List.of(new Member(new ReplicaId(1), run.store.storeUuid())));
                    run.store.adopt("g", membership);
                    assertThat(run.store.restored(0).membership().orElseThrow().membership())
                            .isEqualTo(membership);
                    assertThat(log.lastIndex()).isEqualTo(1);
                }
            }
        }
    }

    /** Guards the disk: a store that never forces must lose data, else these tests prove nothing. */
    @Test
    void theDiskForgetsWhatWasNotForced() throws IOException {
        int lost = 0;
        for (int seed = 0; seed < 200; seed++) {
            FaultyDisk disk = new FaultyDisk(new Random(seed));
            Path file = FOLDER.resolve("naive");
            byte[] bytes = new byte[64 * 1024];
            new Random(seed).nextBytes(bytes);
            try (Disk.DiskFile open = disk.open(file, true)) {
                open.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, 1, 0);
            }
            FaultyDisk after = disk.crash();
            if (!after.exists(file) || !ByteBuffer.wrap(after.content(file)).equals(ByteBuffer.wrap(bytes))) {
                lost++;
            }
        }
        assertThat(lost).isGreaterThan(150);
    }
}
