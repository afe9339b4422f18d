package io.argosy.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.core.Message;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line of {@code scripts/simulate.sh}, and the words it prints. */
final class CampaignTest {

    @TempDir
    private Path folder;

    @Test
    void campaignsWithOtherFirstSeedsOrPlansKeepTheirOwnPlaces() throws Exception {
        assertThat(run("--from", "1", "--seeds", "1")).isZero();
        assertThat(run("--from", "500", "--seeds", "2")).isZero();
        assertThat(run("--from", "1", "--seeds", "3", "--without", "loss")).isZero();
        assertThat(run("--from", "1", "--seeds", "1", "--resume")).isZero();

        assertThat(place("ledger-from-1")).isEqualTo("3");
        assertThat(place("ledger-from-500")).isEqualTo("502");
        assertThat(place("ledger-from-1-without-LOSS")).isEqualTo("4");
    }

    @Test
    void wrongOptionsAreRefused() throws Exception {
        assertThat(run("--without", "NOPE")).isEqualTo(2);
        assertThat(Campaign.run(new String[] {"--seed", "42", "--resume"}, Ledger::new))
                .isEqualTo(2);
        assertThatThrownBy(() -> Plan.of(1).with("--without", "LOSS,NOPE"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--without takes kinds of faults, not 'NOPE': LOSS, DUPLICATION, PARTITION,");
        assertThatThrownBy(() -> Plan.of(1).with("--strikes", "1,x"))
                .hasMessage("--strikes takes numbers with commas, or none, not 'x'");
    }

    @Test
    void everyMessageHasWords() {
        List<Message> all = List.of(
                new VoteRequest(5, 12, 4, true, false, true, false),
                new VoteResponse(5, false, false, Refusal.LEADER_ALIVE),
                new AppendRequest(5, 0, 0, 0, 7, List.of()),
                new AppendResponse(5, 7, true, 12, 3, 10, 9, false),
                new Heartbeat(5, 12, 0, 7),
                new HeartbeatResponse(5, 0, 7, 12, 11, true, 1),
                new TimeoutNow(5),
                new SnapshotOffer(5, 100, 4),
                new LeaderResigned(5));

        assertThat(all).hasSameSizeAs(Message.class.getPermittedSubclasses());
        assertThat(all.stream().map(Words::of))
                .containsExactly(
                        "would you vote for me in term 5, my log ends with entry 12 of term 4, the leader has died",
                        "no, votes not, is in term 5: leader alive",
                        "no entries behind the beginning, committed up to 0, leader of term 5, session 7",
                        "refused behind entry 12, may agree up to entry 10 of term 3, applied up to 9, term 5, session 7",
                        "heartbeat, committed up to 12, leader of term 5, read round 0",
                        "answer to a heartbeat, on disk up to 12, applied up to 11, term 5, read round 0,"
                                + " holds all from 1, disk slow",
                        "campaign at once, says the leader of term 5",
                        "fetch a snapshot, my log begins behind entry 100 of term 4, leader of term 5",
                        "no longer the leader of term 5");
    }

    private int run(String... options) throws IOException, InterruptedException {
        String[] all = new String[options.length + 2];
        System.arraycopy(options, 0, all, 0, options.length);
        all[options.length] = "--dir";
        all[options.length + 1] = folder.toString();
        return Campaign.run(all, Ledger::new);
    }

    private String place(String campaign) throws IOException {
        return Files.readString(folder.resolve(campaign).resolve("next-seed")).strip();
    }
}
