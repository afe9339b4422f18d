package io.argosy.raft.core;

import static io.argosy.raft.core.CoreUnderTest.ONE;
import static io.argosy.raft.core.CoreUnderTest.THREE;
import static io.argosy.raft.core.CoreUnderTest.TWO;
import static io.argosy.raft.core.CoreUnderTest.append;
import static io.argosy.raft.core.CoreUnderTest.entries;
import static io.argosy.raft.core.CoreUnderTest.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Role;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.VoteResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A replica of an asynchronous group whose machine started anew: its log may have gone further (D3). */
class UnsyncedLossTest {

    private static final LogEnd UNKNOWN =
            new HardState(3, Optional.empty()).withUnknownEnd().reached();

    /** Entries 1 to 3 are left, the last of term 3; term 3 is also the last that it heard of. */
    private static CoreUnderTest replica() {
        RestoredState whole = CoreUnderTest.restored(3, 3, 0, 1, 3);
        return new CoreUnderTest(
                CoreUnderTest.config(ONE),
                new RestoredState(
                        new HardState(3, Optional.of(TWO), UNKNOWN), whole.configs(), 1, 3, whole.terms(), 1, true));
    }

    private static Refusal refusalOf(CoreUnderTest one, long term, long lastIndex, long lastTerm) {
        one.receive(THREE, vote(term, lastIndex, lastTerm));
        one.settle();
        return one.lastTo(THREE, VoteResponse.class).refusal();
    }

    private static AppendResponse answerTo(CoreUnderTest one, Message.AppendRequest request) {
        one.receive(TWO, request);
        one.settle();
        return one.lastTo(TWO, AppendResponse.class);
    }

    @Test
    void replicaVotesForNobodyWhoMayHaveLess() {
        CoreUnderTest one = replica();

        assertThat(refusalOf(one, 4, 1_000_000, 3)).isEqualTo(Refusal.LOG_BEHIND);
        assertThat(refusalOf(one, 5, 4, 4)).isEqualTo(Refusal.NONE);
    }

    @Test
    void replicaNeedsTheVotesOfAMajorityOfOthers() {
        CoreUnderTest one = replica();
        one.tickUntil(Role.PRE_CANDIDATE, 700);

        one.receive(TWO, new VoteResponse(4, true, true, Refusal.NONE));
        assertThat(one.core.role()).isEqualTo(Role.PRE_CANDIDATE);
        one.receive(THREE, new VoteResponse(4, true, true, Refusal.NONE));
        assertThat(one.core.role()).isEqualTo(Role.CANDIDATE);
    }

    @Test
    void leaderOfALaterTermBringsItUp() {
        CoreUnderTest one = replica();

        answerTo(one, append(4, 3, 3, 0, entries(4, 3)));
        one.tickUntil(Role.PRE_CANDIDATE, 1_000);
        assertThat(refusalOf(one, 5, 4, 3)).isEqualTo(Refusal.LOG_BEHIND);
        answerTo(one, append(6, 4, 3, 0, entries(5, 6)));
        one.tickUntil(Role.PRE_CANDIDATE, 1_000);

        assertThat(refusalOf(one, 7, 5, 6)).isEqualTo(Refusal.NONE);
    }

    @Test
    void sameLeaderBringsItUpByAllThatItTookForAcknowledged() {
        CoreUnderTest one = replica();

        // The stream begins at what the leader knows to be here, and it is.
        answerTo(one, append(3, 3, 3, 3, List.of()));
        answerTo(one, append(3, 3, 3, 3, entries(4, 3)));
        one.tickUntil(Role.PRE_CANDIDATE, 1_000);

        assertThat(refusalOf(one, 4, 4, 3)).isEqualTo(Refusal.NONE);
    }

    @Test
    void sameLeaderMustBringUpAllThatItCommitted() {
        CoreUnderTest one = replica();

        assertThat(answerTo(one, append(3, 5, 3, 5, List.of())).rejected()).isTrue();
        answerTo(one, append(3, 3, 3, 5, entries(4, 3)));
        one.tickUntil(Role.PRE_CANDIDATE, 1_000);
        assertThat(refusalOf(one, 4, 4, 3)).isEqualTo(Refusal.LOG_BEHIND);

        CoreUnderTest other = replica();
        answerTo(other, append(3, 5, 3, 5, List.of()));
        answerTo(other, append(3, 3, 3, 5, entries(4, 3, 3)));
        other.tickUntil(Role.PRE_CANDIDATE, 1_000);
        assertThat(refusalOf(other, 4, 5, 3)).isEqualTo(Refusal.NONE);
    }

    @Test
    void leadersCommitsThatCountedWhatIsGoneAreWaitedForOverAnotherStream() {
        CoreUnderTest one = replica();
        answerTo(one, append(3, 5, 3, 3, List.of()));

        // The leader has forgotten what it took for acknowledged, after it had committed with it.
        one.receive(TWO, new Message.AppendRequest(3, 3, 3, 5, 78, entries(4, 3)));
        one.settle();
        one.tickUntil(Role.PRE_CANDIDATE, 1_000);

        assertThat(refusalOf(one, 4, 4, 3)).isEqualTo(Refusal.LOG_BEHIND);
    }

    @Test
    void whatIsUnknownStaysUnknownOverRestartsUntilThen() {
        CoreUnderTest one = replica();

        one.receive(TWO, append(4, 3, 3, 0, List.of()));
        Persist persist = one.take().persist().orElseThrow();

        assertThat(persist.hardState()).contains(new HardState(4, Optional.empty(), UNKNOWN));
    }
}
