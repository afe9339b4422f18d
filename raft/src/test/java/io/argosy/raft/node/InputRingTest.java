package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class InputRingTest {

    private final InputRing ring = new InputRing();

    private static Input from(int replica, Message message) {
        return new Input.Received(new ReplicaId(replica), message, 64);
    }

    @Test
    void everyKindOfMessageHasALine() {
        List<Message> messages = List.of(
                new Message.VoteRequest(7, 10, 6, true, false, true, false),
                new Message.VoteResponse(7, false, true, Message.Refusal.LOG_BEHIND),
                new Message.AppendRequest(7, 10, 6, 9, 3, List.of()),
                new Message.AppendResponse(7, 3, true, 10, 6, 8, 5, false),
                new Message.Heartbeat(7, 9, 4, 3, 1024, -1),
                new Message.HeartbeatResponse(7, 4, 3, 10, 5, true, 1),
                new Message.TimeoutNow(7),
                new Message.SnapshotOffer(7, 2, 1),
                new Message.LeaderResigned(7));

        messages.forEach(message -> ring.input(from(2, message), 0));

        assertThat(messages.stream().<Class<?>>map(Object::getClass))
                .containsExactlyInAnyOrder(Message.class.getPermittedSubclasses());
        assertThat(ring.lines(1_500_000).lines().toList())
                .hasSameSizeAs(messages)
                .allMatch(line -> line.startsWith("-1.500 ms ") && line.contains(" from=2 term=7"))
                .anyMatch(line -> line.endsWith("readRound=4 session=3 windowEnd=1024 windowHash=-1"));
    }

    @Test
    void otherInputsHaveNames() {
        ring.input(new Input.Trimmed(5), 0);
        ring.input(new Input.Close(), 0);
        ring.input(new Input.Read(new CompletableFuture<>()), 0);
        ring.input(new Input.Peer(new ReplicaId(3), Input.PeerEvent.LOST, 0), 0);
        ring.persisted(8, 0);
        ring.applied(9, 0);

        assertThat(ring.lines(0).lines())
                .containsExactly(
                        "0.000 ms OTHER Trimmed",
                        "0.000 ms OTHER Close",
                        "0.000 ms READ",
                        "0.000 ms PEER_LOST from=3",
                        "0.000 ms PERSISTED sequence=8",
                        "0.000 ms APPLIED index=9");
    }

    @Test
    void theOldestAreOverwritten() {
        for (int i = 0; i < InputRing.INPUTS + 5; i++) {
            ring.applied(i, 0);
        }

        Stream<String> lines = ring.lines(0).lines();

        assertThat(ring.count()).isEqualTo(InputRing.INPUTS + 5);
        assertThat(lines)
                .hasSize(InputRing.INPUTS)
                .startsWith("0.000 ms APPLIED index=5")
                .endsWith("0.000 ms APPLIED index=" + (InputRing.INPUTS + 4));
    }
}
