package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.LogEnd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A store whose log is written without syncing it knows at its next start whether anything may be gone (D3). */
class UnsyncedStoreTest {

    private static final Path FOLDER = Path.of("/data");
    private static final HardState STATE = new HardState(4, Optional.of(new ReplicaId(2)));

    private final SplittableRandom random = new SplittableRandom(7);
    private FaultyDisk disk = new FaultyDisk(random);

    private LocalStore open() throws IOException {
        return LocalStore.openStepped(
                disk, FOLDER, RaftConfig.Storage.DEFAULT, () -> new UUID(random.nextLong(), random.nextLong()));
    }

    private LocalStore written() throws IOException {
        LocalStore store = open();
        store.saveHardState(STATE);
        store.allowUnsynced(true);
        store.log().append(List.of(Entry.of(1, 4, EntryType.COMMAND, ByteBuffer.allocate(2_000))));
        return store;
    }

    @Test
    void lossOfPowerLeavesAnUnknownEnd() throws IOException {
        written();
        disk = disk.crash();

        try (LocalStore store = open()) {
            assertThat(store.hardState()).isEqualTo(STATE.withUnknownEnd());
        }
        // Said once, remembered until the log has gone on.
        disk = disk.processDied();
        try (LocalStore store = open()) {
            assertThat(store.hardState()).isEqualTo(STATE.withUnknownEnd());
            store.saveHardState(new HardState(5, Optional.empty()));
        }
        disk = disk.crash();
        try (LocalStore store = open()) {
            assertThat(store.hardState().reached()).isEqualTo(LogEnd.NONE);
        }
    }

    private void assertThatNothingIsLost() throws IOException {
        try (LocalStore store = open()) {
            assertThat(store.hardState()).isEqualTo(STATE);
            assertThat(store.log().lastIndex()).isEqualTo(1);
        }
    }

    @Test
    void deathOfTheProcessLosesNothing() throws IOException {
        written();
        disk = disk.processDied();

        assertThatNothingIsLost();
    }

    /** The page cache may let go of what a failed force was to write. */
    @Test
    void aFailedForceLeavesAnUnknownEndOnTheSameBoot() throws IOException {
        LocalStore store = written();
        disk.failAt(1);
        assertThatThrownBy(() -> store.log().sync()).isInstanceOf(IOException.class);
        disk = disk.processDied();

        try (LocalStore again = open()) {
            assertThat(again.hardState()).isEqualTo(STATE.withUnknownEnd());
        }
    }

    @Test
    void orderlyStopSyncsWhatWasNot() throws IOException {
        written().close();
        disk = disk.crash();

        assertThatNothingIsLost();
    }

    @Test
    void endOfAsynchronousFlushesSyncsWhatWasNot() throws IOException {
        written().allowUnsynced(false);
        disk = disk.crash();

        assertThatNothingIsLost();
    }
}
