package io.argosy.broker.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.state.StateStore.Batch;
import io.argosy.broker.state.StateStore.Family;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the state machine relies on, the same for both stores. */
class StateStoreContractTest {

    abstract static class Contract {

        private StateStore store = new InMemoryStateStore();

        abstract StateStore open();

        /** The store as the next process finds it when this one was killed. */
        abstract StateStore reopenAfterKill(StateStore store);

        @BeforeEach
        void openStore() {
            store = open();
        }

        @AfterEach
        void closeStore() {
            store.close();
        }

        @Test
        void keysAreVisitedInUnsignedOrderWithinTheRange() {
            write(1, "b", "\u00ff", "a", "c");

            assertThat(scan("a", "c")).containsExactly("a", "b");
            assertThat(scanBackwards("b", "\u00ff")).containsExactly("c", "b");
            assertThat(scan("c", "a")).isEmpty();
        }

        @Test
        void visitorStopsTheScan() {
            write(1, "a", "b", "c");
            List<String> seen = new ArrayList<>();

            store.scan(Family.TOPICS, bytes("a"), bytes("z"), (key, value) -> {
                seen.add(text(key));
                return false;
            });

            assertThat(seen).containsExactly("a");
        }

        @Test
        void deletesAreVisibleAndBoundedByTheirRange() {
            write(1, "a", "b", "c", "d");
            try (Batch batch = store.newBatch()) {
                batch.deleteRange(Family.TOPICS, bytes("b"), bytes("d"));
                batch.delete(Family.TOPICS, bytes("a"));
                store.write(batch, 2);
            }

            assertThat(scan("a", "z")).containsExactly("d");
            assertThat(store.get(Family.TOPICS, bytes("b"))).isEmpty();
        }

        @Test
        void familiesDoNotMix() {
            write(1, "a");

            assertThat(store.get(Family.GROUPS, bytes("a"))).isEmpty();
            assertThat(store.get(Family.TOPICS, bytes("a")))
                    .hasValueSatisfying(value -> assertThat(text(value)).isEqualTo("value of a"));
        }

        @Test
        void killKeepsWhatWasFlushedWithTheAppliedIndexThatFitsIt() {
            write(7, "flushed");
            store.flush();
            write(9, "lost");
            assertThat(store.appliedIndex()).isEqualTo(9);
            assertThat(store.durableAppliedIndex()).isEqualTo(7);

            store = reopenAfterKill(store);

            assertThat(store.appliedIndex()).isEqualTo(7);
            assertThat(store.durableAppliedIndex()).isEqualTo(7);
            assertThat(scan("a", "z")).containsExactly("flushed");
        }

        @Test
        void aSnapshotHoldsTheStateOfOneAppliedIndexAndReplacesAnother(@TempDir Path temp) throws IOException {
            write(7, "a", "b");
            Path folder = temp.resolve("copy");

            assertThat(store.snapshot(folder)).isEqualTo(7);
            write(9, "c");
            for (int time = 0; time < 2; time++) {
                store.restore(folder);

                assertThat(store.appliedIndex()).isEqualTo(7);
                assertThat(store.durableAppliedIndex()).isEqualTo(7);
                assertThat(scan("a", "z")).containsExactly("a", "b");
                write(8, "d");
                store.flush();
                assertThat(scan("a", "z")).containsExactly("a", "b", "d");
            }
            store = reopenAfterKill(store);
            assertThat(scan("a", "z")).containsExactly("a", "b", "d");
        }

        @Test
        void appliedIndexNeverGoesBack() {
            write(5, "a");

            assertThatThrownBy(() -> write(4, "b")).isInstanceOf(IllegalArgumentException.class);
        }

        private void write(long appliedIndex, String... keys) {
            try (Batch batch = store.newBatch()) {
                for (String key : keys) {
                    batch.put(Family.TOPICS, bytes(key), bytes("value of " + key));
                }
                store.write(batch, appliedIndex);
            }
        }

        private List<String> scan(String from, String to) {
            List<String> seen = new ArrayList<>();
            store.scan(Family.TOPICS, bytes(from), bytes(to), (key, value) -> seen.add(text(key)));
            return seen;
        }

        private List<String> scanBackwards(String from, String to) {
            List<String> seen = new ArrayList<>();
            store.scanBackwards(Family.TOPICS, bytes(from), bytes(to), (key, value) -> seen.add(text(key)));
            return seen;
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    @Nested
    class InMemory extends Contract {

        @Override
        StateStore open() {
            return new InMemoryStateStore();
        }

        @Override
        StateStore reopenAfterKill(StateStore store) {
            return ((InMemoryStateStore) store).crash();
        }
    }

    @Nested
    class OnRocksDb extends Contract {

        @TempDir
        private Path folder = Path.of(".");

        @Override
        StateStore open() {
            return RocksStateStore.open(folder.resolve("state"), 16 << 20);
        }

        /** Closing does not flush, so what is left is what a kill leaves. */
        @Override
        StateStore reopenAfterKill(StateStore store) {
            store.close();
            return open();
        }
    }
}
