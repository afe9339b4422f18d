package io.argosy.raft.core;

import static io.argosy.raft.core.CoreUnderTest.ONE;
import static io.argosy.raft.core.CoreUnderTest.THREE;
import static io.argosy.raft.core.CoreUnderTest.TWO;
import static io.argosy.raft.core.CoreUnderTest.append;
import static io.argosy.raft.core.CoreUnderTest.config;
import static io.argosy.raft.core.CoreUnderTest.entries;
import static io.argosy.raft.core.CoreUnderTest.entry;
import static io.argosy.raft.core.CoreUnderTest.group;
import static io.argosy.raft.core.CoreUnderTest.preVote;
import static io.argosy.raft.core.CoreUnderTest.restored;
import static io.argosy.raft.core.CoreUnderTest.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.MembershipChange.AddLearner;
import io.argosy.raft.MembershipChange.Prioritise;
import io.argosy.raft.MembershipChange.Promote;
import io.argosy.raft.MembershipChange.Remove;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.TimeoutNow;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RaftCore.Proposed;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One test per rule on membership (R36, R37, R46, R49 to R53), on transfer (R13) and on priority. */
class MembershipTest {

    private static final ReplicaId FOUR = new ReplicaId(4);
    private static final Member FOURTH = new Member(FOUR, new UUID(7, 4), "host:4", "", Member.PRIORITY_DEFAULT);

    /** Leader of three with replica 4 as a learner that has everything; nothing is under way. */
    private static CoreUnderTest leaderWithLearner() {
        CoreUnderTest one = CoreUnderTest.establishedLeader();
        one.core.peerReset(FOUR, 14);
        change(one, new AddLearner(FOURTH));
        one.settle();
        everybodyHasEverything(one);
        one.sent.clear();
        return one;
    }

    private static void everybodyHasEverything(CoreUnderTest one) {
        for (PeerStatus peer : one.core.peers()) {
            one.accept(peer.id(), 10 + peer.id().value(), one.core.lastIndex());
        }
        one.settle();
    }

    private static long change(CoreUnderTest one, MembershipChange change) {
        Decision decision = one.core.changeMembership(change, one.now());
        assertThat(decision).isInstanceOf(Decision.Appended.class);
        return ((Decision.Appended) decision).index();
    }

    private static Reason refusal(CoreUnderTest one, MembershipChange change) {
        long last = one.core.lastIndex();
        Decision decision = one.core.changeMembership(change, one.now());
        assertThat(decision).isInstanceOf(Decision.Refused.class);
        assertThat(one.core.lastIndex()).isEqualTo(last);
        return ((Decision.Refused) decision).why().reason();
    }

    private static Decision judged(CoreUnderTest one, MembershipChange change) {
        return one.core.judge(change, one.now());
    }

    private static Reason judgedRefusal(CoreUnderTest one, MembershipChange change) {
        Decision decision = judged(one, change);
        assertThat(decision).isInstanceOf(Decision.Refused.class);
        return ((Decision.Refused) decision).why().reason();
    }

    private static Entry configEntry(long index, long term, Membership membership) {
        return Entry.of(index, term, EntryType.CONFIG, membership.encode());
    }

    private static Membership inForce(CoreUnderTest one) {
        return one.core.membership().orElseThrow().membership();
    }

    /** From now on bodies from entry 1 on are needed. */
    private static void allComplete(CoreUnderTest one) {
        one.core.holds(1, 1);
        List.of(TWO, THREE, FOUR).forEach(peer -> completeFrom(one, peer, 1));
    }

    private static void completeFrom(CoreUnderTest one, ReplicaId peer, long index) {
        one.receive(peer, new HeartbeatResponse(one.core.term(), 0, 0, 0, 0, false, index));
    }

    /** Time passes, and the other voters hear of it. */
    private static void tickAndAnswer(CoreUnderTest one, long millis, long completeFrom) {
        for (long i = 0; i < millis; i += 10) {
            one.tickFor(10);
            one.settle();
            completeFrom(one, TWO, completeFrom);
            completeFrom(one, THREE, completeFrom);
        }
    }

    @Nested
    class Changes {

        /** R49, the single-server bug: without it two leaders can each change the old membership and both commit. */
        @Test
        void nothingChangesBeforeAnEntryOfTheTermIsCommitted() {
            CoreUnderTest one = CoreUnderTest.leaderOfThree();
            one.core.peerReset(FOUR, 14);

            assertThat(refusal(one, new AddLearner(FOURTH))).isEqualTo(Reason.TERM_NOT_OPEN);
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());

            change(one, new AddLearner(FOURTH));
        }

        /** R50. */
        @Test
        void oneChangeAtATime() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            change(one, new AddLearner(FOURTH));

