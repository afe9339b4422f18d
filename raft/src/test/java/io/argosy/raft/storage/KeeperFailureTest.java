package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The force of the log's keeper fails, in a group that flushes asynchronously: it notes that entries may be lost. */
class KeeperFailureTest {

    private static final HardState VOTED = new HardState(5, Optional.of(new ReplicaId(2)));

    @TempDir
    Path folder;

    /** Once armed, the keeper's next force of the tail mark fails. */
    private abstract static class KeeperDisk extends ForwardingDisk {
        private final Thread writer = Thread.currentThread();
        private volatile boolean armed;
        private volatile Thread keeper = writer;

        KeeperDisk() {
            super(new FileSystemDisk());
        }

        abstract void beforeTheKeeperFails() throws InterruptedException;

        abstract void hardStateIsForced(boolean byKeeper) throws InterruptedException;

        @Override
        public DiskFile open(Path file, boolean create) throws IOException {
            String name = String.valueOf(file.getFileName());
            return new ForwardingFile(super.open(file, create)) {
                @Override
                public void force() throws IOException {
                    boolean byKeeper = Thread.currentThread() != writer;
                    try {
                        if (armed && byKeeper && name.equals(TailMark.NAME)) {
                            keeper = Thread.currentThread();
                            beforeTheKeeperFails();
                            throw new IOException("made to fail");
                        }
                        super.force();
                        if (armed && name.equals(HardStateFile.NAME)) {
                            hardStateIsForced(byKeeper);
                        }
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                }
            };
        }
    }

    private LocalStore written(KeeperDisk disk) throws IOException {
        LocalStore store = LocalStore.open(disk, folder, RaftConfig.Storage.DEFAULT, UUID::randomUUID);
        store.saveHardState(new HardState(4, Optional.empty()));
        store.allowUnsynced(true);
        disk.armed = true;
        store.log().append(List.of(Entry.of(1, 4, EntryType.COMMAND, ByteBuffer.allocate(200))));
        store.log().sync();
        return store;
    }

    private HardState atTheNextStart() throws IOException {
        try (LocalStore again =
                LocalStore.open(new FileSystemDisk(), folder, RaftConfig.Storage.DEFAULT, UUID::randomUUID)) {
            return again.hardState();
        }
    }

    /** Fails in the middle of the writer's next save of the hard state. */
    private static final class DuringASave extends KeeperDisk {
        private final CountDownLatch saving = new CountDownLatch(1);
        private final CountDownLatch slotsOfKeeper = new CountDownLatch(2);
        private int slots;

        @Override
        void beforeTheKeeperFails() throws InterruptedException {
            saving.await();
        }

        @Override
        void hardStateIsForced(boolean byKeeper) {
            if (byKeeper) {
                slotsOfKeeper.countDown();
            } else if (++slots == 2) {
                saving.countDown();
                await().until(() -> super.keeper.getState() == Thread.State.BLOCKED || slotsOfKeeper.getCount() == 0);
            }
        }
    }

    @Test
    void theNoteUndoesNoVoteThatIsBeingSaved() throws IOException {
        DuringASave disk = new DuringASave();
        try (LocalStore store = written(disk)) {
            store.saveHardState(VOTED);

            await().until(() -> ((KeeperDisk) disk).keeper.getState() == Thread.State.TERMINATED);
            assertThatThrownBy(() -> store.saveHardState(new HardState(6, Optional.empty())))
                    .isInstanceOf(IOException.class);
        }
        assertThat(atTheNextStart().term()).isEqualTo(5);
        assertThat(atTheNextStart().votedFor()).isEqualTo(VOTED.votedFor());
        assertThat(atTheNextStart().reached()).isNotEqualTo(LogEnd.NONE);
    }

    /** Holds the note back before it counts as written. */
    private static final class NoteHeldBack extends KeeperDisk {
        private final CountDownLatch noting = new CountDownLatch(1);
        private final CountDownLatch mayGoOn = new CountDownLatch(1);

        @Override
        void beforeTheKeeperFails() {}

        @Override
        void hardStateIsForced(boolean byKeeper) throws InterruptedException {
            if (byKeeper) {
                noting.countDown();
                mayGoOn.await();
            }
        }
    }

    /** Whoever is told may end the process. */
    @Test
    void nobodyIsToldOfTheFailureBeforeItIsNoted() throws Exception {
        NoteHeldBack disk = new NoteHeldBack();
        try (LocalStore store = written(disk)) {
            disk.noting.await();

            store.log().sync();

            disk.mayGoOn.countDown();
            await().until(() -> ((KeeperDisk) disk).keeper.getState() == Thread.State.TERMINATED);
            assertThatThrownBy(() -> store.log().sync()).isInstanceOf(IOException.class);
        }
    }
}
