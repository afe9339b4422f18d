package io.argosy.broker.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.state.StateStore.Family;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged state is set aside and made anew, or refused; what it holds is never served. */
final class StateDamageTest {

    private static final long MEMORY_BYTES = 8 << 20;

    @TempDir
    private Path temp;

    private final List<StateStoreException> reported = new ArrayList<>();
    private Instant now = Instant.parse("2026-01-02T03:04:05Z");

    private StateDamage healing() {
        return new StateDamage(() -> true, () -> now, reported::add);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void write(StateStore store, long index) {
        try (StateStore.Batch batch = store.newBatch()) {
            for (int i = 0; i < 50; i++) {
                batch.put(Family.TOPICS, bytes("key" + i), bytes("value" + i));
                batch.put(Family.QUEUE_INDEX, bytes("run" + i), bytes("long".repeat(100)));
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

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path file : files(from)) {
            Files.copy(file, to.resolve(StateFolder.name(file)));
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(position);
            int old = open.read();
            open.seek(position);
            open.write(old ^ 0x10);
        }
    }

    private static void flipEveryTable(Path folder) throws IOException {
        for (Path file : files(folder)) {
            if (StateFolder.name(file).endsWith(".sst")) {
                for (long at = 0; at < Files.size(file); at += 64) {
                    flip(file, at);
                }
            }
        }
    }

    private static List<String> asides(Path state) throws IOException {
        return files(state.resolveSibling("")).stream()
                .map(StateFolder::name)
                .filter(name -> name.startsWith("state.damaged-"))
                .toList();
    }

    private Path written(String name) {
        Path folder = temp.resolve(name).resolve("state");
        try (RocksStateStore store = RocksStateStore.open(folder, MEMORY_BYTES)) {
            write(store, 7);
        }
        return folder;
    }

    @Test
    void whateverIsFlippedInWhateverFileTheStateIsWholeOrBeginsAnew() throws IOException {
        Path whole = written("whole");
        Map<String, Integer> begunAnew = new TreeMap<>();
        int run = 0;
        for (Path file : files(whole)) {
            String name = StateFolder.name(file);
            String kind = name.contains(".sst") ? "sst" : name.replaceAll("-.*", "");
            long size = Files.size(file);
            for (long at = 0; at < size; at += Math.max(1, size / 5)) {
                Path hurt = temp.resolve("hurt" + run++).resolve("state");
                copy(whole, hurt);
                flip(hurt.resolve(name), at);
                reported.clear();

                String value = "";
                try (RocksStateStore store = RocksStateStore.open(hurt, MEMORY_BYTES, healing())) {
                    value = read(store) + " at " + store.durableAppliedIndex();
                } catch (StateStoreException e) {
                    assertThat(reported).as("%s at %d", name, at).hasSize(1);
                    assertThat(hurt.resolveSibling("state.damage")).isNotEmptyFile();
                }
                // As the next start of the replica that stopped.
                try (RocksStateStore store = RocksStateStore.open(hurt, MEMORY_BYTES, healing())) {
                    String next = read(store) + " at " + store.durableAppliedIndex();
                    assertThat(next).as("%s at %d", name, at).isIn("value7 at 7", "nothing at 0");
                    assertThat(value).isIn("", next);
                    assertThat(asides(hurt)).hasSize(next.equals("nothing at 0") ? 1 : 0);
                    assertThat(hurt.resolveSibling("state.damage")).doesNotExist();
                    write(store, 9);
                    if (next.equals("nothing at 0")) {
                        begunAnew.merge(kind, 1, Integer::sum);
                    }
                }
            }
        }
        assertThat(begunAnew).containsOnlyKeys("CURRENT", "MANIFEST", "sst");
    }

    @Test
    void damageThatTheScrubberFindsStopsTheReplicaAndTheNextStartBeginsAnew() throws IOException {
        Path state = written("scrubbed");
        try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
            flipEveryTable(state);

            assertThat(store.checkFileAfter(""))
                    .get()
                    .satisfies(file -> assertThat(file.problem()).isPresent());
            assertThat(reported).hasSize(1);
        }
        try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
            assertThat(store.appliedIndex()).isZero();
        }
    }

    @Test
    void damagedTablesAreNotHandedToOthers() throws IOException {
        Path state = written("source");
        try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
            flipEveryTable(state);

            assertThatThrownBy(() -> store.snapshot(temp.resolve("copy"))).isInstanceOf(IOException.class);
            assertThat(reported).hasSize(1);
        }
    }

    @Test
    void compactionThatMeetsDamageStopsTheReplica() throws IOException {
        Path state = written("compacted");
        try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
            flipEveryTable(state);

            // Enough table files that RocksDB must read the old ones to merge them.
            assertThatThrownBy(() -> {
                        for (int i = 8; i < 200; i++) {
                            write(store, i);
                        }
                        read(store);
                    })
                    .isInstanceOf(StateStoreException.class);
            assertThat(reported).hasSize(1);
        }
    }

    @Test
    void onlyTheNewestDamagedStateIsKept() throws IOException {
        Path state = written("often");
        for (int i = 0; i < 3; i++) {
            Files.writeString(state.resolve("CURRENT"), "MANIFEST-999999\n");
            now = now.plusSeconds(60);
            try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
                write(store, 7);
            }
        }

        assertThat(asides(state)).containsExactly("state.damaged-20260102T030705Z");
    }

    @Test
    void stateThatNobodyCanMakeAnewIsRefusedAndLeftAsItIs() throws IOException {
        Path state = written("alone");
        Files.writeString(state.resolve("CURRENT"), "MANIFEST-999999\n");
        StateDamage alone = new StateDamage(() -> false, () -> now, reported::add);

        assertThatThrownBy(() -> RocksStateStore.open(state, MEMORY_BYTES, alone))
                .isInstanceOf(StateStoreException.class)
                .hasMessageContaining("restore the data folder from a copy");

        assertThat(asides(state)).isEmpty();
        assertThat(state.resolve("CURRENT")).exists();
    }

    @Test
    void startThatDiesWhileItSetsTheStateAsideIsDoneAgain() throws IOException {
        for (String step : List.of("set aside", "begun anew")) {
            Path state = written("dies " + step);
            Files.writeString(state.resolveSibling("state.damage"), "seen");
            StateFolder dying = new StateFolder(state, done -> {
                if (done.equals(step)) {
                    throw new IOException("died");
                }
            });
            assertThatThrownBy(() -> RocksStateStore.open(dying, MEMORY_BYTES, healing()))
                    .hasMessageContaining("died");

            try (RocksStateStore store = RocksStateStore.open(state, MEMORY_BYTES, healing())) {
                assertThat(store.appliedIndex()).isZero();
            }
            // What somebody may want to look at is still there.
            List<String> aside = asides(state);
            assertThat(aside).hasSize(1);
            assertThat(files(state.resolveSibling(aside.get(0)))).isNotEmpty();
        }
    }
}
