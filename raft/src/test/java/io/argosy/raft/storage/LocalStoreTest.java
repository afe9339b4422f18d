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
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store on the real file system. */
class LocalStoreTest {

    private static final RaftConfig.Storage CONFIG = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 0);

    @TempDir
    private Path folder;

    private final FileSystemDisk disk = new FileSystemDisk();

    private LocalStore open() throws IOException {
        return LocalStore.open(disk, folder, CONFIG, UUID::randomUUID);
    }

    private static Entry entry(long index, long term, int payloadBytes) {
        byte[] bytes = new byte[payloadBytes];
        byte[] text = ("entry " + index + " of term " + term).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, bytes, 0, Math.min(text.length, bytes.length));
        return Entry.of(index, term, EntryType.COMMAND, ByteBuffer.wrap(bytes));
    }

    @Test
    void keepsIdentityHardStateAndEntriesOverARestart() throws IOException {
        UUID uuid;
        Membership membership;
        try (LocalStore store = open()) {
            uuid = store.storeUuid();
            assertThat(store.groupUuid()).isEmpty();
            assertThat(store.restored(0).membership()).isEmpty();
            membership = new Membership(UUID.randomUUID(), List.of(new Member(new ReplicaId(1), uuid)));
            store.adopt("default", membership);
            store.adopt("default", membership);
            store.saveHardState(new HardState(3, Optional.of(new ReplicaId(1))));
            store.log().append(List.of(entry(2, 3, 100), entry(3, 3, 5000), entry(4, 5, 0)));
            store.log().sync();
        }

        try (LocalStore store = open()) {
            RestoredState restored = store.restored(1);

            assertThat(store.storeUuid()).isEqualTo(uuid);
            assertThat(store.groupUuid()).contains(membership.groupUuid());
            assertThat(restored.hardState()).isEqualTo(new HardState(3, Optional.of(new ReplicaId(1))));
            assertThat(restored.membership()).contains(new RestoredState.ConfigAt(1, membership));
            assertThat(restored.electable()).isTrue();
            assertThat(restored.firstIndex()).isEqualTo(1);
            assertThat(restored.lastIndex()).isEqualTo(4);
            assertThat(restored.terms()).containsExactly(new TermStart(0, 0), new TermStart(2, 3), new TermStart(4, 5));
            assertThat(store.log().read(3, 1).get(0).payload())
                    .isEqualTo(entry(3, 3, 5000).payload());
            assertThat(store.log().read(1, 1 << 20)).hasSize(4);
        }
    }

    @Test
    void rollsTrimsAndTruncatesOverSegments() throws IOException {
        try (LocalStore store = open()) {
            RaftLog log = store.log();
            for (long i = 1; i <= 100; i++) {
                log.append(List.of(entry(i, i / 10, 4000)));
                log.sync();
            }
            log.trim(50);
            log.truncateFrom(70);
            log.append(List.of(entry(70, 77, 10)));
            log.sync();
        }

        try (LocalStore store = open()) {
            RaftLog log = store.log();
            assertThat(log.firstIndex()).isBetween(40L, 51L);
            assertThat(log.lastIndex()).isEqualTo(70);
            assertThat(log.terms().get(0).firstIndex()).isEqualTo(log.firstIndex() - 1);
            assertThat(log.read(70, 1).get(0).term()).isEqualTo(77);
            assertThat(log.read(69, 1).get(0).term()).isEqualTo(6);
            for (long i = log.firstIndex(); i < 70; i++) {
                assertThat(log.read(i, 1).get(0).payload())
                        .isEqualTo(entry(i, i / 10, 4000).payload());
            }
            log.verify();
            assertThat(log.damage()).isEmpty();
        }
    }

    @Test
    void refusesASecondOpenOfTheSameFolder() throws IOException {
        LocalStore store = open();
        try (store) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(Disk.StoreLockedException.class)
                    .hasMessageContaining(folder.toString())
                    .hasMessageContaining("in use");
        }
        open().close();
    }

    @Test
    void refusesAnotherGroupAfterAdoption() throws IOException {
        try (LocalStore store = open()) {
            Member self = new Member(new ReplicaId(1), store.storeUuid());
            store.adopt("a", new Membership(UUID.randomUUID(), List.of(self)));

            assertThatThrownBy(() -> store.adopt("b", new Membership(UUID.randomUUID(), List.of(self))))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("(a)");
        }
    }
}
