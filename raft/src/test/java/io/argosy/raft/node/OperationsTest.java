package io.argosy.raft.node;

import static io.argosy.raft.node.Replicas.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.Membership;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.Operations;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators do to a group of whole replicas, over real connections: founders don't have newcomers configured. */
class OperationsTest {

    @TempDir
    Path folder;

    private Replicas three() {
        return Replicas.overGrpc(folder, 3);
    }

    private static OperatorResult atLeader(
            Replicas replicas, Function<Operations, CompletableFuture<OperatorResult>> ask) {
        return ask.apply(replicas.node(replicas.leader()).operations()).join();
    }

    /** Refusals that pass by themselves are no failure of the test. */
    private static void done(Replicas replicas, Function<Operations, CompletableFuture<OperatorResult>> ask) {
        await().atMost(Replicas.PATIENCE)
                .until(() -> atLeader(replicas, ask), result -> result instanceof OperatorResult.Done);
    }

    private static Reason refusal(Replicas replicas, Function<Operations, CompletableFuture<OperatorResult>> ask) {
        OperatorResult result = atLeader(replicas, ask);
        assertThat(result).isInstanceOf(OperatorResult.Refused.class);
        return ((OperatorResult.Refused) result).why().reason();
    }

    private static Membership membership(Replicas replicas) {
        return replicas.node(replicas.leader()).status().membership().orElseThrow();
    }

    private static List<String> commands(int count) {
        return IntStream.range(0, count).mapToObj(i -> "c" + i).toList();
    }

    @Test
    void strangerIsAddedCatchesUpAndIsPromoted() throws IOException {
        try (Replicas replicas = three().born()) {
            List<String> commands = commands(2_000);
            int leader = replicas.leader();
            commands.stream()
                    .map(command -> Replicas.propose(replicas.node(leader), command))
                    .toList()
                    .forEach(CompletableFuture::join);
            replicas.startStranger(4);

            done(replicas, o -> o.addLearner(id(4), replicas.addressOf(4), "client=x"));
            assertThat(replicas.node(4).status().stranger()).isTrue();
            done(replicas, o -> o.promote(id(4)));

            replicas.awaitCommands(commands::equals);
            assertThat(membership(replicas).voters()).hasSize(4);
            assertThat(membership(replicas).voter(id(4)).orElseThrow().services())
                    .isEqualTo("client=x");
            await().atMost(Replicas.PATIENCE)
                    .until(() -> !replicas.node(4).status().stranger());
        }
    }

    @Test
    void whatMustNotHappenIsRefusedWithItsReason() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("open the term");
            replicas.startStranger(4);
            replicas.startStranger(5);
            int follower = replicas.follower();

