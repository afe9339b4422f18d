package io.argosy.raft.core;

import static io.argosy.raft.core.CoreUnderTest.MILLI;
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
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.LeaderResigned;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.SnapshotOffer;
import io.argosy.raft.core.Message.TimeoutNow;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RaftCore.Proposed;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One test per rule of the Raft paper and of docs/raft-rules.md that the core answers for. */
class RaftPaperTest {

    @Nested
    class Elections {

        @Test
        void silenceOfAnElectionTimeoutStartsAPreVoteThatChangesNoTerm() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);

            one.tickFor(290);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            one.tickUntil(Role.PRE_CANDIDATE, 320);

            assertThat(one.core.term()).isEqualTo(4);
            assertThat(one.pending).isEmpty();
            assertThat(one.sentTo(TWO)).containsExactly(new VoteRequest(5, 2, 4, true, false, false, false));
        }

        /** R1. */
        @Test
        void voteRequestsLeaveOnlyOnceTheOwnVoteIsDurable() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.sent.clear();

            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            Effects effects = one.take();

            assertThat(effects.sendNow()).isEmpty();
            Persist persist = effects.persist().orElseThrow();
            assertThat(persist.hardState()).contains(new HardState(5, Optional.of(ONE)));
            assertThat(persist.sendAfterDurable()).hasSize(2);
        }

        /** R1: the own vote, too, counts only once it is durable. */
        @Test
        void candidateDoesNotLeadBeforeItsOwnVoteIsDurable() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 1, 0, 0);

            one.tickUntil(Role.CANDIDATE, 700);
            assertThat(one.pending).hasSize(1);
            one.persistOne();

            assertThat(one.core.role()).isEqualTo(Role.LEADER);
        }

        /** R1. */
        @Test
        void voteGrantLeavesOnlyOnceItIsDurable() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);

            one.receive(TWO, vote(5, 2, 4));
            one.take();
            assertThat(one.sent).isEmpty();
            Persist persist = one.persistOne();

            assertThat(persist.hardState()).contains(new HardState(5, Optional.of(TWO)));
            assertThat(one.sentTo(TWO)).containsExactly(new VoteResponse(5, true, false, Refusal.NONE));
        }

        /** R1: docs/raft-rules.md, what may leave when. */
        @Test
        void refusalWithANewlyAdoptedTermWaitsForTheDisk() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);

            one.receive(TWO, vote(9, 1, 0));
            one.take();
            assertThat(one.sent).isEmpty();
            one.persistOne();

            assertThat(one.sentTo(TWO)).containsExactly(new VoteResponse(9, false, false, Refusal.LOG_BEHIND));
        }

        @Test
        void secondCandidateOfATermIsRefused() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.receive(TWO, vote(5, 2, 4));
            one.settle();

            one.receive(THREE, vote(5, 9, 4));
            one.settle();

            assertThat(one.sentTo(THREE)).containsExactly(new VoteResponse(5, false, false, Refusal.ALREADY_VOTED));
        }

        /** R6. */
        @Test
        void sameCandidateIsGrantedAgain() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.receive(TWO, vote(5, 2, 4));
            one.settle();

            one.receive(TWO, vote(5, 2, 4));
            one.settle();

            assertThat(one.sentTo(TWO, VoteResponse.class)).hasSize(2).allMatch(VoteResponse::granted);
        }

        /** Raft paper, 5.5: a request or its answer may be lost, and this vote be needed. */
        @Test
        void candidateAsksAgainWhoHasNotAnswered() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(THREE, new VoteResponse(4, false, true, Refusal.LEADER_ALIVE));
            one.tickFor(50);
            assertThat(one.sentTo(TWO, VoteRequest.class)).hasSize(2).allMatch(VoteRequest::preVote);
            assertThat(one.sentTo(THREE, VoteRequest.class)).hasSize(1);

            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.take();
            one.sent.clear();
            one.tickFor(100);
            assertThat(one.sent).as("the own vote is not durable").isEmpty();
            one.settle();
            one.tickFor(50);

            assertThat(one.sentTo(TWO, VoteRequest.class))
                    .hasSize(2)
                    .allMatch(request -> request.equals(vote(5, 2, 4)));
        }

        @Test
        void lateAnswerToAnEarlierRoundDoesNotKeepItsVoterFromBeingAskedAgain() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(THREE, new VoteResponse(5, true, true, Refusal.NONE));
            one.settle();
            one.tickUntil(Role.PRE_CANDIDATE, 1_500);

            one.sent.clear();
            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.tickFor(50);
            assertThat(one.sentTo(TWO, VoteRequest.class)).contains(preVote(6, 2, 4));

            one.receive(THREE, new VoteResponse(6, true, true, Refusal.NONE));
            one.settle();
            one.sent.clear();
            one.receive(TWO, new VoteResponse(5, false, false, Refusal.ALREADY_VOTED));
            one.tickFor(50);
            assertThat(one.sentTo(TWO, VoteRequest.class)).contains(vote(6, 2, 4));
        }

        /** R7. */
        @Test
        void higherTermInAnAnswerIsNeverAGrant() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.settle();

            one.receive(TWO, new VoteResponse(6, false, false, Refusal.LOG_BEHIND));

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.term()).isEqualTo(6);
        }

        /** R7: nor is a grant that belongs to another term, or to a pre-vote. */
        @Test
        void grantOfAnotherRoundDoesNotCount() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.settle();

            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.receive(TWO, new VoteResponse(4, true, false, Refusal.NONE));

            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
        }

        /** R8. */
        @Test
        void higherTermIsAdoptedEvenIfTheVoteIsRefusedForAStaleLog() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4, 4);

            one.receive(TWO, vote(9, 2, 4));
            one.settle();

            assertThat(one.core.term()).isEqualTo(9);
            assertThat(one.sentTo(TWO)).containsExactly(new VoteResponse(9, false, false, Refusal.LOG_BEHIND));
        }

        /** Raft paper, section 5.4.1: the later last term wins, then the longer log. */
        @ParameterizedTest
        @CsvSource({"3,4,true", "4,4,true", "2,4,false", "9,3,false", "1,5,true"})
        void voteGoesOnlyToALogAtLeastAsUpToDate(long lastIndex, long lastTerm, boolean granted) {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 5, 0, 4, 4);

            one.receive(TWO, preVote(6, lastIndex, lastTerm));
            one.receive(TWO, vote(6, lastIndex, lastTerm));
            one.settle();

            assertThat(one.sentTo(TWO, VoteResponse.class)).hasSize(2).allMatch(r -> r.granted() == granted);
        }

        /** R12, thesis 4.2.3. */
        @Test
        void voterThatHearsALeaderRefusesAndKeepsItsTerm() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.receive(THREE, preVote(5, 9, 4));
            one.receive(THREE, vote(9, 9, 4));
            one.settle();

            assertThat(one.core.term()).isEqualTo(4);
            assertThat(one.sentTo(THREE))
                    .containsExactly(
                            new VoteResponse(4, false, true, Refusal.LEADER_ALIVE),
                            new VoteResponse(4, false, false, Refusal.LEADER_ALIVE));
        }

        /** R12. */
        @Test
        void leaderThatHasItsQuorumIsNotDeposedByAVoteRequest() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.receive(THREE, vote(50, 99, 49));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            assertThat(one.lastTo(THREE, VoteResponse.class).refusal()).isEqualTo(Refusal.LEADER_ALIVE);
        }

        /** R13: a candidate whom the leader asked to campaign is not held back by stickiness. */
        @Test
        void transferOverridesStickiness() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.receive(THREE, new VoteRequest(5, 2, 4, false, true, false, false));
            one.settle();

            assertThat(one.lastTo(THREE, VoteResponse.class).granted()).isTrue();
        }

        /** R13, thesis 3.10. */
        @Test
        void followerCampaignsAtOnceWhenItsLeaderAsks() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.receive(THREE, new TimeoutNow(4));
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            one.receive(TWO, new TimeoutNow(4));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
            assertThat(one.lastTo(THREE, VoteRequest.class))
                    .isEqualTo(new VoteRequest(5, 2, 4, false, true, false, false));
        }

        /** R9. */
        @Test
        void leaderOfALowerTermIsToldTheHigherOne() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 7, 0, 4);

            one.receive(TWO, append(4, 2, 4, 2, List.of()));
            one.receive(TWO, new Heartbeat(4, 0, 3, 77));
            one.settle();

            assertThat(one.lastTo(TWO, AppendResponse.class).term()).isEqualTo(7);
            assertThat(one.lastTo(TWO, AppendResponse.class).rejected()).isTrue();
            assertThat(one.lastTo(TWO, HeartbeatResponse.class).term()).isEqualTo(7);
            assertThat(one.lastTo(TWO, HeartbeatResponse.class).readRound()).isZero();
        }

        /** R9. */
        @Test
        void leaderStepsDownWhenItHearsOfAHigherTerm() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.receive(TWO, new HeartbeatResponse(8, 0, 0, 0, 0, false, 1));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.term()).isEqualTo(8);
            assertThat(one.propose(1)).isEqualTo(new Proposed.NotLeader(Optional.empty()));
        }

        @Test
        void leaderThatHearsNoMajorityForAnElectionTimeoutStepsDown() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.tickFor(590);
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            one.tickFor(20);

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.leader()).isEmpty();
        }

        @Test
        void leaderThatHearsAMajorityStays() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            for (int i = 0; i < 20; i++) {
                one.tickFor(100);
                one.answerHeartbeat(THREE, 0);
            }

            assertThat(one.core.role()).isEqualTo(Role.LEADER);
        }

        @Test
        void candidateFollowsTheLeaderOfItsTerm() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(5, true, true, Refusal.NONE));
            one.settle();

            one.receive(THREE, new Heartbeat(5, 0, 0, 0));

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.leader()).contains(THREE);
        }

        /** Raft paper, figure 3: election safety. */
        @Test
        void twoLeadersInOneTermStopTheReplica() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            assertThatThrownBy(() -> one.receive(THREE, new Heartbeat(4, 0, 0, 0)))
                    .isInstanceOf(InvariantViolation.class)
                    .hasMessageContaining("two leaders in term 4");
        }

        /** R48. */
        @Test
        void ownPauseIsNotSilenceOfTheLeader() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.sleepFor(5_000);
            one.tickFor(10);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.leader()).contains(TWO);

            one.tickUntil(Role.PRE_CANDIDATE, 700);
        }
    }

    /** Docs/raft-rules.md, the forget-leader fast path. */
    @Nested
    class LostLeaders {

        @Test
        void firstSurvivorAsksAtOnceWhenTheLeaderDied() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.core.peerLost(TWO, one.now());
            one.take();

            assertThat(one.sentTo(THREE)).containsExactly(new VoteRequest(5, 2, 4, true, false, true, false));
        }

        @Test
        void nextSurvivorGivesTheFirstAHeadStart() {
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 4, 0, 4).following(4);

            three.core.peerLost(TWO, three.now());
            assertThat(three.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(three.core.leader()).isEmpty();

            three.tickUntil(Role.PRE_CANDIDATE, 40);
        }

        @Test
        void deathOfAReplicaThatDoesNotLeadChangesNothing() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.core.peerLost(THREE, one.now());

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.leader()).contains(TWO);
        }

        @Test
        void voterThatHasNotSeenTheLossRefusesAndGrantsTheRetryMomentsLater() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 4, 0, 4).following(4);

            one.core.peerLost(TWO, one.now());
            one.take();
            three.receive(ONE, one.lastTo(THREE, VoteRequest.class));
            three.take();
            assertThat(three.lastTo(ONE, VoteResponse.class).refusal()).isEqualTo(Refusal.LEADER_ALIVE);
            one.receive(THREE, three.lastTo(ONE, VoteResponse.class));
            three.core.peerLost(TWO, three.now());
            one.sent.clear();
            one.tickFor(20);
            three.receive(ONE, one.lastTo(THREE, VoteRequest.class));
            three.take();
            one.receive(THREE, three.lastTo(ONE, VoteResponse.class));

            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
        }

        @Test
        void voterThatStillHearsTheLeaderDoesNotHelpOneThatLostIt() {
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 4, 0, 4).following(4);

            three.tickFor(100);
            three.receive(ONE, new VoteRequest(5, 9, 4, true, false, true, false));
            three.settle();

            assertThat(three.lastTo(ONE, VoteResponse.class).refusal()).isEqualTo(Refusal.LEADER_ALIVE);
        }

        @Test
        void survivorWithTheLongerLogDoesNotWaitForTheOtherToGiveUp() {
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 4, 0, 4, 4).following(4);
            three.core.peerLost(TWO, three.now());

            three.receive(ONE, new VoteRequest(5, 2, 4, true, false, true, false));
            three.take();

            assertThat(three.lastTo(ONE, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);
            assertThat(three.lastTo(ONE, VoteRequest.class).preVote()).isTrue();
        }

        @Test
        void ofTwoThatAskEachOtherAtOnceTheLaterInOrderStepsBackAndTheVoteIsNotSplit() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);
            CoreUnderTest three = CoreUnderTest.of(THREE, 3, 4, 0, 4).following(4);
            three.core.peerLost(TWO, three.now());
            three.tickUntil(Role.PRE_CANDIDATE, 40);
            three.take();
            one.core.peerLost(TWO, one.now());
            one.take();
            VoteRequest ofThree = three.lastTo(ONE, VoteRequest.class);
            VoteRequest ofOne = one.lastTo(THREE, VoteRequest.class);

            one.receive(THREE, ofThree);
            three.receive(ONE, ofOne);
            one.take();
            three.take();
            three.receive(ONE, one.lastTo(THREE, VoteResponse.class));
            one.receive(THREE, three.lastTo(ONE, VoteResponse.class));

            assertThat(three.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(three.core.term()).isEqualTo(4);
            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
        }

        @Test
        void followersOfALeaderThatResignsDoNotWait() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);

            one.receive(THREE, new LeaderResigned(4));
            assertThat(one.core.leader()).contains(TWO);
            one.receive(TWO, new LeaderResigned(4));
            one.take();

            assertThat(one.core.role()).isEqualTo(Role.PRE_CANDIDATE);
        }

        @Test
        void leaderThatResignsSaysSoAndLetsOthersGoFirst() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.resign();
            one.take();

            assertThat(one.lastTo(TWO, LeaderResigned.class)).isEqualTo(new LeaderResigned(1));
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            one.tickFor(850);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }
    }

    @Nested
    class Replication {

        /** R15. */
        @Test
        void newLeaderAppendsANoOpAtOnce() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.core.peerReset(TWO, 12);
            one.elect(TWO);

            AppendRequest first = one.lastTo(TWO, AppendRequest.class);
            assertThat(first.prevIndex()).isEqualTo(2);
            assertThat(first.prevTerm()).isEqualTo(4);
            assertThat(first.entries()).hasSize(1);
            assertThat(first.entries().get(0).type()).isEqualTo(EntryType.NOOP);
            assertThat(first.entries().get(0).term()).isEqualTo(5);
        }

        /** Thesis 10.2.1. */
        @Test
        void leaderSendsEntriesBeforeTheyAreDurableAtHome() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.propose(10);
            Effects effects = one.take();

            assertThat(effects.persist().orElseThrow().entries()).hasSize(1);
            assertThat(one.lastTo(TWO, AppendRequest.class).entries()).hasSize(1);
        }

        @Test
        void proposalsOfOneTurnShareOneWriteAndOneMessagePerPeer() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            for (int i = 0; i < 100; i++) {
                assertThat(one.propose(10)).isEqualTo(new Proposed.Accepted(3 + i, 1));
            }
            Effects effects = one.take();

            assertThat(effects.persist().orElseThrow().entries()).hasSize(100);
            assertThat(one.sentTo(TWO, AppendRequest.class)).hasSize(1);
            assertThat(one.sentTo(THREE, AppendRequest.class)).hasSize(1);
        }

        @Test
        void appendsFollowEachOtherWithoutWaitingForAnswers() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.propose(10);
            one.take();
            one.propose(10);
            one.take();

            assertThat(one.sentTo(TWO, AppendRequest.class))
                    .extracting(AppendRequest::prevIndex)
                    .containsExactly(2L, 3L);
        }

        @Test
        void leaderSendsNoMoreThanTheWindowAndGoesOnWithTheAnswer() {
            CoreConfig small = new CoreConfig(
                    ONE, new UUID(7, 1), 50 * MILLI, 300 * MILLI, 600 * MILLI, 100, 200, 1 << 20, 1 << 20);
            CoreUnderTest one = new CoreUnderTest(small, restored(3, 0, 0));
            one.core.peerReset(TWO, 12);
            one.elect(TWO);
            one.accept(TWO, 12, 2);
            one.settle();
            one.sent.clear();

            for (int i = 0; i < 20; i++) {
                one.propose(18); // 50 bytes as a frame
            }
            one.settle();
            assertThat(one.sentTo(TWO, AppendRequest.class))
                    .hasSize(2)
                    .allMatch(m -> m.entries().size() == 2);
            one.accept(TWO, 12, 4);
            one.settle();

            assertThat(one.sentTo(TWO, AppendRequest.class)).hasSize(3);
        }

        /** R28. */
        @Test
        void windowIsFullAgainWhateverWasAnsweredOrRefused() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            SplittableRandom random = new SplittableRandom(3);

            for (int i = 0; i < 100_000; i++) {
                one.propose(random.nextInt(50));
                one.take();
                one.pending.clear();
                one.sent.clear();
                long match = one.core.peers().get(0).matchIndex();
                long last = one.core.lastIndex();
                switch (random.nextInt(4)) {
                    case 0 -> one.accept(TWO, 12, match + random.nextLong(last - match + 1));
                    case 1 -> one.reject(TWO, 12, random.nextLong(last + 1), 1, random.nextLong(last + 1));
                    case 2 -> one.accept(TWO, 99, last);
                    default -> one.accept(THREE, 13, last);
                }
            }
            one.take();
            one.accept(TWO, 12, one.core.lastIndex());

            assertThat(one.core.peers().get(0).inflightBytes()).isZero();
        }

        @Test
        void proposalsBeyondTheUncommittedBoundAreBusyUntilSomethingCommits() {
            CoreConfig small = new CoreConfig(
                    ONE, new UUID(7, 1), 50 * MILLI, 300 * MILLI, 600 * MILLI, 1_000, 10_000, 200, 1 << 20);
            CoreUnderTest one = new CoreUnderTest(small, restored(1, 0, 0));
            one.tickUntil(Role.CANDIDATE, 700);
            one.settle();

            assertThat(one.propose(1_000)).as("one always fits").isInstanceOf(Proposed.Accepted.class);
            assertThat(one.propose(1)).isInstanceOf(Proposed.Busy.class);
            one.settle();

            assertThat(one.propose(1)).isInstanceOf(Proposed.Accepted.class);
        }

        /** Raft paper, section 5.3: the consistency check. */
        @Test
        void followerRefusesWhatDoesNotFitItsLog() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 2, 2, 2);

            one.receive(TWO, append(5, 9, 4, 0, entries(10, 5)));
            one.receive(TWO, append(5, 4, 4, 0, entries(5, 5)));
            one.settle();

            List<AppendResponse> answers = one.sentTo(TWO, AppendResponse.class);
            assertThat(answers).hasSize(2).allMatch(AppendResponse::rejected);
            assertThat(answers.get(0).hintIndex()).isEqualTo(4);
            assertThat(answers.get(1).hintIndex()).isEqualTo(3);
            assertThat(one.core.lastIndex()).isEqualTo(4);
        }

        /** R1, R29: what may leave when. */
        @Test
        void followerAcknowledgesOnlyWhatIsDurable() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);

            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4, 4)));
            one.take();
            assertThat(one.sentTo(TWO, AppendResponse.class)).isEmpty();
            one.persistOne();

            AppendResponse answer = one.lastTo(TWO, AppendResponse.class);
            assertThat(answer.rejected()).isFalse();
            assertThat(answer.index()).isEqualTo(4);
            assertThat(answer.session()).isEqualTo(77);
        }

        /** R32: what is damaged here counts only if it was committed before. */
        @Test
        void damagedEntryThatIsNotCommittedIsNotAcknowledged() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4, 4);
            one.core.damaged(List.of(new LostRange(3, 3, true, false)));

            one.receive(TWO, append(4, 3, 4, 0, entries(4, 4)));
            one.settle();

            assertThat(one.lastTo(TWO, AppendResponse.class).index()).isEqualTo(2);
        }

        /** R29: entries that wait for the disk are not acknowledged by a later message that brings nothing new. */
        @Test
        void repeatedAppendIsNotAcknowledgedBeforeTheFirstIsDurable() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4, 4)));
            one.take();

            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4, 4)));
            one.receive(TWO, append(4, 4, 4, 0, List.of()));
            one.take();
            assertThat(one.sentTo(TWO, AppendResponse.class)).isEmpty();
            one.settle();

            assertThat(one.lastTo(TWO, AppendResponse.class).index()).isEqualTo(4);
        }

        @Test
        void appendsOfOneTurnAreAnsweredOnce() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);

            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4)));
            one.receive(TWO, append(4, 3, 4, 0, entries(4, 4)));
            one.settle();

            assertThat(one.sentTo(TWO, AppendResponse.class)).hasSize(1);
            assertThat(one.lastTo(TWO, AppendResponse.class).index()).isEqualTo(4);
        }

        /** R16. */
        @Test
        void oldAndShortAppendsDoNotShrinkTheLog() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4, 4, 4)));
            one.settle();

            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4)));
            one.receive(TWO, append(4, 1, 0, 0, List.of()));
            one.receive(TWO, append(5, 2, 4, 0, List.of()));
            Effects effects = one.take();

            assertThat(effects.persist().orElseThrow().truncateFrom()).isEmpty();
            assertThat(one.core.lastIndex()).isEqualTo(5);
        }

        /** R16. */
        @Test
        void conflictIsCutExactlyWhereTermsDiffer() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 2, 2, 3, 3);

            one.receive(TWO, append(5, 2, 2, 0, entries(3, 2, 5)));
            Persist persist = one.take().persist().orElseThrow();

            assertThat(persist.hardState()).contains(new HardState(5, Optional.empty()));
            assertThat(persist.truncateFrom()).hasValue(4);
            assertThat(persist.entries()).extracting(e -> e.index()).containsExactly(4L);
            assertThat(one.core.lastIndex()).isEqualTo(4);
        }

        /** R17. */
        @Test
        void conflictWithACommittedEntryStopsTheReplica() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4, 4);
            one.receive(TWO, append(4, 3, 4, 3, List.of()));

            assertThatThrownBy(() -> one.receive(THREE, append(5, 2, 4, 3, entries(3, 5))))
                    .isInstanceOf(InvariantViolation.class)
                    .hasMessageContaining("committed entry 3 has term 4 here and 5 at leader 3");
        }

        /** R18. */
        @Test
        void followerCommitsNoFurtherThanTheMessageVerified() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 2, 2, 3);

            one.receive(TWO, append(5, 2, 2, 4, List.of()));
            assertThat(one.core.commitIndex()).isEqualTo(2);
            one.receive(TWO, append(5, 2, 2, 4, entries(3, 2)));

            assertThat(one.core.commitIndex()).isEqualTo(3);
        }

        /** R18. */
        @Test
        void heartbeatOffersNoCommitBeyondTheMatchOfItsReceiver() {
            CoreUnderTest one = CoreUnderTest.leaderOfThree();
            one.settle();
            one.accept(TWO, 12, 2);
            one.settle();
            assertThat(one.core.commitIndex()).isEqualTo(2);

            one.sent.clear();
            one.tickFor(60);

            assertThat(one.lastTo(TWO, Heartbeat.class).commitIndex()).isEqualTo(2);
            assertThat(one.lastTo(THREE, Heartbeat.class).commitIndex()).isZero();
        }

        /** R19. */
        @Test
        void refusalsAndOldAnswersMoveNeitherMatchNorCommit() {
            CoreUnderTest one = CoreUnderTest.leaderOfThree();
            one.settle();

            one.reject(TWO, 12, 2, 0, 2);
            one.receive(TWO, new AppendResponse(0, 12, false, 2, 0, 0, 0, false));
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(1);
            assertThat(one.core.peers().get(0).matchIndex()).isZero();
        }

        /** R27. */
        @Test
        void answersOfAnOlderStreamAreIgnored() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.settle();

            one.core.peerReset(TWO, 22);
            one.accept(TWO, 12, 3);
            one.settle();
            assertThat(one.core.commitIndex()).isEqualTo(2);
            assertThat(one.lastTo(TWO, AppendRequest.class).prevIndex())
                    .as("next = match + 1")
                    .isEqualTo(2);
            assertThat(one.lastTo(TWO, AppendRequest.class).session()).isEqualTo(22);
            one.accept(TWO, 22, 3);

            assertThat(one.core.commitIndex()).isEqualTo(3);
        }

        @Test
        void nothingButHeartbeatsGoesToAPeerWhoseStreamBroke() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.peerUnreachable(TWO);
            one.propose(10);
            one.tickFor(100);

            assertThat(one.sentTo(TWO)).isNotEmpty().allMatch(m -> m instanceof Heartbeat);
        }

        @Test
        void appendThatWasLostIsAskedAboutAndSentAgain() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.settle();
            one.sent.clear();

            one.tickFor(100);
            AppendRequest question = one.lastTo(TWO, AppendRequest.class);
            assertThat(question.entries()).isEmpty();
            assertThat(question.prevIndex()).isEqualTo(3);
            one.reject(TWO, 12, 3, 1, 2);
            one.take();

            assertThat(one.lastTo(TWO, AppendRequest.class).entries()).hasSize(1);
        }

        /** R22. */
        @Test
        void failedReadOfTheLogSendsNothingToTheFollower() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4, 4, 4);
            one.core.peerReset(TWO, 12);
            one.elect(TWO);
            one.reject(TWO, 12, 4, 4, 2);
            one.take();
            assertThat(one.logReads).containsExactly(new Effects.LogRead(TWO, 12, 3, 1 << 20));
            one.sent.clear();

            one.core.logRead(TWO, 12, List.of());
            one.take();
            assertThat(one.sentTo(TWO, AppendRequest.class)).isEmpty();
            one.core.peerReset(TWO, 13);
            one.take();
            assertThat(one.logReads).hasSize(2);
            one.core.logRead(TWO, 13, entries(3, 4, 4));
            one.take();

            assertThat(one.lastTo(TWO, AppendRequest.class).entries()).hasSize(2);
        }

        @Test
        void entriesReadFromTheLogAreSentOnlyIfTheyAreStillTheLogs() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4, 4, 4);
            one.core.peerReset(TWO, 12);
            one.elect(TWO);
            one.reject(TWO, 12, 4, 4, 2);
            one.take();
            one.sent.clear();

            one.core.logRead(TWO, 12, entries(3, 3, 3));
            one.take();

            assertThat(one.sentTo(TWO, AppendRequest.class)).isEmpty();
        }

        @Test
        void committedEntriesBeyondTheTailBoundLeaveMemoryAndUncommittedOnesStay() {
            CoreConfig small = new CoreConfig(
                    ONE, new UUID(7, 1), 50 * MILLI, 300 * MILLI, 600 * MILLI, 1_000, 10_000, 1 << 20, 100);
            CoreUnderTest one = new CoreUnderTest(small, restored(1, 0, 0));
            one.tickUntil(Role.CANDIDATE, 700);
            one.settle();

            for (int i = 0; i < 10; i++) {
                one.propose(18);
            }
            assertThat(one.core.cached(3)).isPresent();
            one.settle();

            assertThat(one.core.cached(3)).isEmpty();
            assertThat(one.core.cached(one.core.lastIndex())).isPresent();
        }

        @Test
        void followerThatNeedsTrimmedEntriesIsParked() {
            CoreUnderTest one = new CoreUnderTest(
                    config(ONE),
                    new RestoredState(
                            new HardState(4, Optional.empty()),
                            restored(3, 4, 0).configs(),
                            5,
                            8,
                            List.of(new TermStart(2, 4)),
                            6,
                            true));
            one.core.peerReset(TWO, 12);
            one.elect(TWO);
            one.reject(TWO, 12, 8, 0, 2);
            one.sent.clear();
            one.take();

            assertThat(one.core.peers().get(0).state()).isEqualTo("SNAPSHOT");
            assertThat(one.sentTo(TWO, AppendRequest.class)).isEmpty();
        }

        /** Found by simulation: messages were lost without a broken stream, and the log was trimmed meanwhile. */
        @Test
        void followerWithAFullWindowIsOfferedASnapshotOnceTheLogIsTrimmedBeyondIt() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            for (int i = 0; i < 4; i++) {
                one.propose(3 << 20);
                one.settle();
            }
            one.accept(THREE, 13, 6);
            one.settle();
            one.core.applied(6);
            one.core.trimmed(7);
            assertThat(one.core.peers().get(0).state()).isEqualTo("REPLICATE");

            one.tickFor(100);

            assertThat(one.core.peers().get(0).state()).isEqualTo("SNAPSHOT");
            assertThat(one.lastTo(TWO, SnapshotOffer.class).prevIndex()).isEqualTo(6);
        }

        /** Found by simulation: a hollow replica that was restarted could not take over the log that it had fetched. */
        @Test
        void logThatWasOpenedBehindASnapshotCanBeginLowerAgain() {
            RestoredState behind = new RestoredState(
                    new HardState(3, Optional.empty()),
                    restored(3, 3).configs(),
                    6,
                    7,
                    List.of(new TermStart(5, 2), new TermStart(7, 3)),
                    5,
                    true);
            CoreUnderTest one = new CoreUnderTest(config(ONE), behind);

            one.core.prepended(3, List.of(new TermStart(2, 1), new TermStart(4, 2)));

            one.receive(TWO, append(3, 7, 3, 7, entries(8, 3)));
            assertThat(one.core.lastIndex()).isEqualTo(8);
            assertThat(one.core.commitIndex()).isEqualTo(7);
        }

        /** Found by simulation: what the peer confirmed got lost, the log was trimmed, and nobody asked it again. */
        @Test
        void parkedFollowerThatHoldsMoreThanItSaidIsAskedAgain() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.settle();
            one.accept(THREE, 13, 3);
            one.settle();
            one.core.applied(3);
            one.core.trimmed(4);
            one.core.peerReset(TWO, 22);
            one.take();
            assertThat(one.core.peers().get(0).state()).isEqualTo("SNAPSHOT");

            for (int i = 0; i < 14; i++) {
                one.tickFor(50);
                one.answerHeartbeat(THREE, 0);
            }
            assertThat(one.lastTo(TWO, AppendRequest.class).prevIndex()).isEqualTo(3);
            one.accept(TWO, 22, 3);

            assertThat(one.core.peers().get(0).state()).isEqualTo("REPLICATE");
        }

        /** R21. */
        @Test
        void appendWhosePredecessorWasTrimmedIsAMatch() {
            CoreUnderTest one = new CoreUnderTest(
                    config(ONE),
                    new RestoredState(
                            new HardState(4, Optional.empty()),
                            restored(3, 4, 0).configs(),
                            5,
                            5,
                            List.of(new TermStart(2, 4)),
                            5,
                            true));

            one.receive(TWO, append(4, 2, 4, 0, entries(3, 4, 4, 4, 4)));
            one.settle();

            assertThat(one.lastTo(TWO, AppendResponse.class).rejected()).isFalse();
            assertThat(one.core.lastIndex()).isEqualTo(6);
        }

        /** R36: with asynchronous flush a machine can lose what it confirmed; it must not count for it. */
        @Test
        void peerThatLostWhatItConfirmedStartsAgainBelow() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.peerReset(TWO, 22);
            one.take();
            one.reject(TWO, 22, 2, 0, 1);
            one.take();

            assertThat(one.core.peers().get(0).matchIndex()).isZero();
            assertThat(one.lastTo(TWO, AppendRequest.class).prevIndex()).isEqualTo(1);
        }

        /** Raft paper, figure 7: whatever a follower has, the new leader brings it to its own log. */
        @ParameterizedTest
        @CsvSource({
            "a, '1,1,1,4,4,5,5,6,6'",
            "b, '1,1,1,4'",
            "c, '1,1,1,4,4,5,5,6,6,6,6'",
            "d, '1,1,1,4,4,5,5,6,6,6,7,7'",
            "e, '1,1,1,4,4,4,4'",
            "f, '1,1,1,2,2,2,3,3,3,3,3'"
        })
        void leaderRepairsEveryFollowerOfFigure7(String name, String follower) {
            CoreUnderTest two = CoreUnderTest.of(TWO, 3, 7, terms(follower));
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 7, 1, 1, 1);
            one.receive(THREE, append(7, 3, 1, 0, entries(4, 4, 4, 5, 5, 6, 6, 6)));
            one.settle();
            one.core.peerReset(TWO, 12);
            one.elect(THREE);

            for (int round = 0; round < 20; round++) {
                exchange(one, two);
                exchange(two, one);
            }

            assertThat(two.core.lastIndex()).as(name).isEqualTo(11);
            assertThat(one.core.commitIndex()).isEqualTo(11);
            assertThat(one.core.peers().get(0).matchIndex()).isEqualTo(11);
        }

        private static long[] terms(String csv) {
            return Arrays.stream(csv.split(",")).mapToLong(Long::parseLong).toArray();
        }

        private static void exchange(CoreUnderTest from, CoreUnderTest to) {
            from.settle();
            for (Effects.LogRead read : List.copyOf(from.logReads)) {
                from.core.logRead(
                        read.peer(),
                        read.session(),
                        entries(read.fromIndex(), 1, 1, 1).subList(0, (int) (4 - read.fromIndex())));
            }
            from.logReads.clear();
            from.settle();
            List<Effects.Outbound> messages = List.copyOf(from.sent);
            from.sent.clear();
            ReplicaId sender = from.self();
            for (Effects.Outbound outbound : messages) {
                if (outbound.to().equals(to.self())) {
                    to.receive(sender, outbound.message());
                }
            }
        }
    }

    @Nested
    class Commit {

        @Test
        void entryCommitsWhenAMajorityHasItOnDisk() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.take();

            one.accept(TWO, 12, 3);
            assertThat(one.core.commitIndex()).as("own disk has not answered").isEqualTo(2);
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(3);
        }

        /** Thesis 10.2.1: a majority of followers commits without the leader's disk; it is not applied here yet (R41). */
        @Test
        void followersAloneCanCommitButTheLeaderAppliesOnlyWhatItHasOnDisk() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.propose(10);
            one.take();

            one.accept(TWO, 12, 3);
            one.accept(THREE, 13, 3);
            one.take();
            assertThat(one.core.commitIndex()).isEqualTo(3);
            assertThat(one.applyIndex).isEqualTo(2);
            one.settle();

            assertThat(one.applyIndex).isEqualTo(3);
        }

        /** R14, Raft paper, figure 8: an entry of an older term on a majority may still be replaced. */
        @Test
        void copiesOfAnOlderTermDoNotCommit() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 3, 0, 2);
            one.core.peerReset(TWO, 12);
            one.elect(TWO);
            one.settle();

            one.accept(TWO, 12, 2);
            one.settle();
            assertThat(one.core.commitIndex()).isEqualTo(1);
            one.accept(TWO, 12, 3);
            one.settle();

            assertThat(one.core.commitIndex()).isEqualTo(3);
        }

        /** R39. */
        @Test
        void durabilityOfReplacedEntriesDoesNotCountForTheirSuccessors() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0);
            one.receive(TWO, append(2, 1, 0, 0, entries(2, 2, 2, 2)));
            one.take();
            one.receive(THREE, append(3, 1, 0, 0, entries(2, 3, 3, 3)));
            one.take();

            one.persistOne();
            assertThat(one.core.durableIndex()).isEqualTo(1);
            one.receive(THREE, append(3, 4, 3, 4, List.of()));
            one.take();
            assertThat(one.sentTo(THREE, AppendResponse.class)).isEmpty();
            assertThat(one.applyIndex).isEqualTo(1);
            one.settle();

            assertThat(one.core.durableIndex()).isEqualTo(4);
            assertThat(one.applyIndex).isEqualTo(4);
        }

        /** R39: the same within one term, where the term of the request says nothing. */
        @Test
        void requestOfTheSameTermDoesNotAttestWhatReplacedItsTail() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 1, 0);
            one.receive(TWO, append(2, 1, 0, 0, entries(2, 1, 1)));
            one.take(); // carries term 2 and entries of term 1
            one.receive(TWO, append(2, 1, 0, 0, entries(2, 2, 2)));
            one.take();

            one.persistOne();

            assertThat(one.core.durableIndex()).isEqualTo(1);
        }

        /** R41. */
        @Test
        void groupOfOneAnswersOnlyAfterItsOwnDisk() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 1, 0, 0);
            one.tickUntil(Role.CANDIDATE, 700);
            one.persistOne();
            one.take();
            one.propose(10);
            one.core.requestRead(1);
            one.take();

            assertThat(one.applyIndex).isEqualTo(1);
            assertThat(one.readsReady).isEmpty();
            one.settle();

            assertThat(one.applyIndex).isEqualTo(3);
            assertThat(one.readsReady).hasSize(1);
        }
    }

    @Nested
    class Reads {

        /** R44. */
        @Test
        void readIsConfirmedByARoundThatBeganAfterIt() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.requestRead(7);
            one.take();
            long round = one.lastTo(TWO, Heartbeat.class).readRound();
            one.answerHeartbeat(TWO, round - 1);
            one.take();
            assertThat(one.readsReady).as("an answer to an older round").isEmpty();
            one.answerHeartbeat(TWO, round);
            one.take();

            assertThat(one.readsReady).containsExactly(new Effects.ReadReady(7, 2));
        }

        /** R44: the retry of a request is a round of its own; answers that were under way before don't confirm it. */
        @Test
        void retriedReadIsNotConfirmedByAnswersToTheFirst() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.requestRead(7);
            one.take();
            long first = one.lastTo(TWO, Heartbeat.class).readRound();

            one.core.requestRead(8);
            one.take();
            one.answerHeartbeat(TWO, first);
            one.take();

            assertThat(one.readsReady).extracting(Effects.ReadReady::context).containsExactly(7L);
        }

        /** R44: one replica's answers don't add up. */
        @Test
        void oneVoterAnsweringTwiceIsNoMajority() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 5, 0, 0);
            one.elect(TWO, THREE);
            one.core.peerReset(TWO, 12);
            one.core.peerReset(THREE, 13);
            one.accept(TWO, 12, 2);
            one.accept(THREE, 13, 2);
            one.settle();
            one.core.requestRead(7);
            one.take();
            long round = one.lastTo(TWO, Heartbeat.class).readRound();

            one.answerHeartbeat(TWO, round);
            one.answerHeartbeat(TWO, round);
            one.take();
            assertThat(one.readsReady).isEmpty();
            one.answerHeartbeat(THREE, round);
            one.take();

            assertThat(one.readsReady).hasSize(1);
        }

        /** R44. */
        @Test
        void readWaitsUntilTheLeaderCommittedInItsTerm() {
            CoreUnderTest one = CoreUnderTest.leaderOfThree();
            one.core.requestRead(7);
            one.settle();
            one.answerHeartbeat(TWO, Long.MAX_VALUE / 2);
            one.settle();
            assertThat(one.readsReady).isEmpty();

            one.accept(TWO, 12, 2);
            one.sent.clear();
            one.settle();
            one.answerHeartbeat(THREE, one.lastTo(THREE, Heartbeat.class).readRound());
            one.settle();

            assertThat(one.readsReady).containsExactly(new Effects.ReadReady(7, 2));
        }

        @Test
        void readsOfOneTurnShareARound() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            for (int i = 0; i < 50; i++) {
                one.core.requestRead(i);
            }
            one.take();

            assertThat(one.sentTo(TWO, Heartbeat.class)).hasSize(1);
            one.answerHeartbeat(TWO, one.lastTo(TWO, Heartbeat.class).readRound());
            one.take();
            assertThat(one.readsReady).hasSize(50);
        }

        @Test
        void readsFailWhenLeadershipEnds() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.core.requestRead(7);
            one.take();
            one.core.requestRead(8);

            one.receive(TWO, new Heartbeat(2, 0, 0, 0));
            one.core.requestRead(9);
            one.take();

            assertThat(one.readsFailed).containsExactly(7L, 8L, 9L);
        }
    }

    /** R34, docs/raft-rules.md 4.5. */
    @Nested
    class Disks {

        @Test
        void leaderWhoseDiskStallsResignsToAHealthyPeer() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.diskHealth(299 * MILLI, one.now());
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            one.core.diskHealth(301 * MILLI, one.now());
            one.take();

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.sentTo(TWO, LeaderResigned.class)).hasSize(1);
        }

        @Test
        void leaderStaysWhileAllDisksAreSlowButNotWhenItsOwnHangs() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            one.receive(TWO, new HeartbeatResponse(1, 0, 0, 0, 0, true, 1));
            one.receive(THREE, new HeartbeatResponse(1, 0, 0, 0, 0, true, 1));

            one.core.diskHealth(400 * MILLI, one.now());
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            one.core.diskHealth(601 * MILLI, one.now());

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }

        @Test
        void replicaWithAStalledDiskDoesNotCampaignUntilItIsHealthyForAWhile() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4);
            one.core.diskHealth(400 * MILLI, one.now());

            one.tickFor(2_000);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            one.core.diskHealth(0, one.now());

            one.tickUntil(Role.PRE_CANDIDATE, 1_400);
        }

        @Test
        void followerTellsItsLeaderThatItsDiskIsSlow() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 4, 0, 4).following(4);
            one.core.diskHealth(400 * MILLI, one.now());

            one.receive(TWO, new Heartbeat(4, 0, 0, 0));
            one.take();

            assertThat(one.lastTo(TWO, HeartbeatResponse.class).diskSlow()).isTrue();
        }

        /** R32: a damaged store votes as the log it had, but leads nobody. */
        @Test
        void damagedStoreVotesButDoesNotLead() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            one.core.electable(false);
            one.settle();
            assertThat(one.sentTo(TWO, LeaderResigned.class)).hasSize(1);
            one.tickFor(3_000);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            one.receive(TWO, vote(2, 9, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).granted()).isTrue();
        }
    }

    /** D1, R36. */
    @Nested
    class Births {

        private static final RestoredState UNBORN =
                new RestoredState(HardState.INITIAL, List.of(), 1, 0, List.of(), 0, true);

        @Test
        void storeWithoutAGroupIsInert() {
            CoreUnderTest one = new CoreUnderTest(config(ONE), UNBORN);

            one.tickFor(3_000);
            one.receive(TWO, vote(5, 9, 4));
            one.receive(TWO, append(5, 0, 0, 0, entries(1, 5)));
            one.receive(TWO, new Heartbeat(5, 0, 0, 0));
            one.settle();

            assertThat(one.core.term()).isZero();
            assertThat(one.core.lastIndex()).isZero();
            assertThat(one.sent).isEmpty();
        }

        @Test
        void storeWhoseIdTheMembershipGivesToAnotherIsInert() {
            RestoredState member = restored(3, 4, 0, 4);
            List<Member> others = List.of(new Member(ONE, new UUID(7, 99)), new Member(TWO, new UUID(7, 2)));
            CoreUnderTest one = new CoreUnderTest(
                    config(ONE),
                    new RestoredState(
                            member.hardState(),
                            List.of(new ConfigAt(1, new Membership(new UUID(1, 1), others))),
                            member.firstIndex(),
                            member.lastIndex(),
                            member.terms(),
                            1,
                            true));

            one.tickFor(3_000);
            one.receive(TWO, vote(5, 9, 4));
            one.receive(TWO, append(5, 2, 4, 2, entries(3, 5)));
            one.settle();

            assertThat(one.sent).isEmpty();
            assertThat(one.core.lastIndex()).isEqualTo(2);
        }

        @Test
        void adoptedStoreTakesPart() {
            CoreUnderTest one = new CoreUnderTest(config(ONE), UNBORN);
            one.core.peerReset(TWO, 12);

            one.core.adopted(group(3), one.now());
            one.elect(THREE);

            AppendRequest first = one.lastTo(TWO, AppendRequest.class);
            assertThat(first.session()).isEqualTo(12);
            assertThat(first.prevIndex()).isEqualTo(1);
            assertThat(first.entries()).containsExactly(one.core.cached(2).orElseThrow());
        }

        @Test
        void stateMachineAheadOfTheLogIsRefused() {
            RestoredState member = restored(3, 4, 0, 4);

            assertThatThrownBy(() -> new CoreUnderTest(
                            config(ONE),
                            new RestoredState(member.hardState(), member.configs(), 1, 2, member.terms(), 3, true)))
                    .isInstanceOf(InvariantViolation.class)
                    .hasMessageContaining("applied 3 but the log ends at 2");
        }

        @Test
        void onlyCommandsAreProposed() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();

            assertThatThrownBy(
                            () -> one.core.propose(EntryType.NOOP, entry(1, 1).payload(), 0))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
