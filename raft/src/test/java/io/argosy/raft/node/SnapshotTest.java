package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A follower that missed what its group trimmed is brought up by a snapshot. */
class SnapshotTest {

    private static final String FILLER = "x".repeat(2000);

    @TempDir
    private Path folder = Path.of(".");

    private Replicas three(boolean grpc) {
        Replicas replicas = grpc ? Replicas.overGrpc(folder, 3) : Replicas.inMemory(folder, 3, new MemoryNetwork());
        return replicas.storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 1L << 30));
    }

    /** Commits commands and drops the older half of the log everywhere. */
    private static void writeAndTrim(Replicas replicas, String name, int count) {
        replicas.commit(name);
        RaftServer leader = replicas.node(replicas.leader());
        List<CompletableFuture<ProposeResult>> proposed = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            proposed.add(Replicas.propose(leader, name + i + FILLER));
        }
        proposed.forEach(result -> assertThat(result.join()).isInstanceOf(ProposeResult.Committed.class));
        trim(replicas);
    }

    private static void trim(Replicas replicas) {
        long index = replicas.node(replicas.leader()).status().commitIndex();
        for (int number : replicas.numbers()) {
            RaftNode node = replicas.node(number);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() >= index);
            replicas.machine(number).makeDurable();
            node.trim(index);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().firstIndex() > 1);
        }
    }

    private static void awaitSame(Replicas replicas) {
        String last = "last" + System.identityHashCode(replicas);
        replicas.commit(last);
        replicas.awaitCommands(commands -> commands.contains(last));
        Set<String> expected = new TreeSet<>(replicas.machine(replicas.leader()).commands());
        for (int number : replicas.numbers()) {
            assertThat(new TreeSet<>(replicas.machine(number).commands())).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFollowerBehindTheLogIsBroughtUpBySnapshot(boolean grpc) throws Exception {
        try (Replicas replicas = three(grpc).born()) {
            int behind = replicas.follower();
            replicas.commit("before");
            replicas.stop(behind);
            writeAndTrim(replicas, "a", 100);

            replicas.start(behind);

            awaitSame(replicas);
            assertThat(replicas.node(behind).status().firstIndex()).isGreaterThan(100);
            assertThat(replicas.node(behind).status().catchup()).isEmpty();
            // It counts again: with another one gone, the group goes on.
            int other = replicas.numbers().stream()
                    .filter(n -> n != behind && n != replicas.leader())
                    .findFirst()
                    .orElseThrow();
            replicas.stop(other);
            replicas.commit("with the one that came back");
            // And it finds its way from its own disk.
            replicas.stop(behind);
            replicas.start(behind);
            awaitSame(replicas);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void aReplicaThatLostItsStateGetsASnapshotAndKeepsWhatItAcknowledged() throws Exception {
        try (Replicas replicas = three(false).born()) {
            writeAndTrim(replicas, "a", 100);
            int hurt = replicas.follower();
            long had = replicas.node(hurt).status().lastIndex();
            replicas.stop(hurt);
            replicas.loseState(hurt);

            RaftServer node = replicas.start(hurt);

            assertThat(node.status().lastIndex()).isGreaterThanOrEqualTo(had);
            awaitSame(replicas);
            assertThat(node.status().firstIndex()).isLessThanOrEqualTo(had);
            // It counts, and its next start finds everything.
            int other = replicas.numbers().stream()
                    .filter(n -> n != hurt && n != replicas.leader())
                    .findFirst()
                    .orElseThrow();
            replicas.stop(other);
            replicas.commit("with the one that lost its state");
            replicas.machine(hurt).makeDurable();
            replicas.stop(hurt);
            replicas.start(hurt);
            awaitSame(replicas);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void aFollowerIsBroughtUpAgainAndAgain() throws Exception {
        try (Replicas replicas = three(false).born()) {
            for (int round = 0; round < 4; round++) {
                int behind = replicas.follower();
                replicas.stop(behind);
                writeAndTrim(replicas, "round" + round + "-", 60);
                replicas.start(behind);
                awaitSame(replicas);
            }
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void aLeaderThatWasBroughtUpBySnapshotBringsUpOthers() throws Exception {
        try (Replicas replicas = three(false).born()) {
            int first = replicas.follower();
            replicas.stop(first);
            writeAndTrim(replicas, "a", 60);
            replicas.start(first);
            awaitSame(replicas);
            int old = replicas.leader();
            replicas.stop(old);
            int leader = replicas.leader();
            assertThat(leader).isNotEqualTo(old);
            writeAndTrim(replicas, "b", 60);

            replicas.start(old);

            awaitSame(replicas);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    private LocalStore openedStore() throws IOException {
        return LocalStore.openStepped(
                new FileSystemDisk(),
                folder,
                new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 1L << 30),
                UUID::randomUUID);
    }

    @Test
    void aReplicaThatAppliedNothingGivesNoSnapshotAndGoesOn() throws Exception {
        try (LocalStore store = openedStore()) {
            ListMachine machine = new ListMachine();
            SnapshotSource source = new SnapshotSource(machine, store);

            assertThat(source.open(1))
                    .isInstanceOfSatisfying(
                            Bulk.Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Bulk.Reason.LATER));

            assertThat(source.pinnedIndex()).isEqualTo(Long.MAX_VALUE);
            Entry first = Entry.of(1, 1, EntryType.COMMAND, ByteBuffer.wrap(new byte[] {'a'}));
            store.log().append(List.of(first));
            store.log().sync();
            machine.apply(List.of(first));
            assertThat(source.open(2)).isInstanceOf(Bulk.Snapshot.class);
            source.drop();
        }
    }

    /** R25: an entry that is lost may have changed the membership, which a snapshot names. */
    @Test
    void aReplicaWhoseLogIsDamagedGivesNoSnapshot() throws Exception {
        try (LocalStore store = openedStore()) {
            ListMachine machine = new ListMachine();
            Entry first = Entry.of(1, 1, EntryType.COMMAND, ByteBuffer.wrap(new byte[] {'a'}));
            machine.apply(List.of(first));
            store.restored(1);
            assertThat(store.log().damage()).isNotEmpty();

            assertThat(new SnapshotSource(machine, store).open(1))
                    .isInstanceOfSatisfying(
                            Bulk.Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Bulk.Reason.LATER));
        }
    }
}
