package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.storage.DiskFullException;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Repairs step by step, with peers, disk and clock in the hands of the test. */
class LogFetchTest {

    private static final Path FOLDER = Path.of("/store");
    private static final long LAST = 120;
    private static final ReplicaId FIRST_PEER = new ReplicaId(2);
    private static final ReplicaId SECOND_PEER = new ReplicaId(3);

    private final Random random = new Random(5);
    private final FaultyDisk disk = new FaultyDisk(random);
    private final FaultyDisk peerDisk = new FaultyDisk(random);
    private final Queue<IoAction> answers = new ArrayDeque<>();
    private final List<Long> unrepairable = new ArrayList<>();
    private long nowNanos = 1;
    private long neededFrom = 1;
    private long droppable;

    private interface IoAction {
        void run() throws IOException;
    }

    private LocalStore open(FaultyDisk where) throws IOException {
        return LocalStore.openStepped(
                where,
                FOLDER,
                new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 12 << 10, 0),
                () -> new UUID(random.nextLong(), random.nextLong()));
    }

    /** All stores hold the same entries in files of the same size. */
    private LocalStore filled(FaultyDisk where) throws IOException {
        LocalStore store = open(where);
        store.adopt("g", new Membership(new UUID(7, 7), List.of(new Member(new ReplicaId(1), store.storeUuid()))));
        for (long index = store.log().lastIndex() + 1; index <= LAST; index++) {
            store.log().append(List.of(entry(index)));
            store.log().sync();
        }
        return store;
    }

    private static Entry entry(long index) {
        byte[] payload = new byte[400];
        payload[0] = (byte) index;
        return Entry.of(index, 1 + index / 50, EntryType.COMMAND, ByteBuffer.wrap(payload));
    }

    /** Firsts of the files, in order. */
    private static List<Long> files(LocalStore store) {
        List<Long> firsts = new ArrayList<>();
        for (long index = store.log().firstIndex(); index <= LAST; index++) {
            long first = store.log().segmentStart(index);
            if (!firsts.contains(first)) {
                firsts.add(first);
            }
        }
        return firsts;
    }

    /** In the payload of its first entry. */
    private void damage(long firstIndexOfFile) {
        disk.flip(FOLDER.resolve("%020d.log".formatted(firstIndexOfFile)), 8_192 + 300, 4);
    }

    private LogFetch fetch(LocalStore store, LocalStore peer) {
        LogSource source = new LogSource(peer.log(), () -> LAST, () -> {});
        return new LogFetch(
                store,
                new BulkCalls() {
                    @Override
                    public void ask(ReplicaId from, Bulk.Request request, MaybeReceiver receiver) {
                        Bulk.Answer answer = source.read((Bulk.ReadLog) request);
                        answers.add(() -> receiver.receive(Optional.of(answer)));
                    }

                    @Override
                    public long nowNanos() {
                        return nowNanos;
                    }
                },
                new Pace(1L << 30),
                new Here(store));
    }

    private final class Here implements LogFetch.Surroundings {
        private final LocalStore store;

        Here(LocalStore store) {
            this.store = store;
        }

        @Override
        public List<ReplicaId> peers() {
            return List.of(FIRST_PEER, SECOND_PEER);
        }

        @Override
        public long committedIndex() {
            return LAST;
        }

        @Override
        public long neededFromIndex() {
            return neededFrom;
        }

        @Override
        public long droppableIndex() {
            return droppable;
        }

        @Override
        public void change(LogWriter.DiskAction action, Runnable done) {
            answers.add(() -> {
                action.run();
                done.run();
            });
        }

        @Override
        public void unrepairable(long index) {
            unrepairable.add(index);
        }

        @Override
        public void repaired() {
            // Asserted by what the log says.
        }

        @Override
        public void trimmed(long firstIndex) {
            assertThat(store.log().firstIndex()).isEqualTo(firstIndex);
        }
    }

    /** Steps for so long; what is asked is answered between two steps. */
    private void run(LogFetch fetch, int seconds) throws IOException {
        long untilNanos = nowNanos + TimeUnit.SECONDS.toNanos(seconds);
        while (nowNanos < untilNanos) {
            long waitNanos = fetch.step(nowNanos);
            IoAction answer = answers.poll();
            if (answer != null) {
                answer.run();
            } else {
                nowNanos += Math.min(waitNanos, TimeUnit.MILLISECONDS.toNanos(100));
            }
        }
    }

    @Test
    void aRepairThatCouldNotBeginForWantOfSpaceBeginsOnceThereIsSome() throws IOException {
        try (LocalStore peer = filled(peerDisk);
                LocalStore store = filled(disk)) {
            damage(files(store).get(2));
            store.log().verify();
            LogFetch fetch = fetch(store, peer);
            fetch.check(nowNanos);
            disk.fill(0);
            assertThatThrownBy(() -> run(fetch, 1)).isInstanceOf(DiskFullException.class);
            fetch.giveUp();
            disk.quota(Long.MAX_VALUE);

            run(fetch, 10);

            assertThat(store.log().damage()).isEmpty();
        }
    }
}
