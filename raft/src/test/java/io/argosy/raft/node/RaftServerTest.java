package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FaultyDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RaftServerTest {

    private final MemoryNetwork network = new MemoryNetwork();

    @TempDir
    Path folder;

    private Replicas three() {
        return Replicas.inMemory(folder, 3, network);
    }

    private static List<String> numbered(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    private static List<CompletableFuture<ProposeResult>> proposeAll(RaftServer node, List<String> commands) {
        List<CompletableFuture<ProposeResult>> results = new ArrayList<>();
        commands.forEach(command -> results.add(Replicas.propose(node, command)));
        return results;
    }

    @Test
    void threeReplicasElectALeaderAndApplyTheSameCommandsInProposalOrder() throws IOException {
        try (Replicas replicas = three().born()) {
            List<String> commands = numbered("c", 5000);

            List<CompletableFuture<ProposeResult>> results = proposeAll(replicas.node(replicas.leader()), commands);

            long previous = 0;
            for (CompletableFuture<ProposeResult> result : results) {
                ProposeResult.Committed committed = (ProposeResult.Committed) result.join();
                assertThat(committed.index()).isGreaterThan(previous);
                previous = committed.index();
            }
            replicas.awaitCommands(commands::equals);
        }
    }

    @Test
    void oneReplicaIsAGroupToo() throws IOException {
        try (Replicas replicas = Replicas.inMemory(folder, 1, network).born()) {
            replicas.commit("alone");

            assertThat(replicas.machine(1).commands()).containsExactly("alone");
        }
    }

    @Test
    void everythingAcknowledgedIsThereAfterAllWereRestarted() throws IOException {
        List<String> commands = numbered("c", 500);
        UUID group;
        try (Replicas replicas = three().born()) {
            proposeAll(replicas.node(replicas.leader()), commands).forEach(CompletableFuture::join);
            group = replicas.node(1).status().groupUuid().orElseThrow();
        }

        try (Replicas replicas = three().startAll()) {
            replicas.leader();

            replicas.awaitCommands(commands::equals);
            assertThat(replicas.node(2).status().groupUuid()).contains(group);
        }
    }

    @Test
    void theOthersGoOnWhenTheLeaderStopsAndItCatchesUpWhenItComesBack() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("before");
            int first = replicas.leader();
            replicas.stop(first);

            replicas.commit("without");
            assertThat(replicas.leader()).isNotEqualTo(first);
            replicas.start(first);

            replicas.awaitCommands(List.of("before", "without")::equals);
        }
    }

    @Test
    void aFollowerThatMissedMoreThanMemoryHoldsCatchesUpFromDisk() throws IOException {
        try (Replicas replicas = three().limits(
                        new RaftConfig.Limits(64 << 10, 256 << 10, 64 << 20, 256 << 10, 1, 100 << 20))
                .born()) {
            int away = replicas.follower();
            replicas.stop(away);
            String big = "x".repeat(10_000);
            List<String> commands = numbered(big, 300);
            proposeAll(replicas.node(replicas.leader()), commands).forEach(CompletableFuture::join);

            replicas.start(away);

            replicas.awaitCommands(commands::equals);
        }
    }

    @Test
    void aLeaderThatIsCutOffStopsLeadingAndItsUncommittedProposalsAreDecidedWhenItReturns() throws IOException {
        try (Replicas replicas = three().born()) {
            int old = replicas.leader();
            network.cut(Replicas.id(old));
            CompletableFuture<ProposeResult> lost = Replicas.propose(replicas.node(old), "lost");
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.numbers().stream()
                            .anyMatch(n -> n != old && replicas.node(n).status().leading()));
            await().atMost(Replicas.PATIENCE)
                    .until(() -> !replicas.node(old).status().leading());
            assertThat(lost).isNotDone();
            replicas.commit("kept");

            network.heal(Replicas.id(old));

            assertThat(lost.join()).isInstanceOf(ProposeResult.NotLeader.class);
            replicas.awaitCommands(List.of("kept")::equals);
        }
    }

    @Test
    void aFollowerRefusesProposalsAndNamesTheLeader() throws IOException {
        try (Replicas replicas = three().born()) {
            int leader = replicas.leader();

            ProposeResult result =
                    Replicas.propose(replicas.node(replicas.follower()), "x").join();

            assertThat(result)
                    .isInstanceOfSatisfying(
                            ProposeResult.NotLeader.class,
                            notLeader -> assertThat(notLeader.leader()).contains(Replicas.id(leader)));
        }
    }

    @Test
    void aReadIndexCoversWhatWasCommittedBeforeAndFollowersRefuseIt() throws IOException {
        try (Replicas replicas = three().born()) {
            ProposeResult.Committed committed = replicas.commit("x");

            assertThat(replicas.node(replicas.leader()).readIndex().join()).isGreaterThanOrEqualTo(committed.index());
            assertThatThrownBy(
                            () -> replicas.node(replicas.follower()).readIndex().join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(RaftNode.NotLeaderException.class);
        }
    }

    @Test
    void aLeaderWithoutFollowersAnswersNoReads() throws IOException {
        try (Replicas replicas = three().born()) {
            int leader = replicas.leader();
            network.cut(Replicas.id(leader));

            CompletableFuture<Long> read = replicas.node(leader).readIndex();

            assertThatThrownBy(read::join).hasCauseInstanceOf(RaftNode.NotLeaderException.class);
        }
    }

    @Test
    void committedEntriesAreReadFromMemoryAndFromDisk() throws IOException {
        long index;
        try (Replicas replicas = three().born()) {
            index = replicas.commit("payload").index();
            RaftNode.LogReader log = replicas.node(replicas.leader()).log();

            assertThat(log.cached(index)).map(Entry::index).contains(index);
            assertThat(log.cached(index + 1)).isEmpty();
            assertThat(log.read(index, 1).join()).hasSize(1);
            assertThatThrownBy(() -> log.read(index + 100, 1).join())
                    .hasCauseInstanceOf(IllegalArgumentException.class);
        }
        try (Replicas replicas = three().startAll()) {
            RaftServer node = replicas.node(replicas.leader());
            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() > index);

            List<Entry> read = node.log().read(index, 1 << 20).join();

            assertThat(read.get(0).index()).isEqualTo(index);
            assertThat(read.get(0).payload())
                    .isEqualTo(ByteBuffer.wrap("payload".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            assertThat(node.log().read(1, 1).join().get(0).type()).isEqualTo(EntryType.CONFIG);
        }
    }

    // Birth

    @Test
    void emptyStoresWaitAsStrangersUntilTheyAreBootstrapped() throws IOException {
        try (Replicas replicas = three().startAll()) {
            RaftStatus before = replicas.node(1).status();

            UUID group = replicas.node(2).bootstrap().join();

            assertThat(before.stranger()).isTrue();
            assertThat(before.groupUuid()).isEmpty();
            replicas.leader();
            for (int number : replicas.numbers()) {
                assertThat(replicas.node(number).status().groupUuid()).contains(group);
                assertThat(replicas.node(number).status().stranger()).isFalse();
            }
            assertThat(replicas.node(3).bootstrap().join()).isEqualTo(group);
        }
    }

    @Test
    void bootstrapRefusesWhileASeedIsMissing() throws IOException {
        try (Replicas replicas = three()) {
            replicas.start(1);
            replicas.start(2);

            assertThatThrownBy(() -> replicas.node(1).bootstrap().join())
                    .hasCauseInstanceOf(RaftNode.BootstrapException.class)
                    .hasMessageContaining("replica 3 at");
            assertThat(replicas.node(1).status().groupUuid()).isEmpty();
        }
    }

    @Test
    void twoWipedReplicasNeitherOutvoteTheThirdNorBecomeAGroup() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("kept");
        }
        wipe(folder.resolve("replica2"));
        wipe(folder.resolve("replica3"));

        try (Replicas replicas = three().startAll()) {
            assertThatThrownBy(() -> replicas.node(2).bootstrap().join())
                    .hasCauseInstanceOf(RaftNode.BootstrapException.class)
                    .hasMessageContaining("replica 1 at")
                    .hasMessageContaining("is not empty");
            assertThat(replicas.node(2).status().stranger()).isTrue();
            assertThat(replicas.node(3).status().stranger()).isTrue();
            assertThat(replicas.all()).noneMatch(node -> node.status().leading());
        }
    }

    @Test
    void anInterruptedBirthIsFinishedByAnySeed() throws IOException {
        UUID group;
        try (Replicas replicas = three().startAll()) {
            network.adoptions(Replicas.id(3), false);
            assertThatThrownBy(() -> replicas.node(1).bootstrap().join())
                    .hasCauseInstanceOf(RaftNode.BootstrapException.class)
                    .hasMessageContaining("replica 3 at")
                    .hasMessageContaining("did not adopt");
            assertThat(replicas.node(3).status().groupUuid()).isEmpty();
            group = replicas.node(1).status().groupUuid().orElseThrow();
            network.adoptions(Replicas.id(3), true);

            assertThat(replicas.node(3).bootstrap().join()).isEqualTo(group);

            replicas.commit("complete");
            replicas.awaitCommands(List.of("complete")::equals);
        }
    }

    // Trouble

    @Test
    void aFailedFsyncStopsTheReplicaAndNothingIsAcknowledgedAfterIt() throws IOException {
        FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        try (Replicas replicas =
                Replicas.inMemory(folder, 1, network).disk(1, disk).born()) {
            replicas.commit("good");
            disk.hook(operation -> {
                if (operation == FaultyDisk.Operation.FORCE) {
                    disk.failAt(1);
                }
            });

            CompletableFuture<ProposeResult> result = Replicas.propose(replicas.node(1), "bad");

            await().atMost(Replicas.PATIENCE).until(() -> replicas.exitCodes.get(Replicas.id(1)) != null);
            assertThat(replicas.exitCodes).containsEntry(Replicas.id(1), FailureHook.DISK_FAILED);
            assertThat(replicas.node(1).status().failure()).isPresent();
            replicas.stop(1);
            assertThat(result.join()).isInstanceOf(ProposeResult.Indeterminate.class);
        }
    }

    @Test
    void aStateMachineThatThrowsStopsItsReplica() throws IOException {
        try (Replicas replicas = Replicas.inMemory(folder, 1, network).born()) {
            CompletableFuture<ProposeResult> result = Replicas.propose(replicas.node(1), "poison");

            await().atMost(Replicas.PATIENCE).until(() -> replicas.exitCodes.get(Replicas.id(1)) != null);
            assertThat(replicas.exitCodes).containsEntry(Replicas.id(1), FailureHook.BROKEN);
            assertThat(result).isNotDone();
            String failure = replicas.node(1).status().failure().orElseThrow();
            Path evidence = Path.of(failure.substring(failure.indexOf("evidence: ") + "evidence: ".length()));
            assertThat(evidence).isDirectoryContaining("glob:**/{what,state,config,inputs}.txt");
            assertThat(evidence.resolve("what.txt")).content().contains("lane applier");
            assertThat(evidence.resolve("state.txt")).content().contains("core role=LEADER");
            assertThat(evidence.resolve("inputs.txt")).content().contains("PROPOSAL bytes=6");
        }
    }

    @Test
    void aSecondStartOnTheSameFolderIsRefused() throws IOException {
        try (Replicas replicas = three()) {
            replicas.start(1);

            assertThatThrownBy(() -> replicas.start(1)).isInstanceOf(Disk.StoreLockedException.class);
        }
    }

    @Test
    void aLogAtItsLimitMakesProposalsBusyAndReadsGoOn() throws IOException {
        try (Replicas replicas = three().storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 4 << 20, 6 << 20))
                .born()) {
            RaftServer leader = replicas.node(replicas.leader());
            ProposeResult result;
            int accepted = 0;
            do {
                result = Replicas.propose(leader, ByteBuffer.allocate(100_000)).join();
                accepted++;
            } while (result instanceof ProposeResult.Committed && accepted < 1000);

            assertThat(result)
                    .isInstanceOfSatisfying(
                            ProposeResult.Busy.class,
                            busy -> assertThat(busy.reason()).contains("disk full"));
            assertThat(leader.status().logBytes()).isLessThan(6 << 20);
            assertThat(leader.log().read(1, 1).join()).hasSize(1);
            assertThat(leader.readIndex().join()).isPositive();
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void aDiskThatIsFullMakesProposalsBusyAndRecoversWhenThereIsSpace() throws IOException {
        FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        disk.quota(24 << 20);
        try (Replicas replicas = Replicas.inMemory(folder, 1, network)
                .storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 4 << 20, 1L << 40))
                .disk(1, disk)
                .born()) {
            RaftServer node = replicas.node(1);
            ProposeResult result;
            int tries = 0;
            do {
                result = Replicas.propose(node, ByteBuffer.allocate(100_000)).join();
                tries++;
            } while (result instanceof ProposeResult.Committed && tries < 1000);
            assertThat(result).isInstanceOf(ProposeResult.Busy.class);

            disk.quota(64 << 20);

            await().atMost(Replicas.PATIENCE)
                    .until(() ->
                            Replicas.propose(node, ByteBuffer.allocate(100_000)).join()
                                    instanceof ProposeResult.Committed);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void proposalsThatAreNotDecidedAtCloseAreIndeterminateAndLaterOnesRefused() throws IOException {
        try (Replicas replicas = three().born()) {
            int leader = replicas.leader();
            RaftServer node = replicas.node(leader);
            network.cut(Replicas.id(leader));
            CompletableFuture<ProposeResult> undecided = Replicas.propose(node, "undecided");
            await().atMost(Replicas.PATIENCE)
                    .until(() -> node.status().lastIndex() > node.status().commitIndex());

            replicas.stop(leader);

            assertThat(undecided.join()).isInstanceOf(ProposeResult.Indeterminate.class);
            assertThat(Replicas.propose(node, "late").join()).isInstanceOf(ProposeResult.NotLeader.class);
        }
    }

    @Test
    void theLogIsTrimmedOnlyAsFarAsTheStateMachineIsDurable() throws IOException {
        try (Replicas replicas = Replicas.inMemory(folder, 1, network)
                .storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 1 << 20, 1L << 30))
                .born()) {
            RaftServer node = replicas.node(1);
            for (int i = 0; i < 50; i++) {
                Replicas.propose(node, ByteBuffer.allocate(100_000)).join();
            }
            node.trim(40);
            assertThat(node.log().read(1, 1).join()).hasSize(1);

            replicas.machine(1).makeDurable();
            await().atMost(Replicas.PATIENCE).until(() -> {
                node.trim(40);
                return node.log().firstIndex() > 1;
            });

            assertThat(node.log().firstIndex()).isLessThanOrEqualTo(41);
            replicas.commit("goes on");
        }
    }

    @Test
    void asynchronousFlushCommitsAndSurvivesARestart() throws IOException {
        RaftConfig.Storage storage = new RaftConfig.Storage(RaftConfig.Flush.ASYNC, 8 << 20, 1L << 30);
        List<String> commands = numbered("c", 200);
        try (Replicas replicas = three().storage(storage).born()) {
            proposeAll(replicas.node(replicas.leader()), commands).forEach(CompletableFuture::join);
        }

        try (Replicas replicas = three().storage(storage).startAll()) {
            replicas.leader();

            replicas.awaitCommands(commands::equals);
        }
    }

    @Test
    void threeReplicasOverGrpcElectReplicateAndLoseTheirLeader() throws IOException {
        try (Replicas replicas = Replicas.overGrpc(folder, 3).born()) {
            List<String> commands = numbered("c", 2000);
            proposeAll(replicas.node(replicas.leader()), commands).forEach(CompletableFuture::join);
            replicas.awaitCommands(commands::equals);
            int first = replicas.leader();
            replicas.stop(first);

            replicas.commit("after");
            replicas.start(first);

            replicas.awaitCommands(seen -> seen.size() == 2001 && seen.get(2000).equals("after"));
        }
    }

    private static void wipe(Path toWipe) throws IOException {
        try (Stream<Path> files = Files.walk(toWipe)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
