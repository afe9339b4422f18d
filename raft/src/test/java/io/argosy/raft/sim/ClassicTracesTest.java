package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.RaftNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Traces that once broke somebody's Raft, played by whole replicas over their disks and links; after each event all rules
 * are checked. The others are scripts of the core: docs/reliability.md names them.
 */
@ExtendWith(SilentReplicas.class)
class ClassicTracesTest {

    private static final long MILLI = 1_000_000;

    /**
     * The bug of single-server changes (raft-dev, 2015; R49). A adds E in an entry that only A and E have, and is cut
     * off. B is elected by C and D, and removes A at once, which B and C alone, two of {B, C, D}, commit. Then A, D and E,
     * three of {A, B, C, D, E}, elect A, who knows nothing of that.
     */
    @Test
    void theSingleServerBugEndsAtTheNewLeadersFirstChange() {
        World world = World.calm(4, 1, 11);
        SimulatedNode a = world.anyLeader().orElseThrow();
        List<SimulatedNode> others = new ArrayList<>(world.nodes().subList(0, 4));
        others.remove(a);
        SimulatedNode e = world.nodes().get(4);
        world.runFor(1_000 * MILLI);
        ask(world, a, o -> o.addLearner(e.id(), "replica:" + e.id().value(), ""));
        until(
                world,
                "E has caught up",
                () -> e.isUp() && e.promised().syncedIndex() > 3 && e.appliedIndex() + 2 >= a.appliedIndex());
        world.runFor(3_000 * MILLI);

        others.forEach(other -> cut(world, other, List.of(a, e)));
        CompletableFuture<OperatorResult> promotion = begin(a, o -> o.promote(e.id()));
        until(world, "E knows that it is a voter", () -> knowsAsVoter(e));
        long promotedBy = a.core().term();
        until(world, "somebody else leads", () -> others.stream().anyMatch(SimulatedNode::leads));
        SimulatedNode b =
                others.stream().filter(SimulatedNode::leads).findFirst().orElseThrow();
        others.remove(b);
        SimulatedNode c = others.get(0);
        SimulatedNode d = others.get(1);
        cut(world, d, List.of(b, c));
        OperatorResult removal = ask(world, b, o -> o.remove(a.id()));
        world.runFor(100 * MILLI);
        cut(world, a, List.of(b, c));
        cut(world, e, List.of(b, c));
        world.wires().join(d.position(), a.position());
        world.wires().join(d.position(), e.position());
        until(world, "A leads again", () -> a.leads() && a.core().term() > promotedBy);
        world.wires().healAll();
        long committed = world.checks().committedIndex();
        until(world, "all go on", () -> world.nodes().stream().allMatch(node -> node.appliedIndex() > committed + 20));

        assertThat(removal)
                .isInstanceOfSatisfying(
                        OperatorResult.Refused.class,
                        refused -> assertThat(refused.why().reason()).isEqualTo(Reason.TERM_NOT_OPEN));
        assertThat(promotion).isNotNull();
        assertThat(a.membership().orElseThrow().voters()).hasSize(5);
    }

    /**
     * Pre-vote with check-quorum (etcd 8501, 9333): a replica whose term is higher than the leader's, because it was a
     * candidate in the moment in which it was cut off, must neither be deaf to that leader for ever, nor depose it again
     * and again.
     */
    @Test
    void whoReturnsWithAHigherTermFollowsAndTheGroupGoesOn() {
        World world = World.calm(3, 5);
        world.runFor(1_000 * MILLI);
        SimulatedNode leader = world.anyLeader().orElseThrow();
        List<SimulatedNode> others = new ArrayList<>(world.nodes());
        others.remove(leader);
        SimulatedNode stuck = others.get(0);
        SimulatedNode voter = others.get(1);

        // The leader is gone for a moment: both campaign, and one is cut off as soon as its term is higher.
        leader.pause(1_500 * MILLI);
        long before = leader.core().term();
        until(world, "its term is higher", () -> stuck.core().term() > before);
        cut(world, stuck, List.of(leader, voter));
        long highest = stuck.core().term();
        world.runFor(5_000 * MILLI);
        until(world, "the others have a leader", () -> leader.leads() || voter.leads());
        world.wires().healAll();
        long committed = world.checks().committedIndex();
        until(world, "it follows and has everything", () -> stuck.appliedIndex() > committed + 50);
        long settled = world.anyLeader().orElseThrow().core().term();
        world.runFor(20_000 * MILLI);

        assertThat(settled).isGreaterThanOrEqualTo(highest);
        assertThat(world.anyLeader().orElseThrow().core().term()).isEqualTo(settled);
        assertThat(world.nodes()).allMatch(node -> node.core().term() == settled);
    }

