package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.node.QuorumLoss.Judged;
import io.argosy.raft.node.QuorumLoss.Survivor;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuorumLossTest {

    private static final RaftConfig.Storage STORAGE = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 8 << 20, 1L << 30);

    @TempDir
    private Path folder;

    private static QuorumLoss open(Replicas replicas, int... numbers) throws IOException {
        List<Path> folders = Arrays.stream(numbers)
                .mapToObj(number -> replicas.folderOf(Replicas.id(number)))
                .toList();
        return QuorumLoss.open(new FileSystemDisk(), folders, STORAGE, data -> 0);
    }

    private static Set<ReplicaId> ids(int... numbers) {
        return IntStream.of(numbers).mapToObj(ReplicaId::new).collect(Collectors.toSet());
    }

    private static String refusal(Judged judged) {
        assertThat(judged).isInstanceOf(Judged.Refused.class);
        return ((Judged.Refused) judged).reason();
    }

    @Test
    void theLastReplicaLeadsAloneAndTheDeadAreFencedOff() throws Exception {
        try (Replicas replicas = Replicas.overGrpc(folder, 3).born()) {
            replicas.commit("kept");
            replicas.awaitCommands(List.of("kept")::equals);
            replicas.stopAll();
            try (QuorumLoss loss = open(replicas, 2)) {
                Judged.Plan plan = (Judged.Plan) loss.judge(ids(1, 3), Optional.empty());
                assertThat(plan.recoveryEpoch()).isEqualTo(1);
                assertThat(plan.membership().voters())
                        .singleElement()
                        .satisfies(voter -> assertThat(voter.id()).isEqualTo(Replicas.id(2)));
                loss.execute(plan);
            }

            RaftServer last = replicas.start(2);

            await().atMost(Replicas.PATIENCE).until(() -> last.status().leading());
            assertThat(Replicas.propose(last, "new").join()).isInstanceOf(ProposeResult.Committed.class);
            assertThat(replicas.machine(2).commands()).containsExactly("kept", "new");

            // The two others are a majority of what the group was, and go on in a past that nobody else is part of.
            replicas.start(1);
            replicas.start(3);
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.node(1).status().leading()
                            || replicas.node(3).status().leading());
            assertThat(last.status().leading()).isTrue();
            assertThat(Replicas.propose(last, "newer").join()).isInstanceOf(ProposeResult.Committed.class);
            assertThat(replicas.machine(1).commands()).doesNotContain("new", "newer");
        }
    }

    @Test
    void groupGoesOnWithItsMostAdvancedSurvivorAndGrowsAgain() throws Exception {
        try (Replicas replicas = Replicas.overGrpc(folder, 5).born()) {
            replicas.commit("a");
            replicas.awaitCommands(List.of("a")::equals);
            int behind = replicas.follower();
            replicas.stop(behind);
            replicas.commit("b");
            int ahead = replicas.leader();
            replicas.stopAll();
            Set<ReplicaId> dead = IntStream.rangeClosed(1, 5)
                    .filter(number -> number != behind && number != ahead)
                    .mapToObj(ReplicaId::new)
                    .collect(Collectors.toSet());
            try (QuorumLoss loss = open(replicas, behind, ahead)) {
                Judged.Plan plan = (Judged.Plan) loss.judge(dead, Optional.empty());
                assertThat(plan.source().id()).isEqualTo(Replicas.id(ahead));
                loss.execute(plan);
            }

            replicas.start(behind);
            replicas.start(ahead);

            RaftServer leader = replicas.node(ahead);
            await().atMost(Replicas.PATIENCE).until(() -> leader.status().leading());
            assertThat(Replicas.propose(leader, "c").join()).isInstanceOf(ProposeResult.Committed.class);
            replicas.awaitCommands(List.of("a", "b", "c")::equals);

            replicas.startStranger(6);
            await().atMost(Replicas.PATIENCE)
                    .untilAsserted(() -> assertThat(leader.operations()
                                    .addLearner(Replicas.id(6), replicas.addressOf(6), "")
                                    .join())
                            .isInstanceOf(io.argosy.raft.OperatorResult.Done.class));
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.machine(6).commands().equals(List.of("a", "b", "c")));
        }
    }

    @Test
    void whatIsNotCertainIsRefused() throws Exception {
        try (Replicas replicas = Replicas.overGrpc(folder, 3).born()) {
            replicas.commit("a");
            assertThatThrownBy(() -> open(replicas, 1)).isInstanceOf(Disk.StoreLockedException.class);
            replicas.stopAll();

            try (QuorumLoss loss = open(replicas, 1)) {
                assertThat(refusal(loss.judge(ids(2), Optional.empty()))).contains("replica 3 of the group is neither");
                assertThat(refusal(loss.judge(ids(1, 2, 3), Optional.empty()))).contains("its folder was given");
                assertThat(refusal(loss.judge(ids(2, 3, 4), Optional.empty()))).contains("no member");
                assertThat(refusal(loss.judge(ids(2, 3), Optional.of(Replicas.id(2)))))
                        .contains("no folder of replica 2");
            }
            try (QuorumLoss loss = open(replicas, 1, 3)) {
                assertThat(refusal(loss.judge(ids(2), Optional.empty()))).contains("a majority: start them");
            }
            assertThatThrownBy(() -> QuorumLoss.open(
                            new FileSystemDisk(), List.of(folder.resolve("nowhere")), STORAGE, data -> 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not the data folder");
        }
    }

    @Test
    void judgingChangesNothing() throws Exception {
        try (Replicas replicas = Replicas.overGrpc(folder, 3).born()) {
            replicas.commit("a");
            replicas.stopAll();
            List<Survivor> before;
            try (QuorumLoss loss = open(replicas, 1)) {
                before = new ArrayList<>(loss.survivors());
                loss.judge(ids(2, 3), Optional.empty());
            }

            try (QuorumLoss loss = open(replicas, 1)) {
                assertThat(loss.survivors()).isEqualTo(before);
                assertThat(before.get(0).recoveryEpoch()).isZero();
                assertThat(before.get(0).lastIndex()).isGreaterThan(1);
            }
        }
    }
}
