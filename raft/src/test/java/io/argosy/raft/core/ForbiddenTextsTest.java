package io.argosy.raft.core;

import static io.argosy.raft.core.CoreUnderTest.ONE;
import static io.argosy.raft.core.CoreUnderTest.THREE;
import static io.argosy.raft.core.CoreUnderTest.TWO;
import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Member;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.MembershipChange.AddLearner;
import io.argosy.raft.MembershipChange.Promote;
import io.argosy.raft.MembershipChange.Remove;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.HeartbeatResponse;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * What an operator reads who asks for a step that is forbidden for the moment: what stands in the way, and what to do
 * next. Steps that are forbidden at any moment are in {@code RefusedChangesTest} of {@code cli/}.
 */
class ForbiddenTextsTest {

    private static final ReplicaId FOUR = new ReplicaId(4);
    private static final Member FOURTH = new Member(FOUR, new UUID(9, 4));

    @Test
    void aNewLeaderAsksForPatience() {
        CoreUnderTest one = CoreUnderTest.leaderOfThree();

        refused(one, new AddLearner(FOURTH), "the leader has not committed anything in its term yet: try again");
    }

    @Test
    void aChangeUnderWayIsNamed() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.changeMembership(new AddLearner(FOURTH), one.now());

        refused(
                one,
                new Remove(FOUR),
                "the change before, entry " + one.core.lastIndex() + ", is not committed yet: try again");
    }

    @Test
    void aCopiedStoreIsNoNewReplica() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        UUID taken = one.core
                .membership()
                .orElseThrow()
                .membership()
                .voter(TWO)
                .orElseThrow()
                .storeUuid();

        refused(
                one,
                new AddLearner(new Member(FOUR, taken)),
                "store " + taken
                        + " is a member already, as replica 2: start the new replica with an empty data folder,"
                        + " not with a copy");
        UUID other = new UUID(9, 9);
        refused(
                one,
                new AddLearner(new Member(TWO, other)),
                "id 2 belongs to store " + taken + ", not to store " + other + ": a new or wiped disk needs a new id;"
                        + " remove the old replica once the new one is a voter");
    }

    @Test
    void aLearnerThatLagsSaysHowFarItIs() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.peerReset(FOUR, 14);
        one.core.changeMembership(new AddLearner(FOURTH), one.now());
        one.settle();
        one.accept(TWO, 12, one.core.lastIndex());

        refused(
                one,
                new Promote(FOUR),
                "replica 4 holds entries up to 0 of " + one.core.lastIndex() + ": wait until it has caught up");
    }

    @Test
    void aHollowReplicaForbidsWhatCouldLoseTheLastCopy() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.holds(1, 1);
        completeFrom(one, TWO, 1);

        refused(one, new Remove(TWO), "replica 3 has not told this leader yet what it holds: try again");
        notHandedTo(one, THREE, "replica 3 has not told this leader yet what it holds: try again");

        completeFrom(one, THREE, 2);

        refused(
                one,
                new Remove(TWO),
                "replica 3 does not hold all messages yet, and 2 may have the last copy: wait until it has fetched them");
        notHandedTo(one, THREE, "replica 3 does not hold all messages yet: wait until it has fetched them");
    }

    @Test
    void aRemovalThatWouldStopTheGroupSaysWhomToStart() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.peerUnreachable(THREE);

        refused(
                one,
                new Remove(TWO),
                "only 1 of the 2 voters that there would be answer, and nothing commits without 2: start the others, or"
                        + " remove those that are gone first");
    }

    @Test
    void aTargetThatIsNotFitSaysWhy() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.receive(TWO, new AppendResponse(1, 12, false, one.core.lastIndex(), 0, 0, 0, true));
        one.core.peerUnreachable(THREE);

        notHandedTo(one, TWO, "replica 2 says that its disk is slow: choose another one");
        notHandedTo(one, THREE, "replica 3 does not answer the leader: start it, or choose another one");
        refusal(
                one.core.transferLeadership(Optional.empty(), one.now()),
                "no other voter answers, keeps up and has a healthy disk: 'argosy cluster status' shows what they lack");
        notHandedTo(one, ONE, "replica 1 leads already: nothing is left to do");
    }

    @Test
    void oneTransferAtATime() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.transferLeadership(Optional.of(TWO), one.now());

        notHandedTo(one, THREE, "leadership is being handed over to replica 2 already: try again");
        refused(one, new Remove(THREE), "leadership is being handed over: try again");
    }

    private static void refused(CoreUnderTest one, MembershipChange change, String text) {
        refusal(one.core.changeMembership(change, one.now()), text);
    }

    private static void notHandedTo(CoreUnderTest one, ReplicaId to, String text) {
        refusal(one.core.transferLeadership(Optional.of(to), one.now()), text);
    }

    private static void refusal(Decision decision, String text) {
        assertThat(decision)
                .isInstanceOfSatisfying(
                        Decision.Refused.class,
                        refused -> assertThat(refused.why().text()).isEqualTo(text));
    }

    private static void completeFrom(CoreUnderTest one, ReplicaId peer, long index) {
        one.receive(peer, new HeartbeatResponse(one.core.term(), 0, 0, 0, 0, false, index));
    }
}
