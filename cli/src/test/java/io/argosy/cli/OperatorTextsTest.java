package io.argosy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.MemberInfo;
import io.argosy.proto.v1.PeerProgress;
import org.junit.jupiter.api.Test;

/** What an operator reads of states that a running group is in for a moment only. */
final class OperatorTextsTest {

    private static final DescribeReplicaResponse GROUP = DescribeReplicaResponse.newBuilder()
            .setLeaderId(2)
            .addMembers(member(1, 100, true))
            .addMembers(member(2, 100, true))
            .addMembers(member(4, 200, true))
            .addMembers(member(5, 250, false))
            .build();

    private static MemberInfo member(int id, int priority, boolean voter) {
        return MemberInfo.newBuilder()
                .setReplicaId(id)
                .setPriority(priority)
                .setVoter(voter)
                .build();
    }

    private static String transferred(int to, int leader) {
        return MembershipCommands.Transfer.transferred(
                to, GROUP.toBuilder().setLeaderId(leader).build());
    }

    @Test
    void aTransferTellsWhoMayTakeOverAgain() {
        String again = " (replica 4 has priority 200 and may take over again; see 'argosy raft priority')";

        assertThat(transferred(2, 2)).isEqualTo("replica 2 leads" + again);
        assertThat(transferred(0, 2)).isEqualTo("replica 2 leads" + again);
        assertThat(transferred(2, 4)).isEqualTo("replica 2 took over, and by now replica 4 leads" + again);
        assertThat(transferred(4, 4)).isEqualTo("replica 4 leads");
    }

    @Test
    void aNewLeaderDoesNotKnowForHowLongAnotherWasSilentBefore() {
        PeerProgress frozen = PeerProgress.newBuilder()
                .setState("PROBE")
                .setReachable(true)
                .setStanding("VOTER")
                .setSilent(true)
                .setSilentMillis(2_600)
                .build();

        assertThat(RaftStatusCommand.state(frozen)).isEqualTo("PROBE, silent 2.6 s");
        PeerProgress never = frozen.toBuilder().setNeverAnswered(true).build();
        assertThat(RaftStatusCommand.state(never)).isEqualTo("PROBE, silent since this leader leads, 2.6 s");
        assertThat(RaftStatusCommand.state(
                        never.toBuilder().setStanding("LEARNER").build()))
                .isEqualTo("PROBE, no answer to this leader yet, 2.6 s");
    }
}