            assertThat(replicas.node(follower).operations().promote(id(4)).join())
                    .isInstanceOf(OperatorResult.NotLeader.class);
            assertThat(refusal(replicas, o -> o.promote(id(4)))).isEqualTo(Reason.UNKNOWN_REPLICA);
            assertThat(refusal(replicas, o -> o.addLearner(id(5), replicas.addressOf(4), "")))
                    .isEqualTo(Reason.WRONG_STORE);
            assertThat(refusal(replicas, o -> o.addLearner(id(6), "127.0.0.1:1", "")))
                    .isEqualTo(Reason.UNREACHABLE);
            assertThat(refusal(replicas, o -> o.addLearner(id(6), "nonsense", "")))
                    .isEqualTo(Reason.WRONG_STORE);
            assertThat(refusal(replicas, o -> o.addLearner(id(follower), replicas.addressOf(4), "")))
                    .isEqualTo(Reason.ID_TAKEN);
            assertThat(replicas.node(4).status().groupUuid()).isEmpty();
        }
    }

    @Test
    void idOfARemovedReplicaIsNotUsedAgainAndTheRemovedOneStaysQuiet() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("one");
            int removed = replicas.follower();

            done(replicas, o -> o.remove(id(removed)));
            replicas.commit("two");

            assertThat(membership(replicas).retired()).containsExactly(id(removed));
            assertThat(refusal(replicas, o -> o.addLearner(id(removed), "127.0.0.1:1", "")))
                    .isEqualTo(Reason.ID_RETIRED);
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.node(removed).status().stranger());
        }
    }

    @Test
    void leadershipGoesWhereItIsSent() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("one");
            int follower = replicas.follower();

            done(replicas, o -> o.transferLeadership(Optional.of(id(follower))));

            assertThat(replicas.node(follower).status().leading()).isTrue();
            replicas.commit("two");
        }
    }

    /** Proposals that the leader took are committed under the next one; the others were never taken. */
    @Test
    void transferLosesNoProposalAndLeavesNoneInDoubt() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("first");
            for (int round = 0; round < 5; round++) {
                int leader = replicas.leader();
                int follower = replicas.follower();
                List<CompletableFuture<ProposeResult>> results = new ArrayList<>();
                for (int i = 0; i < 200; i++) {
                    results.add(Replicas.propose(replicas.node(leader), "r" + round + "-" + i));
                }
                CompletableFuture<OperatorResult> transfer =
                        replicas.node(leader).operations().transferLeadership(Optional.of(id(follower)));
                for (int i = 0; i < 200; i++) {
                    results.add(Replicas.propose(replicas.node(leader), "s" + round + "-" + i));
                }

                transfer.join();
                for (CompletableFuture<ProposeResult> result : results) {
                    assertThat(result.join())
                            .isInstanceOfAny(ProposeResult.Committed.class, ProposeResult.NotLeader.class);
                }
            }
        }
    }

    @Test
    void leaderThatStopsHandsOverFirst() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("one");
            int leader = replicas.leader();
            long term = replicas.node(leader).status().term();

            replicas.stop(leader);

            assertThat(replicas.all()).anyMatch(node -> node.status().leading());
            int next = replicas.leader();
            assertThat(replicas.node(next).status().term()).isEqualTo(term + 1);
        }
    }

    /** D2: what it lacks, the others may have alone. */
    @Test
    void whileAReplicaLacksMessagesNobodyElseIsRemovedAndItDoesNotLead() throws IOException {
        try (Replicas replicas = three().storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 1L << 30))
                .born()) {
            replicas.commit("first");
            int leader = replicas.leader();
            IntStream.range(0, 100)
                    .mapToObj(i -> Replicas.propose(replicas.node(leader), i + "x".repeat(2000)))
                    .toList()
                    .forEach(CompletableFuture::join);
            int hollow = replicas.follower();
            int other = 6 - leader - hollow;
            replicas.machine(leader).needs(1);
            replicas.machine(other).needs(1);
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.node(hollow).status().appliedIndex() > 100);
            replicas.machine(hollow).makeDurable();
            replicas.node(hollow).trim(60);
            awaitHollow(replicas, leader, hollow, true);

            assertThat(refusal(replicas, o -> o.remove(id(other)))).isEqualTo(Reason.HOLLOW);
            assertThat(refusal(replicas, o -> o.transferLeadership(Optional.of(id(hollow)))))
                    .isEqualTo(Reason.HOLLOW);

            replicas.machine(hollow).needs(1);
            replicas.stop(hollow);
            replicas.start(hollow);
            awaitHollow(replicas, leader, hollow, false);
            done(replicas, o -> o.transferLeadership(Optional.of(id(hollow))));
            done(replicas, o -> o.remove(id(other)));
        }
    }

    private static void awaitHollow(Replicas replicas, int leader, int peer, boolean hollow) {
        await().atMost(Replicas.PATIENCE)
                .until(() -> replicas.node(leader).status().peers().stream()
                        .anyMatch(p -> p.id().equals(id(peer)) && p.hollow() == hollow));
    }

    @Test
    void groupMovesToThreeOtherReplicas() throws IOException {
        try (Replicas replicas = three().born()) {
            replicas.commit("first");
            for (int number = 4; number <= 6; number++) {
                int joiner = number;
                replicas.startStranger(joiner);
                done(replicas, o -> o.addLearner(id(joiner), replicas.addressOf(joiner), ""));
                done(replicas, o -> o.promote(id(joiner)));
            }
            // The leader last, by itself: it hands over once its removal is committed.
            List<Integer> founders = new ArrayList<>(List.of(1, 2, 3));
            int leader = replicas.leader();
            founders.sort((a, b) -> Boolean.compare(a == leader, b == leader));
            for (int founder : founders) {
                await().atMost(Replicas.PATIENCE).until(() -> {
                    OperatorResult result = atLeader(replicas, o -> o.remove(id(founder)));
                    return result instanceof OperatorResult.Done
                            || (result instanceof OperatorResult.Refused refused
                                    && refused.why().reason() == Reason.UNKNOWN_REPLICA);
                });
            }
            for (int founder : founders) {
                replicas.stop(founder);
            }
            replicas.commit("last");

            replicas.awaitCommands(commands -> commands.contains("first") && commands.contains("last"));
            assertThat(membership(replicas).voters())
                    .extracting(m -> m.id().value())
                    .containsExactly(4, 5, 6);
        }
    }
}
