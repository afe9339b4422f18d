package io.argosy.broker.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.state.StateStore.Family;
import io.argosy.raft.StateMachine.CheckedFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state in RocksDB is replaced as a whole, wherever the process dies, and tells when a file of it rots (R24, R40). */
class RocksRestoreCrashTest {

    private static final long MEMORY_BYTES = 8 << 20;

    @TempDir
    private Path temp = Path.of(".");

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void write(StateStore store, String value, long index) {
        try (StateStore.Batch batch = store.newBatch()) {
            for (int i = 0; i < 50; i++) {
                batch.put(Family.TOPICS, bytes("key" + i), bytes(value + i));
                batch.put(Family.QUEUE_INDEX, bytes("run" + i), bytes(value.repeat(100)));
            }
            store.write(batch, index);
        }
        store.flush();
    }

    private static String read(StateStore store) {
        return store.get(Family.TOPICS, bytes("key7"))
                .map(value -> new String(value, StandardCharsets.UTF_8))
                .orElse("nothing");
    }

    /** Ends like a process that dies: what is done stays, what comes later does not happen. */
    private static final class Death implements StateFolder.Steps {
        private final int at;
        private int steps;

        Death(int at) {
            this.at = at;
        }

        @Override
        public void done(String step) throws IOException {
            if (++steps == at) {
                throw new IOException("died after " + step);
            }
        }
    }

    @Test
    void aRestoreThatDiesAfterAnyStepIsDoneAgainFromTheSameSnapshot() throws IOException {
        Path snapshot = temp.resolve("snapshot");
        try (RocksStateStore other = RocksStateStore.open(temp.resolve("other"), MEMORY_BYTES)) {
            write(other, "new", 40);
            assertThat(other.snapshot(snapshot)).isEqualTo(40);
        }
        List<String> outcomes = new ArrayList<>();
        boolean finished = false;
        for (int at = 1; !finished; at++) {
            Path folder = temp.resolve("run" + at).resolve("state");
            try (RocksStateStore store = RocksStateStore.open(folder, MEMORY_BYTES)) {
                write(store, "old", 7);
            }
            Death death = new Death(at);
            try (RocksStateStore dying = RocksStateStore.open(new StateFolder(folder, death), MEMORY_BYTES)) {
                dying.restore(snapshot);
                finished = true;
            } catch (IOException e) {
                outcomes.add(String.valueOf(e.getMessage()));
            }

            // The start may die as well.
            Death early = new Death(1 + at % 3);
            try (RocksStateStore again = RocksStateStore.open(new StateFolder(folder, early), MEMORY_BYTES)) {
                again.restore(snapshot);
            } catch (IOException | StateStoreException e) {
                outcomes.add("again: " + e.getMessage());
            }
            try (RocksStateStore last = RocksStateStore.open(folder, MEMORY_BYTES)) {
                // Whole or empty, never a mixture.
                assertThat(read(last)).as("died at step %d", at).isIn("old7", "new7", "nothing");
                assertThat(last.durableAppliedIndex()).isIn(0L, 7L, 40L);
                last.restore(snapshot);
                assertThat(read(last)).isEqualTo("new7");
                assertThat(last.durableAppliedIndex()).isEqualTo(40);
            }
            try (RocksStateStore last = RocksStateStore.open(folder, MEMORY_BYTES)) {
                assertThat(read(last)).isEqualTo("new7");
                assertThat(last.appliedIndex()).isEqualTo(40);
            }
        }
        assertThat(outcomes).hasSizeGreaterThan(12).anyMatch(text -> text.contains("deleted MANIFEST"));
    }

    @Test
    void everyFileIsCheckedAndTheOneThatRotsIsNamed() throws IOException {
        Path folder = temp.resolve("state");
        try (RocksStateStore store = RocksStateStore.open(folder, MEMORY_BYTES)) {
            write(store, "old", 7);
            write(store, "new", 9);
            assertThat(store.durableBytes()).isPositive();
            List<CheckedFile> sound = checkAll(store);
            assertThat(sound)
                    .hasSizeGreaterThan(2)
                    .allMatch(file -> file.problem().isEmpty());

            Path hurt = folder.resolve(sound.get(sound.size() - 1).name());
            try (RandomAccessFile open = new RandomAccessFile(hurt.toFile(), "rw")) {
                open.seek(10);
                int old = open.read();
                open.seek(10);
                open.write(old ^ 0x10);
            }

            assertThat(checkAll(store))
                    .filteredOn(file -> file.problem().isPresent())
                    .singleElement()
                    .satisfies(file -> assertThat(folder.resolve(file.name())).isEqualTo(hurt));
        }
    }

    private static List<CheckedFile> checkAll(RocksStateStore store) {
        List<CheckedFile> result = new ArrayList<>();
        Optional<CheckedFile> next = store.checkFileAfter("");
        while (next.isPresent()) {
            result.add(next.get());
            next = store.checkFileAfter(next.get().name());
        }
        return result;
    }

    /** Whatever is flipped: the value that was written, or an error, never another value. */
    @Test
    void noFlippedByteOfAnyFileIsReadAsAValue() throws IOException {
        Path whole = temp.resolve("whole");
        try (RocksStateStore store = RocksStateStore.open(whole, MEMORY_BYTES)) {
            write(store, "old", 7);
        }
        int refused = 0;
        int run = 0;
        for (Path file : files(whole)) {
            String name = StateFolder.name(file);
            if (name.startsWith("LOG")
                    || name.equals("LOCK")
                    || name.equals("IDENTITY")
                    || name.startsWith("OPTIONS")) {
                continue;
            }
            long size = Files.size(file);
            for (long at = 0; at < size; at += Math.max(1, size / 12)) {
                Path hurt = temp.resolve("hurt" + run++).resolve("state");
                Files.createDirectories(hurt);
                for (Path each : files(whole)) {
                    Files.copy(each, hurt.resolve(StateFolder.name(each)));
                }
                try (RandomAccessFile open =
                        new RandomAccessFile(hurt.resolve(name).toFile(), "rw")) {
                    open.seek(at);
                    int old = open.read();
                    open.seek(at);
                    open.write(old ^ 0x10);
                }
                try (RocksStateStore store = RocksStateStore.open(hurt, MEMORY_BYTES)) {
                    assertThat(read(store)).as("%s at %d", name, at).isEqualTo("old7");
                    assertThat(store.durableAppliedIndex()).isEqualTo(7);
                } catch (StateStoreException e) {
                    refused++;
                }
            }
        }
        assertThat(refused).isPositive();
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void aSnapshotThatIsGoneIsNoReasonToLoseTheMark() throws IOException {
        Path folder = temp.resolve("state");
        try (RocksStateStore store = RocksStateStore.open(folder, MEMORY_BYTES)) {
            write(store, "old", 7);
            assertThatThrownBy(() -> store.restore(temp.resolve("nowhere"))).isInstanceOf(IOException.class);
        }
        try (RocksStateStore store = RocksStateStore.open(folder, MEMORY_BYTES)) {
            assertThat(read(store)).isEqualTo("nothing");
            assertThat(store.durableAppliedIndex()).isZero();
        }
    }
}