            assertThat(refusal(one, new Remove(FOUR))).isEqualTo(Reason.CHANGE_UNDER_WAY);
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());

            change(one, new Remove(FOUR));
        }

        /** R50: in force when appended, at the leader as at a follower. */
        @Test
        void membershipIsInForceOnceAppended() {
            CoreUnderTest leader = CoreUnderTest.establishedLeader();
            CoreUnderTest follower = CoreUnderTest.of(TWO, 3, 1, 0, 1);

            long index = change(leader, new AddLearner(FOURTH));
            assertThat(leader.take().membership().orElseThrow().index()).isEqualTo(index);
            follower.receive(
                    ONE, append(1, 2, 1, 0, List.of(leader.core.cached(index).orElseThrow())));

            assertThat(leader.core.commitIndex()).isLessThan(index);
            assertThat(inForce(leader).learner(FOUR)).contains(FOURTH);
            assertThat(follower.core.commitIndex()).isLessThan(index);
            assertThat(inForce(follower)).isEqualTo(inForce(leader));
        }

        /** R50: a truncation puts the membership before back in force, also if it was restored from the disk. */
        @Test
        void truncationUndoesAMembership() {
            Membership four = group(3).withLearner(FOURTH);
            RestoredState three = restored(3, 2, 0, 2, 2);
            CoreUnderTest one = new CoreUnderTest(
                    config(ONE),
                    new RestoredState(
                            three.hardState(),
                            List.of(new ConfigAt(1, group(3)), new ConfigAt(3, four)),
                            1,
                            3,
                            three.terms(),
                            1,
                            true));
            assertThat(inForce(one)).isEqualTo(four);

            one.receive(TWO, append(3, 2, 2, 0, entries(3, 3)));

            assertThat(inForce(one)).isEqualTo(group(3));
            assertThat(one.take().membership()).contains(new ConfigAt(1, group(3)));
        }

        /** R50: of several memberships that are cut at once the last one before the cut is in force. */
        @Test
        void truncationOfTwoMembershipsGoesBackBehindBoth() {
            Membership four = group(3).withLearner(FOURTH);
            Membership five = four.withLearner(new Member(new ReplicaId(5), new UUID(7, 5)));
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 2, 1, 0, List.of(configEntry(3, 1, four), configEntry(4, 1, five))));
            one.settle();

            one.receive(THREE, append(2, 2, 1, 0, List.of(entry(3, 2))));

            assertThat(inForce(one)).isEqualTo(group(3));
        }

        /** R37. */
        @Test
        void idOfARemovedReplicaIsNeverGivenAgain() {
            CoreUnderTest one = leaderWithLearner();
            change(one, new Remove(FOUR));
            one.settle();
            everybodyHasEverything(one);

            assertThat(refusal(one, new AddLearner(new Member(FOUR, new UUID(9, 9)))))
                    .isEqualTo(Reason.ID_RETIRED);
            assertThat(refusal(one, new AddLearner(FOURTH))).isEqualTo(Reason.ID_RETIRED);
        }

        /** R36. */
        @Test
        void idOrStoreOfAMemberIsNotGivenToAnother() {
            CoreUnderTest one = leaderWithLearner();

            assertThat(refusal(one, new AddLearner(new Member(TWO, new UUID(9, 9)))))
                    .isEqualTo(Reason.ID_TAKEN);
            assertThat(refusal(one, new AddLearner(new Member(new ReplicaId(5), new UUID(7, 2)))))
                    .isEqualTo(Reason.STORE_TAKEN);
        }

        @Test
        void onlyMembersArePromotedRemovedAndPrioritised() {
            CoreUnderTest one = leaderWithLearner();
            ReplicaId nobody = new ReplicaId(9);

            assertThat(refusal(one, new Promote(nobody))).isEqualTo(Reason.UNKNOWN_REPLICA);
            assertThat(refusal(one, new Remove(nobody))).isEqualTo(Reason.UNKNOWN_REPLICA);
            assertThat(refusal(one, new Prioritise(nobody, 200))).isEqualTo(Reason.UNKNOWN_REPLICA);
            assertThat(refusal(one, new Promote(TWO))).isEqualTo(Reason.ALREADY_VOTER);
        }

        @Test
        void followerSaysWhoLeads() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            assertThat(one.core.changeMembership(new AddLearner(FOURTH), one.now()))
                    .isEqualTo(new Decision.NotLeader(Optional.of(TWO)));
        }

        @Test
        void lastVoterStays() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 1, 0, 0);
            one.tickUntil(Role.CANDIDATE, 700);
            one.settle();

            assertThat(refusal(one, new Remove(ONE))).isEqualTo(Reason.LAST_VOTER);
        }

        /** Of {1, 2, 3} without 3 that answers, 2 can't be removed: {1, 3} could not even commit the removal. */
        @Test
        void removalThatLeavesNoMajorityWhichAnswersIsRefused() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.peerUnreachable(THREE);

            assertThat(refusal(one, new Remove(TWO))).isEqualTo(Reason.QUORUM_AT_RISK);

            change(one, new Remove(THREE));
        }

        /** D2: what a hollow voter lacks, the removed one may have had alone. */
        @Test
        void nobodyIsRemovedWhileAnotherVoterIsHollow() {
            CoreUnderTest one = leaderWithLearner();
            allComplete(one);
            completeFrom(one, THREE, 2);

            assertThat(refusal(one, new Remove(TWO))).isEqualTo(Reason.HOLLOW);

            change(one, new Remove(THREE));
        }

        /** Who is sent a snapshot will lack what lies below it, whatever it holds now. */
        @Test
        void nobodyIsRemovedWhileAnotherVoterIsSentASnapshot() {
            RestoredState trimmed = new RestoredState(
                    new HardState(4, Optional.empty()),
                    restored(3, 4, 0).configs(),
                    5,
                    8,
                    List.of(new TermStart(2, 4)),
                    6,
                    true);
            CoreUnderTest one = new CoreUnderTest(config(ONE), trimmed);
            one.core.peerReset(TWO, 12);
            one.core.peerReset(THREE, 13);
            one.elect(TWO);
            one.settle();
            one.reject(TWO, 12, 8, 0, 2);
            one.accept(THREE, 13, one.core.lastIndex());
            one.core.holds(5, 5);
            completeFrom(one, TWO, 1);
            completeFrom(one, THREE, 5);

            assertThat(refusal(one, new Remove(THREE))).isEqualTo(Reason.HOLLOW);
        }

        /** D2: nor by a hollow leader, which may remove only itself. */
        @Test
        void hollowLeaderRemovesNobodyElse() {
            CoreUnderTest one = leaderWithLearner();
            allComplete(one);
            one.core.holds(2, 1);

            assertThat(refusal(one, new Remove(TWO))).isEqualTo(Reason.HOLLOW);

            change(one, new Remove(ONE));
        }

        /** Nothing is begun by asking: not of another one's removal, nor of the leader's own. */
        @Test
        void whatIsOnlyJudgedChangesNothing() {
            CoreUnderTest one = leaderWithLearner();
            allComplete(one);
            long last = one.core.lastIndex();
            long term = one.core.term();
            Membership before = inForce(one);

            assertThat(judged(one, new Remove(ONE))).isEqualTo(new Decision.Allowed(before.without(ONE)));
            assertThat(judged(one, new Remove(TWO))).isEqualTo(new Decision.Allowed(before.without(TWO)));
            completeFrom(one, THREE, 2);
            assertThat(judgedRefusal(one, new Remove(ONE))).isEqualTo(Reason.HOLLOW);
            assertThat(judgedRefusal(one, new Remove(TWO))).isEqualTo(Reason.HOLLOW);
            assertThat(judgedRefusal(one, new Remove(new ReplicaId(9)))).isEqualTo(Reason.UNKNOWN_REPLICA);
            one.settle();

            assertThat(one.core.lastIndex()).isEqualTo(last);
            assertThat(one.core.term()).isEqualTo(term);
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            assertThat(one.core.handingOverTo()).isEmpty();
            assertThat(inForce(one)).isEqualTo(before);
        }

        /** The leader that is to be removed does not count among those that would be left. */
        @Test
        void removalOfTheLeaderIsJudgedAsByAnother() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.holds(1, 1);
            completeFrom(one, TWO, 1);
            assertThat(judgedRefusal(one, new Remove(ONE))).isEqualTo(Reason.NOT_HEARD_YET);
            completeFrom(one, THREE, 1);

            one.core.peerUnreachable(THREE);

            assertThat(judgedRefusal(one, new Remove(ONE))).isEqualTo(Reason.QUORUM_AT_RISK);
            assertThat(judgedRefusal(one, new Remove(TWO))).isEqualTo(Reason.QUORUM_AT_RISK);
            assertThat(judged(one, new Remove(THREE))).isInstanceOf(Decision.Allowed.class);
        }

        @Test
        void onlyTheLeaderJudges() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 1, 0, 1, entries(2, 1)));
            one.settle();

            assertThat(judged(one, new Remove(THREE))).isEqualTo(new Decision.NotLeader(Optional.of(TWO)));
        }

        /** A new leader doesn't know what the others hold before they said so. */
        @Test
        void nobodyIsRemovedBeforeTheOthersSaidWhatTheyHold() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.holds(1, 1);
            completeFrom(one, TWO, 1);

            assertThat(refusal(one, new Remove(TWO))).isEqualTo(Reason.NOT_HEARD_YET);

            completeFrom(one, THREE, 1);
            change(one, new Remove(TWO));
        }

        /** What was trimmed from everybody nobody lacks. */
        @Test
        void whoLacksOnlyWhatIsTrimmedIsComplete() {
            CoreUnderTest one = leaderWithLearner();
            allComplete(one);
            completeFrom(one, THREE, 2);

            one.core.holds(1, 2);

            change(one, new Remove(TWO));
        }

        @Test
        void membershipSurvivesItsEncoding() {
            Membership membership = group(3).withLearner(FOURTH)
                    .withPriority(TWO, 200)
                    .withPromoted(FOUR)
                    .without(ONE)
                    .withLearner(new Member(new ReplicaId(ReplicaId.MAX), new UUID(7, 5), "a:1", "client=b:2", 0))
                    .without(new ReplicaId(ReplicaId.MAX));

            assertThat(Membership.decode(membership.encode())).isEqualTo(membership);
            assertThat(membership.retired()).containsExactly(ONE, new ReplicaId(ReplicaId.MAX));
        }
    }

    @Nested
    class Learners {

        /** R51: four members, but two of the three voters still commit, and the learner is none of them. */
        @Test
        void learnerCountsForNoMajority() {
            CoreUnderTest one = leaderWithLearner();

            one.propose(10);
            one.settle();
            one.accept(FOUR, 14, one.core.lastIndex());
            assertThat(one.core.commitIndex()).isLessThan(one.core.lastIndex());
            one.accept(TWO, 12, one.core.lastIndex());

            assertThat(one.core.commitIndex()).isEqualTo(one.core.lastIndex());
        }

        /** Check-quorum: a learner's answers don't keep a leader without voters alive. */
        @Test
        void learnersAnswersAreNoMajority() {
            CoreUnderTest one = leaderWithLearner();

            for (int i = 0; i < 70; i++) {
                one.tickFor(10);
                one.answerHeartbeat(FOUR, 0);
            }

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }

        /** R44, R51. */
        @Test
        void learnersAnswerConfirmsNoRead() {
            CoreUnderTest one = leaderWithLearner();
            one.core.requestRead(5);
            one.take();
            long round = one.lastTo(FOUR, Heartbeat.class).readRound();

            one.answerHeartbeat(FOUR, round);
            one.take();
            assertThat(one.readsReady).isEmpty();
            one.answerHeartbeat(TWO, round);
            one.take();

            assertThat(one.readsReady).hasSize(1);
        }

        @Test
        void newLearnerGetsTheLog() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.peerReset(FOUR, 14);

            change(one, new AddLearner(FOURTH));
            one.settle();

            assertThat(one.lastTo(FOUR, AppendRequest.class).session()).isEqualTo(14);
        }

        /** R53: neither by silence, nor because a leader asks, nor because the leader died. */
        @Test
        void learnerNeverCampaigns() {
            CoreUnderTest four = new CoreUnderTest(config(FOUR), restored(3, 1, 0, 1));
            four.receive(ONE, append(1, 2, 1, 2, List.of(configEntry(3, 1, group(3).withLearner(FOURTH)))));
            four.settle();
            four.sent.clear();

            four.receive(ONE, new TimeoutNow(1));
            four.core.peerLost(ONE, four.now());
            four.tickFor(5_000);
            four.settle();

            assertThat(four.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(four.core.term()).isEqualTo(1);
            assertThat(four.sent).isEmpty();
        }

        /** Entry 1, which is older than itself, doesn't name a replica that was added; it follows all the same. */
        @Test
        void replicaThatIsNotNamedYetFollowsAndAcknowledges() {
            CoreUnderTest four = new CoreUnderTest(config(FOUR), restored(3, 0, 0));

            four.receive(ONE, append(1, 1, 0, 1, entries(2, 1)));
            four.settle();

            assertThat(four.lastTo(ONE, AppendResponse.class))
                    .isEqualTo(new AppendResponse(1, 77, false, 2, 0, 0, 1, false));
        }

        /** Promoted in an entry that it hasn't got: whoever asks knows that its vote counts (thesis 4.1). */
        @Test
        void replicaThatDoesNotKnowItIsAVoterVotes() {
            CoreUnderTest four = new CoreUnderTest(config(FOUR), restored(3, 1, 0, 1));

            four.receive(TWO, vote(2, 3, 1));
            four.settle();

            assertThat(four.sentTo(TWO)).containsExactly(new VoteResponse(2, true, false, Refusal.NONE));
        }

        /** The other side of it: a leader and a candidate that joined behind the end of our log. */
        @Test
        void followerFollowsAndVotesForWhomItDoesNotKnowYet() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);

            one.receive(FOUR, vote(2, 3, 1));
            one.settle();
            one.receive(FOUR, append(2, 2, 1, 0, entries(3, 1, 2)));
            one.settle();

            assertThat(one.sentTo(FOUR, VoteResponse.class)).allMatch(VoteResponse::granted);
            assertThat(one.core.leader()).contains(FOUR);
            assertThat(one.core.lastIndex()).isEqualTo(4);
        }

        /** R51. */
        @Test
        void learnerThatLagsIsNotPromoted() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.peerReset(FOUR, 14);
            change(one, new AddLearner(FOURTH));
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());

            assertThat(refusal(one, new Promote(FOUR))).isEqualTo(Reason.NOT_CAUGHT_UP);
            one.reject(FOUR, 14, one.core.lastIndex(), 0, 1);
            one.settle();
            one.accept(FOUR, 14, one.core.lastIndex());

            change(one, new Promote(FOUR));
        }

        /** R51: close enough in entries, but not what was there a second ago and more. */
        @Test
        void learnerThatStandsStillIsNotPromoted() {
            CoreUnderTest one = leaderWithLearner();
            one.propose(10);
            for (int i = 0; i < 300; i++) {
                one.tickFor(10);
                one.settle();
                one.accept(TWO, 12, one.core.lastIndex());
                one.answerHeartbeat(FOUR, 0);
            }

            assertThat(refusal(one, new Promote(FOUR))).isEqualTo(Reason.NOT_CAUGHT_UP);
        }

        /** What operators see is what the rules go by. */
        @Test
        void statusTellsWhoIsSilentAndForHowLong() {
            CoreUnderTest one = leaderWithLearner();
            assertThat(one.core.peers()).noneMatch(PeerStatus::silent);

            tickAndAnswer(one, 1_000, 1);

            for (PeerStatus peer : one.core.peers()) {
                assertThat(peer.silent())
                        .as("replica %s", peer.id())
                        .isEqualTo(peer.id().equals(FOUR));
                assertThat(peer.silentNanos())
                        .isEqualTo(peer.id().equals(FOUR) ? TimeUnit.MILLISECONDS.toNanos(1_000) : 0);
            }
            assertThat(refusal(one, new Promote(FOUR))).isEqualTo(Reason.UNREACHABLE);

            completeFrom(one, FOUR, 1);
            assertThat(one.core.peers()).noneMatch(PeerStatus::silent);

            one.core.peerUnreachable(FOUR);
            assertThat(one.core.peers())
                    .filteredOn(PeerStatus::silent)
                    .extracting(PeerStatus::id)
                    .containsExactly(FOUR);
        }

        /** For how long somebody was silent before this leader led it cannot know. */
        @Test
        void statusTellsWhoNeverAnsweredThisLeader() {
            CoreUnderTest one = CoreUnderTest.leaderOfThree();
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());

            assertThat(one.core.peers())
                    .filteredOn(PeerStatus::answered)
                    .extracting(PeerStatus::id)
                    .containsExactly(TWO);

            one.answerHeartbeat(THREE, 0);
            assertThat(one.core.peers()).allMatch(PeerStatus::answered);
        }

        @Test
        void learnerThatIsSilentOrHollowIsNotPromoted() {
            CoreUnderTest one = leaderWithLearner();

            allComplete(one);
            completeFrom(one, FOUR, 2);
            assertThat(refusal(one, new Promote(FOUR))).isEqualTo(Reason.HOLLOW);
            completeFrom(one, FOUR, 1);
            one.core.peerUnreachable(FOUR);
            assertThat(refusal(one, new Promote(FOUR))).isEqualTo(Reason.UNREACHABLE);
        }

        @Test
        void promotedReplicaCounts() {
            CoreUnderTest one = leaderWithLearner();

            long index = change(one, new Promote(FOUR));
            one.settle();
            one.accept(TWO, 12, index);
            assertThat(one.core.commitIndex()).isLessThan(index);
            one.accept(FOUR, 14, index);

            assertThat(one.core.commitIndex()).isEqualTo(index);
        }
    }

    @Nested
    class Removals {

        /** R46: two of three had not answered; of two, one is enough beside the leader. */
        @Test
        void waitingReadsAreJudgedAgainWhenTheQuorumShrinks() {
            CoreUnderTest one = leaderWithLearner();
            change(one, new Promote(FOUR));
            one.settle();
            everybodyHasEverything(one);
            one.core.requestRead(5);
            one.take();
            one.answerHeartbeat(TWO, one.lastTo(TWO, Heartbeat.class).readRound());
            one.take();
            assertThat(one.readsReady).isEmpty();

            change(one, new Remove(FOUR));
            one.take();

            assertThat(one.readsReady).hasSize(1);
        }

        /** R52: its own copy doesn't count for its removal; once that is committed it hands over and leaves. */
        @Test
        void removedLeaderCommitsWithoutItselfThenHandsOverAndLeaves() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            long index = change(one, new Remove(ONE));
            one.settle();
            one.accept(TWO, 12, index);
            assertThat(one.core.commitIndex()).isLessThan(index);
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            one.accept(THREE, 13, index);
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(index);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.lastTo(TWO, Heartbeat.class).commitIndex()).isEqualTo(index);
            assertThat(one.sentTo(TWO, TimeoutNow.class)).containsExactly(new TimeoutNow(1));
            assertThat(one.sentTo(THREE, TimeoutNow.class)).isEmpty();
            one.sent.clear();
            one.tickFor(5_000);
            assertThat(one.sent).isEmpty();
        }

        /** R52, found by simulation: without it {1, 2} hangs when only 1 holds the entry that removes 1. */
        @Test
        void replicaWhoseOwnRemovalIsNotCommittedLeadsWithoutItsOwnVoteToCommitIt() {
            RestoredState state = new RestoredState(
                    new HardState(1, Optional.empty()),
                    List.of(new ConfigAt(1, group(2)), new ConfigAt(3, group(2).without(ONE))),
                    1,
                    3,
                    restored(2, 1, 0, 1, 1).terms(),
                    2,
                    true);
            CoreUnderTest one = new CoreUnderTest(config(ONE), state);
            one.core.peerReset(TWO, 12);

            one.tickUntil(Role.PRE_CANDIDATE, 700);
            assertThat(one.core.term()).isEqualTo(1);
            one.elect(TWO);
            one.settle();
            assertThat(one.core.commitIndex()).isEqualTo(2);
            one.accept(TWO, 12, one.core.lastIndex());
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(4);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.sentTo(TWO, TimeoutNow.class)).hasSize(1);
        }

        /** R52, found by simulation (2002200): the same after a start that knows of nothing that it is committed. */
        @ParameterizedTest
        @ValueSource(longs = {0, 1, 2})
        void replicaThatForgotWhatIsCommittedLeadsToCommitItsOwnRemoval(long applied) {
            RestoredState state = new RestoredState(
                    new HardState(1, Optional.empty()),
                    List.of(
                            new ConfigAt(1, new Membership(new UUID(1, 1), List.of(new Member(TWO, new UUID(7, 2))))),
                            new ConfigAt(3, group(2)),
                            new ConfigAt(5, group(2).without(ONE))),
                    1,
                    5,
                    restored(2, 1, 0, 1, 1, 1, 1).terms(),
                    applied,
                    true);
            CoreUnderTest one = new CoreUnderTest(config(ONE), state);
            one.core.peerReset(TWO, 12);

            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.elect(TWO);
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(6);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }

        /** What came behind its removal it could not see through. */
        @Test
        void leaderThatRemovesItselfTakesNoProposals() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            change(one, new Remove(ONE));

            assertThat(one.propose(10)).isInstanceOf(Proposed.NotLeader.class);
        }

        /** R12: it still gets the news of its removal, then nothing; it is no voter any more, so it stays quiet. */
        @Test
        void removedReplicaHearsOfItAndNeverCampaigns() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 1, 0, 1);

            long index = change(one, new Remove(THREE));
            one.settle();
            three.receive(ONE, one.lastTo(THREE, AppendRequest.class));
            three.settle();
            one.accept(TWO, 12, index);
            one.accept(THREE, 13, index);
            one.settle();
            assertThat(one.lastTo(THREE, Heartbeat.class).commitIndex()).isEqualTo(index);
            three.receive(ONE, one.lastTo(THREE, Heartbeat.class));
            three.settle();
            one.sent.clear();
            for (int i = 0; i < 100; i++) {
                one.tickFor(10);
                one.answerHeartbeat(TWO, 0);
            }
            one.sent.clear();
            one.tickFor(100);
            three.sent.clear();
            three.tickFor(5_000);

            assertThat(one.sentTo(THREE)).isEmpty();
            assertThat(one.sentTo(TWO)).isNotEmpty();
            assertThat(three.sent).isEmpty();
            assertThat(three.core.term()).isEqualTo(1);
        }

        /** R12: one that missed its removal asks on, and is told. */
        @Test
        void replicaWhoseRemovalIsCommittedGetsNoVote() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 2, 1, 3, List.of(configEntry(3, 1, group(3).without(THREE)))));
            one.settle();
            one.tickFor(290);
            one.sent.clear();

            one.receive(THREE, preVote(7, 9, 6));
            one.receive(THREE, vote(7, 9, 6));
            one.settle();

            assertThat(one.core.term()).isEqualTo(1);
            assertThat(one.sentTo(THREE, VoteResponse.class))
                    .extracting(VoteResponse::refusal)
                    .containsExactly(Refusal.UNKNOWN_MEMBER, Refusal.UNKNOWN_MEMBER);
        }

        /** Until the removal is committed it may be undone, and then the group may need this very candidate. */
        @Test
        void replicaWhoseRemovalIsNotCommittedMayStillGetAVote() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 2, 1, 0, List.of(configEntry(3, 1, group(3).without(THREE)))));
            one.settle();
            one.sleepFor(100);
            one.tickFor(300);
            one.sent.clear();

            one.receive(THREE, vote(7, 3, 6));
            one.settle();

            assertThat(one.lastTo(THREE, VoteResponse.class).granted()).isTrue();
        }

        @Test
        void candidateAsksVotersOnly() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 2, 1, 3, List.of(configEntry(3, 1, group(3).withLearner(FOURTH)))));
            one.settle();
            one.sent.clear();

            one.tickUntil(Role.PRE_CANDIDATE, 700);

            assertThat(one.sentTo(TWO, VoteRequest.class)).hasSize(1);
            assertThat(one.sentTo(THREE, VoteRequest.class)).hasSize(1);
            assertThat(one.sentTo(FOUR)).isEmpty();
        }
    }

    /** The trace of the single-server bug (raft-dev, 2015), with the rule that ends it (R49). */
    @Test
    void singleServerBugEndsAtTheNewLeadersFirstChange() {
        Membership withFive =
                new Membership(new UUID(1, 1), fourVoters()).withLearner(new Member(new ReplicaId(5), new UUID(7, 5)));
        // Leader 1 of term 1 adds 5 in an entry that only it has, and is cut off. 2 is elected by 3 and 4.
        RestoredState state = new RestoredState(
                new HardState(1, Optional.empty()),
                List.of(new ConfigAt(1, new Membership(withFive.groupUuid(), fourVoters()))),
                1,
                2,
                restored(3, 1, 0, 1).terms(),
                1,
                true);
        CoreUnderTest two = new CoreUnderTest(config(TWO), state);
        two.core.peerReset(THREE, 13);
        two.core.peerReset(FOUR, 14);
        two.elect(THREE, FOUR);
        two.settle();

        // The bug: it removes 1 at once, and {2, 3} of {2, 3, 4} commit that; then 1 returns, and with 5 and 4 as {1,
        // 4,
        // 5} of {1, 2, 3, 4, 5} commits its own change. With the rule, 2 must first commit an entry of its term, which
        // needs three of {1, 2, 3, 4}: after that, neither 1 nor anyone without that entry is elected.
        assertThat(refusal(two, new Remove(ONE))).isEqualTo(Reason.TERM_NOT_OPEN);
        two.accept(THREE, 13, two.core.lastIndex());
        assertThat(refusal(two, new Remove(ONE))).isEqualTo(Reason.TERM_NOT_OPEN);
        two.accept(FOUR, 14, two.core.lastIndex());

        change(two, new Remove(ONE));
    }

    private static List<Member> fourVoters() {
        List<Member> members = new ArrayList<>(group(3).voters());
        members.add(FOURTH);
        return members;
    }

    @Nested
    class Transfers {

        private Reason refusal(CoreUnderTest one, ReplicaId target) {
            Decision decision = one.core.transferLeadership(Optional.of(target), one.now());
            assertThat(decision).isInstanceOf(Decision.Refused.class);
            assertThat(one.core.handingOverTo()).isEmpty();
            return ((Decision.Refused) decision).why().reason();
        }

        @Test
        void targetThatHasEverythingIsAskedAtOnce() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            assertThat(one.core.transferLeadership(Optional.of(THREE), one.now()))
                    .isEqualTo(new Decision.HandingOver(THREE));
            one.take();

            assertThat(one.sentTo(THREE, TimeoutNow.class)).containsExactly(new TimeoutNow(1));
            assertThat(one.sentTo(TWO, TimeoutNow.class)).isEmpty();
        }

        /** R13: asked too early it would lose the election, and the group its leader. */
        @Test
        void targetIsAskedOnceItHasTheWholeLog() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.core.transferLeadership(Optional.of(TWO), one.now());
            one.settle();
            assertThat(one.sentTo(TWO, TimeoutNow.class)).isEmpty();

            one.accept(TWO, 12, one.core.lastIndex());
            one.accept(TWO, 12, one.core.lastIndex());
            one.take();

            assertThat(one.sentTo(TWO, TimeoutNow.class)).hasSize(1);
        }

        /** R13. */
        @Test
        void leaderTakesNoProposalsMeanwhileAndGoesOnAfterTheDeadline() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.transferLeadership(Optional.of(TWO), one.now());
            assertThat(one.propose(10)).isEqualTo(new Proposed.NotLeader(Optional.empty()));
            one.tickFor(200);
            assertThat(one.core.handingOverTo()).contains(TWO);

            one.answerHeartbeat(TWO, 0);
            one.answerHeartbeat(THREE, 0);
            one.tickFor(110);

            assertThat(one.core.handingOverTo()).isEmpty();
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            assertThat(one.propose(10)).isInstanceOf(Proposed.Accepted.class);
        }

        /** The request may be lost. */
        @Test
        void targetIsAskedAgainWithEachHeartbeat() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.transferLeadership(Optional.of(TWO), one.now());
            one.tickFor(120);

            assertThat(one.sentTo(TWO, TimeoutNow.class)).hasSizeBetween(3, 4);
        }

        @Test
        void leaderVotesForItsTarget() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.transferLeadership(Optional.of(TWO), one.now());

            one.receive(TWO, new VoteRequest(2, one.core.lastIndex(), 1, false, true, false, false));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.handingOverTo()).isEmpty();
            assertThat(one.lastTo(TWO, VoteResponse.class).granted()).isTrue();
        }

        /** R13: a target that can't begin at once would leave the group without a leader. */
        @Test
        void unfitTargetIsRefused() {
            CoreUnderTest one = leaderWithLearner();

            assertThat(refusal(one, FOUR)).isEqualTo(Reason.NOT_A_VOTER);
            assertThat(refusal(one, ONE)).isEqualTo(Reason.ALREADY_LEADER);
            assertThat(refusal(one, new ReplicaId(9))).isEqualTo(Reason.UNKNOWN_REPLICA);
            allComplete(one);
            completeFrom(one, TWO, 2);
            assertThat(refusal(one, TWO)).isEqualTo(Reason.HOLLOW);
            completeFrom(one, TWO, 1);
            one.receive(TWO, new AppendResponse(1, 12, false, one.core.lastIndex(), 0, 0, 0, true));
            assertThat(refusal(one, TWO)).isEqualTo(Reason.DISK_SLOW);
            one.core.peerUnreachable(THREE);
            assertThat(refusal(one, THREE)).isEqualTo(Reason.UNREACHABLE);
            assertThat(one.core.transferLeadership(Optional.empty(), one.now()))
                    .isInstanceOfSatisfying(
                            Decision.Refused.class,
                            refused -> assertThat(refused.why().reason()).isEqualTo(Reason.NO_SUCCESSOR));
        }

        @Test
        void nothingChangesWhileLeadershipIsHandedOver() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.transferLeadership(Optional.of(TWO), one.now());

            assertThat(MembershipTest.refusal(one, new AddLearner(FOURTH))).isEqualTo(Reason.TRANSFER_UNDER_WAY);
            Decision again = one.core.transferLeadership(Optional.of(THREE), one.now());
            assertThat(again).isInstanceOf(Decision.Refused.class);
            assertThat(one.core.handingOverTo()).contains(TWO);
        }

        @Test
        void withoutATargetTheFittestIsChosen() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.settle();
            one.accept(THREE, 13, one.core.lastIndex());

            assertThat(one.core.transferLeadership(Optional.empty(), one.now()))
                    .isEqualTo(new Decision.HandingOver(THREE));
        }

        @Test
        void withoutATargetPriorityComesFirst() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            change(one, new Prioritise(TWO, 101));
            one.settle();
            one.accept(THREE, 13, one.core.lastIndex());

            assertThat(one.core.transferLeadership(Optional.empty(), one.now()))
                    .isEqualTo(new Decision.HandingOver(TWO));
        }
    }

    /** D2: a hollow voter campaigns only if no complete one can. */
    @Nested
    class Hollow {

        private static VoteRequest preVoteOf(CoreUnderTest hollow) {
            hollow.core.holds(2, 1);
            hollow.tickUntil(Role.PRE_CANDIDATE, 700);
            return hollow.lastTo(THREE, VoteRequest.class);
        }

        @Test
        void completeVoterCampaignsInPlaceOfAHollowOne() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 1, 0, 1);
            three.core.holds(1, 1);
            VoteRequest request = preVoteOf(one);

            three.receive(ONE, request);
            three.settle();

            assertThat(request.hollow()).isTrue();
            assertThat(three.lastTo(ONE, VoteResponse.class).granted()).isFalse();
            assertThat(three.core.role()).isEqualTo(Role.PRE_CANDIDATE);
        }

        @Test
        void voterThatIsHollowItselfOrHasLessGrants() {
            VoteRequest request = preVoteOf(CoreUnderTest.of(ONE, 3, 1, 0, 1, 1));
            CoreUnderTest shorter = CoreUnderTest.of(THREE, 3, 1, 0, 1);
            shorter.core.holds(1, 1);
            CoreUnderTest hollow = CoreUnderTest.of(THREE, 3, 1, 0, 1, 1);
            hollow.core.holds(2, 1);

            for (CoreUnderTest voter : List.of(shorter, hollow)) {
                voter.receive(ONE, request);
                voter.settle();

                assertThat(voter.lastTo(ONE, VoteResponse.class).granted()).isTrue();
            }
        }

        /** R10: the complete one may not reach a majority. */
        @Test
        void hollowVoterStopsAskingOthersToGoFirst() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            preVoteOf(one);

            one.tickFor(2_000);

            assertThat(one.lastTo(THREE, VoteRequest.class).hollow()).isFalse();
        }

        @Test
        void hollowLeaderHandsOverToACompleteVoter() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.holds(2, 1);

            tickAndAnswer(one, 1_500, 1);

            assertThat(one.sentTo(TWO, TimeoutNow.class)).isNotEmpty();
        }
    }

    @Nested
    class Priorities {

        @Test
        void leadershipGoesToTheHighestPriorityOnceItHasCaughtUp() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            change(one, new Prioritise(THREE, 101));
            one.settle();
            one.accept(TWO, 12, one.core.lastIndex());
            one.core.peerUnreachable(THREE);
            tickAndAnswer(one, 3_000, 1);
            assertThat(one.core.handingOverTo()).isEmpty();

            one.core.peerReset(THREE, 14);
            one.settle();
            one.accept(THREE, 14, one.core.lastIndex());
            tickAndAnswer(one, 700, 1);

            assertThat(one.lastTo(THREE, TimeoutNow.class)).isNotNull();
            assertThat(one.sentTo(TWO, TimeoutNow.class)).isEmpty();
        }

        @Test
        void leadershipStaysWherePrioritiesAreEqual() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            tickAndAnswer(one, 5_000, 1);

            assertThat(one.sentTo(TWO, TimeoutNow.class)).isEmpty();
            assertThat(one.sentTo(THREE, TimeoutNow.class)).isEmpty();
        }

        private static CoreUnderTest follower(Membership membership) {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0, 1);
            one.receive(TWO, append(1, 2, 1, 3, List.of(configEntry(3, 1, membership))));
            one.settle();
            one.sent.clear();
            return one;
        }

        /** One election timeout more, and not a veto: then it campaigns. */
        @Test
        void lowerPriorityWaitsAnElectionTimeoutMore() {
            CoreUnderTest one = follower(group(3).withPriority(THREE, 101));
            one.receive(TWO, new Heartbeat(1, 3, 0, 0));
            one.take();
            one.sent.clear();

            one.tickFor(590);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);

            one.tickUntil(Role.PRE_CANDIDATE, 400);
        }

        /** The silent leader's own priority holds nobody back. */
        @Test
        void priorityOfTheSilentLeaderDoesNotCount() {
            CoreUnderTest one = follower(group(3).withPriority(TWO, 101));
            one.receive(TWO, new Heartbeat(1, 3, 0, 0));

            one.tickUntil(Role.PRE_CANDIDATE, 600);
        }

        /** The forget-leader fast path goes by priority, then by id. */
        @Test
        void survivorWithTheHighestPriorityAsksFirst() {
            CoreUnderTest behind = follower(group(3).withPriority(THREE, 101));
            CoreUnderTest ahead = follower(group(3).withPriority(ONE, 101));

            behind.core.peerLost(TWO, behind.now());
            ahead.core.peerLost(TWO, ahead.now());

            assertThat(behind.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(ahead.core.role()).isEqualTo(Role.PRE_CANDIDATE);
            behind.tickUntil(Role.PRE_CANDIDATE, 60);
        }
    }
}
