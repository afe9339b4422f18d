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

/** The keeper's force fails while the writer saves a vote: the note that entries may be lost does not undo the vote. */
class KeeperFailureTest {

    private static final HardState VOTED = new HardState(5, Optional.of(new ReplicaId(2)));

    @TempDir
    Path folder;

    /** Once armed, the keeper's next force fails, in the middle of the writer's next save of the hard state. */
    private static final class SharedDisk extends ForwardingDisk {
        private final Thread writer = Thread.currentThread();
        private final CountDownLatch voteIsForced = new CountDownLatch(1);
        private volatile boolean armed;
        private volatile Thread keeper = writer;
        private final CountDownLatch keeperSlots = new CountDownLatch(2);
        private int slots;

        SharedDisk(Disk disk) {
            super(disk);
        }

        @Override
        public DiskFile open(Path file, boolean create) throws IOException {
            String name = String.valueOf(file.getFileName());
            return new ForwardingFile(super.open(file, create)) {
                @Override
                public void force() throws IOException {
                    boolean isKeeper = Thread.currentThread() != writer;
                    if (armed && isKeeper && name.equals(TailMark.NAME)) {
                        keeper = Thread.currentThread();
                        awaitVote();
                        throw new IOException("made to fail");
                    }
                    super.force();
                    if (armed && name.equals(HardStateFile.NAME)) {
                        if (isKeeper) {
                            keeperSlots.countDown();
                        } else if (++slots == 2) {
                            voteIsForced.countDown();
                            await().until(() ->
                                    keeper.getState() == Thread.State.BLOCKED || keeperSlots.getCount() == 0);
                        }
                    }
                }
            };
        }

        private void awaitVote() throws IOException {
            try {
                voteIsForced.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    @Test
    void aVoteThatIsSavedWhileTheKeeperFailsIsNotForgotten() throws IOException {
        SharedDisk disk = new SharedDisk(new FileSystemDisk());
        try (LocalStore store = LocalStore.open(disk, folder, RaftConfig.Storage.DEFAULT, UUID::randomUUID)) {
            store.saveHardState(new HardState(4, Optional.empty()));
            store.allowUnsynced(true);
            disk.armed = true;
            store.log().append(List.of(Entry.of(1, 4, EntryType.COMMAND, ByteBuffer.allocate(200))));
            store.log().sync();

            store.saveHardState(VOTED);

            await().until(() -> disk.keeper.getState() == Thread.State.TERMINATED);
            assertThatThrownBy(() -> store.saveHardState(new HardState(6, Optional.empty())))
                    .isInstanceOf(IOException.class);
        }
        try (LocalStore again =
                LocalStore.open(new FileSystemDisk(), folder, RaftConfig.Storage.DEFAULT, UUID::randomUUID)) {
            assertThat(again.hardState().term()).isEqualTo(5);
            assertThat(again.hardState().votedFor()).isEqualTo(VOTED.votedFor());
            assertThat(again.hardState().reached()).isNotEqualTo(LogEnd.NONE);
        }
    }
}
