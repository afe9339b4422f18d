package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.CoreConfig;
import io.argosy.raft.core.Effects;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * How fast three cores replicate on one thread with disks and links that take no time: the cost of the core itself.
 * Not a test; run {@code main}.
 */
final class ReplicationRate {

    private static final long MILLI = 1_000_000;

    private final RaftCore[] cores = new RaftCore[3];
    private final long[] applied = {1, 1, 1};
    private long nowNanos;

    private ReplicationRate() {
        List<Member> voters = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            voters.add(new Member(new ReplicaId(i), new UUID(7, i)));
        }
        Membership group = new Membership(new UUID(1, 1), voters);
        for (int i = 0; i < 3; i++) {
            CoreConfig config = new CoreConfig(
                    voters.get(i).id(),
                    voters.get(i).storeUuid(),
                    50 * MILLI,
                    300 * MILLI,
                    600 * MILLI,
                    1 << 20,
                    8 << 20,
                    256L << 20,
                    64L << 20);
            RestoredState restored = new RestoredState(
                    HardState.INITIAL, List.of(new ConfigAt(1, group)), 1, 1, List.of(new TermStart(0, 0)), 1, true);
            cores[i] = new RaftCore(config, restored, new SplittableRandom(i), 0);
        }
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++) {
                if (a != b) {
                    cores[a].peerReset(voters.get(b).id(), a * 10L + b);
                }
            }
        }
        while (cores[0].role() != Role.LEADER) {
            nowNanos += 10 * MILLI;
            cores[0].tick(nowNanos);
            exchange();
        }
    }

    public static void main(String[] args) {
        for (int batch : new int[] {1, 10, 100, 1_000}) {
            ReplicationRate cluster = new ReplicationRate();
            cluster.replicate(1_000_000, batch);
            long startNanos = System.nanoTime();
            cluster.replicate(1_000_000, batch);
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            System.out.printf("batches of %d: %,.0f entries/s%n", batch, 1_000_000 / seconds);
        }
    }

    private void replicate(int entries, int batch) {
        ByteBuffer payload = ByteBuffer.allocate(100).asReadOnlyBuffer();
        int crc = Entry.crcOf(payload);
        for (int i = 0; i < entries; i += batch) {
            for (int j = 0; j < batch; j++) {
                if (!(cores[0].propose(EntryType.COMMAND, payload, crc) instanceof RaftCore.Proposed.Accepted)) {
                    throw new AssertionError("refused");
                }
            }
            exchange();
        }
        if (cores[0].commitIndex() != cores[0].lastIndex()) {
            throw new AssertionError("not all committed");
        }
    }

    private void exchange() {
        boolean busy = true;
        while (busy) {
            busy = false;
            for (int i = 0; i < 3; i++) {
                if (cores[i].hasEffects()) {
                    busy = true;
                    perform(i, cores[i].takeEffects());
                }
            }
        }
    }

    private void perform(int i, Effects effects) {
        send(i, effects.sendNow());
        if (effects.persist().isPresent()) {
            Effects.Persist persist = effects.persist().get();
            cores[i].persisted(persist.sequence());
            send(i, persist.sendAfterDurable());
        }
        if (effects.commitIndex() > applied[i]) {
            applied[i] = effects.commitIndex();
            cores[i].applied(applied[i]);
        }
    }

    private void send(int from, List<Outbound> messages) {
        for (Outbound outbound : messages) {
            cores[outbound.to().value() - 1].receive(new ReplicaId(from + 1), outbound.message(), nowNanos);
        }
    }
}
