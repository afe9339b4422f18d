package io.argosy.raft.core;

import static io.argosy.raft.core.CoreUnderTest.ONE;
import static io.argosy.raft.core.CoreUnderTest.THREE;
import static io.argosy.raft.core.CoreUnderTest.TWO;
import static io.argosy.raft.core.CoreUnderTest.append;
import static io.argosy.raft.core.CoreUnderTest.entries;
import static io.argosy.raft.core.CoreUnderTest.preVote;
import static io.argosy.raft.core.CoreUnderTest.vote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.Role;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Entries that are lost on a disk and not known to be committed (docs/raft-rules.md, 4.4). */
class LostEntriesTest {

    /** Entries 4 and 5 of term 2 are lost, and may never have been durable. */
    private static final LostRange TORN = new LostRange(4, 5, true, true);
    /** They were durable once. */
    private static final LostRange ROTTEN = new LostRange(4, 5, true, false);
    /** They were durable once, and nothing tells what they were. */
    private static final LostRange UNKNOWN = new LostRange(4, 5, false, false);

    private static CoreUnderTest replicaThatLost(int voters, LostRange lost) {
        CoreUnderTest one = CoreUnderTest.of(ONE, voters, 2, 0, 1, 1, 2, 2);
        one.core.damaged(List.of(lost));
        return one;
    }

    private static VoteRequest givesUp(long term, long lastIndex, long lastTerm) {
        return new VoteRequest(term, lastIndex, lastTerm, false, false, false, false, true);
    }

    @Nested
    class Voting {

