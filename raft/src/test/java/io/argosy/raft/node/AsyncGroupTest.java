package io.argosy.raft.node;

import static io.argosy.raft.node.Replicas.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.OperatorResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.core.LogEnd;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A group that acknowledges before it syncs, and back (D3). */
class AsyncGroupTest {

    private static final Path FOLDER = Path.of("/group");

    private final Map<Integer, FaultyDisk> disks = new TreeMap<>();
    private final Replicas replicas = Replicas.inMemory(FOLDER, 3, new MemoryNetwork());

    @BeforeEach
    void disksOfTheirOwn() {
        for (int i = 1; i <= 3; i++) {
            disks.put(i, new FaultyDisk(new SplittableRandom(i)));
            replicas.disk(i, disk(i));
        }
    }

    @AfterEach
    void stopAll() {
        replicas.close();
    }

    private FaultyDisk disk(int replica) {
        return Objects.requireNonNull(disks.get(replica));
    }

    private static RaftConfig.Storage storage(RaftConfig.Flush flush) {
        return new RaftConfig.Storage(flush, 1 << 20, 1L << 30, RaftConfig.Scrub.NEVER);
    }

    private long commit(String command) {
        return replicas.commit(command).index();
    }

    private void change(RaftConfig.Flush flush) {
        OperatorResult result =
                replicas.node(replicas.leader()).operations().changeFlush(flush).join();
        assertThat(result).isInstanceOf(OperatorResult.Done.class);
    }

    private LocalStore afterLossOfPower(int replica) throws IOException {
        FaultyDisk left = disk(replica).crash();
        return LocalStore.openStepped(
                left, replicas.folderOf(id(replica)), storage(RaftConfig.Flush.FSYNC), UUID::randomUUID);
    }

    @Test
    void entryThatEndsAsynchronousFlushesIsSyncedItself() throws Exception {
        replicas.storage(storage(RaftConfig.Flush.FSYNC)).born();
        change(RaftConfig.Flush.ASYNC);
        commit("in memory");
        change(RaftConfig.Flush.FSYNC);
        long index = commit("on disk");

        int whole = 0;
        for (int i = 1; i <= 3; i++) {
            try (LocalStore store = afterLossOfPower(i)) {
                if (store.log().lastIndex() >= index) {
                    assertThat(store.hardState().reached()).isEqualTo(LogEnd.NONE);
                    whole++;
                }
            }
        }
        assertThat(whole).isGreaterThanOrEqualTo(2);
    }

    @Test
    void groupIsBornAsItsConfigurationSaysAndAReplicaObeysTheGroup() throws Exception {
        replicas.storage(storage(RaftConfig.Flush.ASYNC)).born();
        int follower = replicas.follower();
        replicas.stop(follower);
        replicas.storage(storage(RaftConfig.Flush.FSYNC)).start(follower);
        long index = commit("in memory");

        await().atMost(Replicas.PATIENCE)
                .until(() -> replicas.node(follower).status().appliedIndex() >= index);
        assertThat(replicas.node(follower).status().membership().orElseThrow().isAsync())
                .isTrue();
        try (LocalStore store = afterLossOfPower(follower)) {
            assertThat(store.hardState().reached().isUnknown()).isTrue();
        }
    }

    @Test
    void replicaWhoseMachineLostPowerTakesPartAgainOnceALeaderHasBroughtItUp() throws Exception {
        replicas.storage(storage(RaftConfig.Flush.ASYNC)).born();
        int victim = replicas.follower();
        for (int i = 0; i < 20; i++) {
            commit("before " + i);
        }
        disks.put(victim, disk(victim).crash());
        replicas.stop(victim);
        replicas.disk(victim, disk(victim));
        replicas.loseState(victim);
        replicas.start(victim);
        long index = commit("after");
        await().atMost(Replicas.PATIENCE)
                .until(() -> replicas.node(victim).status().appliedIndex() >= index);

        // Of the other two one goes: nobody can lead without the victim's vote.
        replicas.stop(replicas.leader());

        assertThat(commit("with its vote")).isGreaterThan(index);
    }
}