    /**
     * Figure 8 of the Raft paper (R14): S1 leads, its entry reaches S2 only; S5 leads and writes another one; S1 leads
     * again and brings its old entry to a majority, which must not commit it before an entry of its own term does,
     * because S5 may still come and replace it.
     */
    @Test
    void whatAMajorityHasOfAnOlderTermMayStillBeReplaced() {
        for (long seed = 1; seed <= 20; seed++) {
            World world = World.calm(5, seed);
            world.runFor(500 * MILLI);
            SimulatedNode one = world.anyLeader().orElseThrow();
            List<SimulatedNode> others = new ArrayList<>(world.nodes());
            others.remove(one);
            SimulatedNode two = others.get(0);
            List<SimulatedNode> rest = others.subList(1, 4);

            rest.forEach(other -> cut(world, other, List.of(one, two)));
            world.runFor(100 * MILLI);
            one.kill();
            world.clients().stop();
            until(world, "one of the rest leads", () -> rest.stream().anyMatch(SimulatedNode::leads));
            SimulatedNode five =
                    rest.stream().filter(SimulatedNode::leads).findFirst().orElseThrow();
            // Its own entries stay with it.
            world.nodes().stream().filter(other -> other != five).forEach(other -> cut(world, five, List.of(other)));
            five.kill();
            world.wires().healAll();
            world.nodes().stream().filter(other -> other != five).forEach(other -> cut(world, five, List.of(other)));
            one.start();
            until(
                    world,
                    "somebody leads again",
                    () -> world.nodes().stream().anyMatch(node -> node != five && node.leads()));
            SimulatedNode again = world.anyLeader().orElseThrow();
            // Whatever has got anywhere by now: a majority goes, and five may lead if it has the newer log.
            world.runFor(seed * 200_000);
            again.kill();
            five.start();
            world.wires().healAll();
            world.runFor(2_000 * MILLI);
            again.start();
            world.clients().begin();
            long committed = world.checks().committedIndex();
            until(
                    world,
                    "all go on",
                    () -> world.nodes().stream().allMatch(node -> node.isUp() && node.appliedIndex() > committed + 20));
        }
    }

    private static boolean knowsAsVoter(SimulatedNode node) {
        return node.membership().filter(m -> m.voter(node.id()).isPresent()).isPresent();
    }

    private static void cut(World world, SimulatedNode one, List<SimulatedNode> others) {
        for (SimulatedNode other : others) {
            world.wires().cut(one.position(), other.position());
            world.wires().cut(other.position(), one.position());
        }
    }

    private static CompletableFuture<OperatorResult> begin(
            SimulatedNode node, Function<RaftNode.Operations, CompletableFuture<OperatorResult>> request) {
        return request.apply(node.replica().operations());
    }

    private static OperatorResult ask(
            World world, SimulatedNode node, Function<RaftNode.Operations, CompletableFuture<OperatorResult>> request) {
        CompletableFuture<OperatorResult> answer = begin(node, request);
        until(world, "the operator is answered", answer::isDone);
        return answer.join();
    }

    /** Looked at after each event. */
    private static void until(World world, String goal, BooleanSupplier reached) {
        world.runUntil(goal, reached, 60_000 * MILLI, 0);
    }
}