        @Test
        void replicaVotesAsTheLogThatItHad() {
            CoreUnderTest one = replicaThatLost(3, ROTTEN);

            one.receive(TWO, vote(3, 4, 2));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class))
                    .isEqualTo(new VoteResponse(3, false, false, Refusal.LOG_BEHIND));
        }

        @Test
        void replicaSaysThatNothingIsLeftOfWhatGoesBeyondTheCandidatesLog() {
            CoreUnderTest one = replicaThatLost(3, TORN);

            one.receive(TWO, vote(3, 3, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class))
                    .isEqualTo(new VoteResponse(3, false, false, Refusal.LOST_MORE));
        }

        @Test
        void entryThatIsStillThereIsNotGivenUp() {
            CoreUnderTest one = replicaThatLost(3, TORN);

            one.receive(TWO, givesUp(3, 2, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);
        }

        @Test
        void entryThatWasDurableIsNotGivenUpWhateverOthersSay() {
            CoreUnderTest one = replicaThatLost(3, ROTTEN);

            one.receive(TWO, givesUp(3, 3, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);
        }

        @Test
        void doubtfulEntriesAreGivenUpOnceNobodyHasThem() {
            CoreUnderTest one = replicaThatLost(3, TORN);

            one.receive(TWO, givesUp(3, 3, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).granted()).isTrue();
        }

        @Test
        void voteIsStillGivenOncePerTerm() {
            CoreUnderTest one = replicaThatLost(3, TORN);
            one.receive(THREE, vote(3, 5, 2));

            one.receive(TWO, givesUp(3, 3, 1));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).refusal()).isEqualTo(Refusal.ALREADY_VOTED);
        }
    }

    @Nested
    class Campaigning {

        @Test
        void replicaCampaignsWithWhatIsInFrontOfTheLossAndWithoutItsOwnVote() {
            CoreUnderTest one = replicaThatLost(3, ROTTEN);

            one.tickUntil(Role.PRE_CANDIDATE, 700);

            assertThat(one.lastTo(TWO, VoteRequest.class)).isEqualTo(preVote(3, 3, 1));
            one.receive(TWO, new VoteResponse(3, true, true, Refusal.NONE));
            assertThat(one.core.role()).isEqualTo(Role.PRE_CANDIDATE);
        }

        @Test
        void majorityThatNeverHadTheEntriesElectsItAndTheyAreGivenUp() {
            CoreUnderTest one = replicaThatLost(3, ROTTEN);
            one.core.peerReset(TWO, 12);

            one.elect(TWO, THREE);

            assertThat(one.pending.getFirst().truncateFrom()).hasValue(4);
            one.settle();
            assertThat(one.core.lastIndex()).isEqualTo(4);
            AppendRequest first = one.sentTo(TWO, AppendRequest.class).get(0);
            assertThat(first.prevIndex()).isEqualTo(3);
            one.accept(TWO, 12, 4);
            one.settle();
            assertThat(one.core.commitIndex()).isEqualTo(4);
        }

        @Test
        void allVotersMustAnswerBeforeWhatMayHaveBeenAcknowledgedIsGivenUp() {
            CoreUnderTest one = replicaThatLost(3, TORN);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            assertThat(one.core.role()).isEqualTo(Role.PRE_CANDIDATE);
            one.receive(THREE, new VoteResponse(3, true, true, Refusal.NONE));
            one.settle();
            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);

            one.receive(TWO, new VoteResponse(3, false, false, Refusal.LOST_MORE));
            one.settle();
            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
            assertThat(one.lastTo(TWO, VoteRequest.class)).isEqualTo(vote(3, 3, 1));
            one.receive(THREE, new VoteResponse(3, true, false, Refusal.NONE));
            one.settle();

            assertThat(one.lastTo(TWO, VoteRequest.class)).isEqualTo(givesUp(3, 3, 1));
            // Its own vote and that of 3 are enough by now.
            assertThat(one.core.role()).isEqualTo(Role.LEADER);
        }

        @Test
        void allLostTheSameAndTheyGoOnTogether() {
            CoreUnderTest one = replicaThatLost(3, TORN);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.receive(THREE, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.settle();
            one.receive(TWO, new VoteResponse(3, false, false, Refusal.LOST_MORE));
            one.receive(THREE, new VoteResponse(3, false, false, Refusal.LOST_MORE));
            one.settle();
            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
            assertThat(one.lastTo(THREE, VoteRequest.class)).isEqualTo(givesUp(3, 3, 1));

            one.receive(THREE, new VoteResponse(3, true, false, Refusal.NONE));

            assertThat(one.core.role()).isEqualTo(Role.LEADER);
        }

        @Test
        void answerOfAnOlderTermIsNoNack() {
            CoreUnderTest one = replicaThatLost(3, TORN);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.receive(THREE, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.settle();

            one.receive(TWO, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.receive(THREE, new VoteResponse(2, false, true, Refusal.LOST_MORE));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
            assertThat(one.sentTo(THREE, VoteRequest.class)).noneMatch(VoteRequest::givesUp);
        }

        @Test
        void oneReplicaAloneGoesOnWithoutItsTornTail() {
            CoreUnderTest one = replicaThatLost(1, TORN);

            one.tickUntil(Role.CANDIDATE, 700);
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.LEADER);
            assertThat(one.core.commitIndex()).isEqualTo(4);
        }

        @Test
        void oneReplicaAloneWaitsForAnOperatorIfWhatIsLostWasDurable() {
            CoreUnderTest one = replicaThatLost(1, ROTTEN);

            one.tickFor(3_000);

            assertThat(one.core.role()).isNotEqualTo(Role.LEADER);
            assertThat(one.core.lastIndex()).isEqualTo(5);
        }

        @Test
        void replicaThatLostSomethingCommittedDoesNotCampaign() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2);
            one.core.damaged(List.of(new LostRange(1, 1, true, false), TORN));

            one.tickFor(3_000);

            assertThat(one.sentTo(TWO, VoteRequest.class)).isEmpty();
        }

        @Test
        void candidateThatFindsDamageStepsBack() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2);
            one.tickUntil(Role.PRE_CANDIDATE, 700);
            one.receive(TWO, new VoteResponse(3, true, true, Refusal.NONE));
            one.settle();
            assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);

            one.core.damaged(List.of(ROTTEN));
            one.receive(TWO, new VoteResponse(3, true, false, Refusal.NONE));
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }
    }

    @Nested
    class Leading {

        @Test
        void leaderThatFindsDamageResignsAndCountsItsLogNoFurther() {
            CoreUnderTest one = CoreUnderTest.establishedLeader();
            long before = one.core.commitIndex();
            one.propose(10);
            one.settle();
            long index = one.core.lastIndex();

            one.core.damaged(List.of(new LostRange(index, index, true, false)));
            one.accept(TWO, 12, index);
            one.settle();

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
            assertThat(one.core.commitIndex()).isEqualTo(before);
        }
    }

    @Nested
    class Following {

        private AppendResponse answerTo(CoreUnderTest one, AppendRequest request) {
            one.receive(TWO, request);
            one.settle();
            return one.lastTo(TWO, AppendResponse.class);
        }

        /** For the time in which others may commit the entries. */
        private CoreUnderTest followerWhoWaitedLongEnough(LostRange lost) {
            CoreUnderTest one = replicaThatLost(3, lost);
            waitLongEnough(one, 3);
            return one;
        }

        private void waitLongEnough(CoreUnderTest one, long commitIndex) {
            answerTo(one, append(3, 5, 2, commitIndex, List.of()));
            for (int i = 0; i < 130; i++) {
                one.tickFor(10);
                one.receive(TWO, new Message.Heartbeat(3, commitIndex, 0, 0));
            }
            one.settle();
        }

        @Test
        void entriesThatMayBeCommittedByOthersAreNotReplacedAtOnce() {
            CoreUnderTest one = replicaThatLost(3, UNKNOWN);

            AppendResponse answer = answerTo(one, append(3, 3, 1, 3, entries(4, 2, 2, 3)));

            assertThat(answer.rejected()).isFalse();
            assertThat(answer.index()).isEqualTo(3);
            assertThat(one.core.lastIndex()).isEqualTo(6);
        }

        @Test
        void majorityThatNeedsThisReplicaGoesOn() {
            CoreUnderTest one = followerWhoWaitedLongEnough(UNKNOWN);

            AppendResponse behind = answerTo(one, append(3, 6, 3, 3, List.of()));
            AppendResponse replaced = answerTo(one, append(3, 3, 1, 3, entries(4, 2, 2, 3)));

            assertThat(behind.rejected()).isTrue();
            assertThat(behind.hintIndex()).isEqualTo(3);
            assertThat(replaced.rejected()).isFalse();
            assertThat(replaced.index()).isEqualTo(6);
        }

        @Test
        void foundingMembershipIsReplacedByTheSame() {
            RestoredState whole = CoreUnderTest.restored(3, 2, 0, 1, 1, 2, 2);
            CoreUnderTest one = new CoreUnderTest(
                    CoreUnderTest.config(ONE),
                    new RestoredState(whole.hardState(), whole.configs(), 1, 5, whole.terms(), 0, true));
            one.core.damaged(List.of(new LostRange(1, 5, false, false)));
            waitLongEnough(one, 0);
            Membership founding = one.core.membership().orElseThrow().membership();
            List<Entry> all = new ArrayList<>();
            all.add(Entry.of(1, 0, EntryType.CONFIG, founding.encode()));
            all.addAll(entries(2, 1, 1, 3));

            AppendResponse replaced = answerTo(one, append(3, 0, 0, 0, all));

            assertThat(replaced.rejected()).isFalse();
            assertThat(replaced.index()).isEqualTo(4);
            assertThat(one.core.membership().map(ConfigAt::membership)).contains(founding);
        }

        /** The header of the file behind the lost entries says that the last of them was of term 2. */
        @Test
        void aLostEntryThatMustHaveBeenOfALaterTermThanTheLeadersIsReplacedAtOnce() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 1, 2, 2);
            one.core.damaged(List.of(new LostRange(4, 5, false, false)));

            AppendResponse answer = answerTo(one, append(3, 3, 1, 3, entries(4, 1, 1, 1, 1)));

            assertThat(one.core.lastIndex()).isEqualTo(7);
            assertThat(answer.index()).as("entry 4 may be another one").isEqualTo(3);
        }

        @Test
        void replicaVotesAsIfItHadWhatItGaveUpUntilTheLeadersLogHasTakenItsPlace() {
            CoreUnderTest one = followerWhoWaitedLongEnough(UNKNOWN);
            one.receive(TWO, append(3, 3, 1, 3, entries(4, 2)));
            Effects.Persist persist = one.take().persist().orElseThrow();
            assertThat(persist.truncateFrom()).hasValue(4);
            assertThat(persist.hardState()).contains(new HardState(3, Optional.empty(), new LogEnd(2, 5)));
            one.settle();

            one.tickUntil(Role.PRE_CANDIDATE, 1_000);
            one.receive(THREE, vote(4, 4, 2));
            one.settle();
            assertThat(one.lastTo(THREE, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);

            one.receive(TWO, append(5, 4, 2, 3, entries(5, 3)));
            one.settle();
            one.tickUntil(Role.PRE_CANDIDATE, 1_000);
            one.receive(THREE, vote(9, 5, 3));
            one.settle();
            assertThat(one.lastTo(THREE, VoteResponse.class).granted()).isTrue();
        }

        /** As {@code LogRecovery} restores a log behind a snapshot of index 5 whose only file has no header. */
        private static CoreUnderTest replicaThatLostItsOnlyFile() {
            CoreUnderTest one = new CoreUnderTest(
                    CoreUnderTest.config(ONE),
                    new RestoredState(
                            new HardState(3, Optional.empty()),
                            List.of(new ConfigAt(1, CoreUnderTest.group(3))),
                            6,
                            8,
                            List.of(new TermStart(8, 2)),
                            5,
                            false));
            one.core.damaged(List.of(new LostRange(6, 8, false, false)));
            return one;
        }

        @Test
        void aTermThatIsLostInFrontOfTheLogContradictsNobody() {
            CoreUnderTest one = replicaThatLostItsOnlyFile();

            assertThat(answerTo(one, append(3, 8, 2, 8, List.of())).hintIndex()).isEqualTo(5);
            AppendResponse behind = answerTo(one, append(3, 5, 2, 8, entries(6, 2, 2, 2)));

            assertThat(behind.rejected()).isFalse();
            assertThat(one.core.commitIndex()).isEqualTo(8);
        }

        /** Who leads later must know it: whoever has the entry in front would stop at a wrong one. */
        @Test
        void aTermThatIsLostInFrontOfALogThatIsGivenUpIsTheLeaders() {
            for (int inFront = 0; inFront < 2; inFront++) {
                CoreUnderTest one = replicaThatLostItsOnlyFile();
                waitLongEnough(one, 5);

                one.receive(
                        TWO, inFront == 0 ? append(3, 5, 2, 5, entries(6, 3)) : append(3, 4, 2, 5, entries(5, 2, 3)));

                Effects.Persist persist = one.take().persist().orElseThrow();
                assertThat(persist.truncateFrom()).hasValue(6);
                assertThat(persist.prevTerm()).isEqualTo(2);
                one.settle();
                assertThatThrownBy(() -> one.receive(TWO, append(3, 5, 1, 5, List.of())))
                        .isInstanceOf(InvariantViolation.class);
            }
        }

        @Test
        void olderLogComesBackInFrontOfALostTerm() {
            CoreUnderTest one = replicaThatLostItsOnlyFile();

            one.core.prepended(3, List.of(new TermStart(2, 1), new TermStart(4, 2)));

            assertThat(answerTo(one, append(3, 5, 2, 8, entries(6, 2, 2, 2))).rejected())
                    .isFalse();
            assertThat(one.core.commitIndex()).isEqualTo(8);
        }

        @Test
        void aMembershipAmongWhatIsRepairedIsInForceBeforeTheReplicaCanLead() {
            CoreUnderTest one = replicaThatLost(3, UNKNOWN);
            Membership later = one.core.membership().orElseThrow().membership().withFlush(RaftConfig.Flush.ASYNC);
            List<ConfigAt> onDisk = List.of(new ConfigAt(1, CoreUnderTest.group(3)), new ConfigAt(4, later));
            one.receive(TWO, append(3, 5, 2, 5, entries(6, 3)));
            one.settle();

            one.core.repaired(List.of(new TermStart(1, 0), new TermStart(2, 1), new TermStart(4, 2)), onDisk);

            assertThat(one.core.membership()).contains(new ConfigAt(4, later));
            assertThat(one.core.isWhole()).isFalse();
        }

        @Test
        void aMembershipIsNotInForceAnyMoreWhenAnotherEntryComesBackInItsPlace() {
            CoreUnderTest one = replicaThatLost(3, UNKNOWN);
            ConfigAt founding = one.core.membership().orElseThrow();
            Membership later = founding.membership().withFlush(RaftConfig.Flush.ASYNC);
            one.receive(TWO, append(3, 5, 2, 5, entries(6, 3)));
            one.settle();
            List<TermStart> terms = List.of(new TermStart(1, 0), new TermStart(2, 1), new TermStart(4, 2));
            one.core.repaired(terms, List.of(founding, new ConfigAt(4, later)));

            one.core.repaired(terms, List.of(founding));

            assertThat(one.core.membership()).contains(founding);
        }

        @Test
        void aCandidateThatLearnsOfAnotherMembershipBeginsAnew() {
            CoreUnderTest one = replicaThatLost(3, TORN);
            ConfigAt founding = one.core.membership().orElseThrow();
            Membership later = founding.membership().withFlush(RaftConfig.Flush.ASYNC);
            one.tickUntil(Role.PRE_CANDIDATE, 700);

            one.core.repaired(
                    List.of(new TermStart(1, 0), new TermStart(2, 1), new TermStart(4, 2)),
                    List.of(founding, new ConfigAt(4, later)));

            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }

        @Test
        void aMembershipThatTheDiskIsStillToDropIsNotTakenOver() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2);
            one.receive(TWO, append(3, 3, 1, 3, entries(4, 3)));
            Membership dropped = CoreUnderTest.group(3).withFlush(RaftConfig.Flush.ASYNC);

            one.core.repaired(
                    List.of(new TermStart(1, 0)),
                    List.of(one.core.membership().orElseThrow(), new ConfigAt(5, dropped)));

            assertThat(one.core.membership().map(ConfigAt::index)).contains(1L);
        }

        /** It may have been acknowledged, whatever term the lost entry was of that the snapshot ends with. */
        @Test
        void aSnapshotOfALostEntryTakesNothingAwayOfWhatLiesBehindIt() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 1, 1, 1, 2);
            one.core.damaged(List.of(new LostRange(4, 7, false, false)));

            assertThat(one.core.beginInstall(5, 2)).isEqualTo(RaftCore.Install.NOT_YET);
            Effects.Persist persist = one.take().persist().orElseThrow();
            assertThat(persist.hardState()).contains(new HardState(2, Optional.empty(), new LogEnd(2, 7)));
            assertThat(one.core.beginInstall(5, 2)).isEqualTo(RaftCore.Install.NOT_YET);
            one.settle();
            assertThat(one.core.beginInstall(5, 2)).isEqualTo(RaftCore.Install.STATE_AND_LOG);
            one.core.installed(5, 2, Optional.empty());

            one.receive(TWO, vote(3, 5, 2));
            one.settle();
            assertThat(one.lastTo(TWO, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);
        }

        @Test
        void aSnapshotBehindWhichTheStateHasGoneOnMeanwhileIsOfNoUse() {
            CoreUnderTest one = followerThatCommittedAllOfFive();
            one.core.damaged(List.of(new LostRange(4, 4, true, false)));
            one.core.needSnapshot(4);

            one.core.applied(5); // repaired, which is told in a moment

            assertThat(one.core.beginInstall(4, 2)).isEqualTo(RaftCore.Install.NO);
        }

        @Test
        void aSnapshotIsNoLongerNeededOnceTheEntryThatStoppedTheStateIsRepaired() {
            CoreUnderTest one = followerThatCommittedAllOfFive();
            one.core.damaged(List.of(new LostRange(4, 4, true, false)));
            one.core.needSnapshot(4);

            one.core.damaged(List.of());

            one.tickUntil(Role.PRE_CANDIDATE, 1_000);
            assertThat(one.core.role()).isEqualTo(Role.PRE_CANDIDATE);
        }

        @Test
        void aLostStateStillNeedsASnapshotOnceADamagedEntryIsRepaired() {
            CoreUnderTest one = followerThatCommittedAllOfFive();
            one.core.damaged(List.of(new LostRange(4, 4, true, false)));
            one.core.needSnapshot(2);
            one.core.needSnapshot(4);

            one.core.damaged(List.of());

            one.tickFor(5_000);
            assertThat(one.core.role()).isEqualTo(Role.FOLLOWER);
        }

        /** The log on disk is empty already, and the core hears of that while something else becomes durable. */
        @Test
        void whatIsGivenUpWithASnapshotIsRememberedWhileItIsTakenOver() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 1, 1, 1, 2);
            one.core.damaged(List.of(new LostRange(4, 6, false, false)));
            assertThat(one.core.beginInstall(5, 2)).isEqualTo(RaftCore.Install.NOT_YET);
            one.settle();
            assertThat(one.core.beginInstall(5, 2)).isEqualTo(RaftCore.Install.STATE_AND_LOG);

            one.core.damaged(List.of());
            one.receive(THREE, vote(3, 3, 1));
            one.settle();
            one.core.installed(5, 2, Optional.empty());
            one.receive(TWO, vote(4, 5, 2));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).granted()).isFalse();
        }

        /** It was not lost yet when this process started, in an earlier term than that of the lost entries. */
        @Test
        void theEndOfALogIsNoLowerThanWhatIsKnownInFrontOfWhatItLost() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2);
            one.receive(TWO, append(3, 5, 2, 5, entries(6, 3, 3, 3)));
            one.settle();
            one.receive(TWO, append(3, 8, 3, 8, List.of()));
            one.settle();
            one.core.damaged(List.of(new LostRange(7, 8, false, false)));
            one.tickFor(5_000);

            one.receive(THREE, vote(9, 6, 3));
            one.settle();

            assertThat(one.lastTo(THREE, VoteResponse.class).granted()).isFalse();
        }

        /** What is taken for the lost term happens to be right. */
        @Test
        void aSnapshotThatEndsAmongLostEntriesIsFetchedAndTakenOver() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2, 2, 2);
            one.core.damaged(List.of(new LostRange(5, 7, false, false)));

            one.receive(TWO, new Message.SnapshotOffer(3, 6, 2));

            assertThat(one.take().fetchSnapshot()).contains(TWO);
            one.settle();
            assertThat(one.core.beginInstall(7, 2)).isEqualTo(RaftCore.Install.STATE_AND_LOG);
        }

        private static CoreUnderTest followerThatCommittedAllOfFive() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 2, 0, 1, 1, 2, 2);
            one.receive(TWO, append(3, 5, 2, 5, List.of()));
            one.settle();
            return one;
        }

        /** The first of two lost files is back; what was taken for the terms of the second is too low. */
        @Test
        void theTermOfALostEntryIsNoLowerThanThatOfWhatIsCommittedInFrontOfIt() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 3, 0, 1, 1, 1, 1, 1, 1);
            one.core.damaged(List.of(new LostRange(4, 7, false, false)));
            answerTo(one, append(3, 3, 1, 5, entries(4, 3, 3)));
            List<ConfigAt> memberships = List.of(one.core.membership().orElseThrow());

            one.core.repaired(List.of(new TermStart(1, 0), new TermStart(2, 1), new TermStart(4, 3)), memberships);

            assertThat(one.core.lastIndex()).isEqualTo(7);
            assertThat(one.core.commitIndex()).isEqualTo(5);
        }

        /** An entry of term 1 is whole behind the lost ones. */
        @Test
        void aLostEntryThatMustHaveBeenOfAnEarlierTermThanTheLeadersIsReplacedAtOnce() {
            CoreUnderTest one = CoreUnderTest.of(ONE, 3, 3, 0, 1, 1, 1, 1, 1, 1);
            one.core.damaged(List.of(new LostRange(4, 6, false, false)));
            answerTo(one, append(3, 3, 1, 5, entries(4, 3, 3)));

            assertThat(one.core.lastIndex()).isEqualTo(5);
        }

        @Test
        void whatWasGivenUpIsRememberedOverRestarts() {
            RestoredState whole = CoreUnderTest.restored(3, 3, 0, 1, 1, 2);
            CoreUnderTest one = new CoreUnderTest(
                    CoreUnderTest.config(ONE),
                    new RestoredState(
                            new HardState(3, Optional.empty(), new LogEnd(2, 5)),
                            whole.configs(),
                            1,
                            4,
                            whole.terms(),
                            1,
                            true));

            one.receive(TWO, vote(4, 4, 2));
            one.settle();

            assertThat(one.lastTo(TWO, VoteResponse.class).refusal()).isEqualTo(Refusal.LOG_BEHIND);
        }
    }
}
