package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.raft.Entry;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Log that is damaged or missing on one replica comes back from the others (R32, D2). */
class RepairTest {

    private static final String FILLER = "x".repeat(2000);

    @TempDir
    private Path folder = Path.of(".");

    private Replicas three() {
        return Replicas.inMemory(folder, 3, new MemoryNetwork())
                .storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 1L << 30));
    }

    private static void write(Replicas replicas, int count) {
        replicas.commit("first");
        RaftServer leader = replicas.node(replicas.leader());
        List<CompletableFuture<ProposeResult>> proposed = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            proposed.add(Replicas.propose(leader, i + FILLER));
        }
        proposed.forEach(result -> assertThat(result.join()).isInstanceOf(ProposeResult.Committed.class));
    }

    private List<Path> segments(Replicas replicas, int number) throws IOException {
        try (Stream<Path> files = Files.list(replicas.folderOf(Replicas.id(number)))) {
            return files.filter(f -> f.toString().endsWith(".log")).sorted().toList();
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(position);
            int old = open.read();
            open.seek(position);
            open.write(old ^ 0x10);
        }
    }

    private static void awaitWhole(RaftNode node, RaftNode like) {
        await().atMost(Replicas.PATIENCE)
                .until(() -> node.status().damage().isEmpty()
                        && node.status().catchup().isEmpty()
                        && same(node, like));
    }

    /** It finds nothing to complain of, and may lead. */
    private static void assertThatTheNextStartFindsItWhole(Replicas replicas, int id) throws Exception {
        replicas.stop(id);
        RaftServer node = replicas.start(id);
        assertThat(node.status().damage()).isEmpty();
        awaitWhole(node, replicas.node(replicas.leader()));
    }

    /** Every entry can be read, and is the same. */
    private static boolean same(RaftNode node, RaftNode like) {
        long last = like.status().commitIndex();
        if (node.status().commitIndex() < last
                || node.status().firstIndex() > like.status().firstIndex()) {
            return false;
        }
        long index = Math.max(like.status().firstIndex(), node.status().firstIndex());
        while (index <= last) {
            try {
                Entry here = node.log().readBlocking(index, 1).get(0);
                Entry there = like.log().readBlocking(index, 1).get(0);
                if (here.term() != there.term() || !here.payload().equals(there.payload())) {
                    return false;
                }
            } catch (RaftNode.DamagedEntryException | RaftNode.TrimmedException e) {
                return false;
            }
            index++;
        }
        return true;
    }

    /** In the head of the file, in a payload, in the head of a record, near the end. */
    @ParameterizedTest
    @ValueSource(longs = {100, 20_000, 8192 + 20, 60_000})
    void aDamagedSegmentIsWrittenAnewFromPeers(long position) throws Exception {
        try (Replicas replicas = three().born()) {
            write(replicas, 120);
            int hurt = replicas.follower();
            replicas.stop(hurt);
            Path file = segments(replicas, hurt).get(1);
            flip(file, position);
            if (position == 100) {
                flip(file, position + 4096); // both copies
            }
            try (Stream<Path> indexes = Files.list(replicas.folderOf(Replicas.id(hurt)))) {
                for (Path index :
                        indexes.filter(f -> f.toString().endsWith(".index")).toList()) {
                    Files.delete(index);
                }
            }

            RaftServer node = replicas.start(hurt);

            awaitWhole(node, replicas.node(replicas.leader()));
            assertThatTheNextStartFindsItWhole(replicas, hurt);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    /** While it runs, and nobody reads them. */
    @Test
    void whatRotsAtRestInAnyFileIsFoundByAScrubAndBroughtBack() throws Exception {
        try (Replicas replicas = three().born()) {
            // What a follower gets at once lies in one file, however large.
            for (int file = 0; file < 4; file++) {
                write(replicas, 40);
            }
            int hurt = replicas.follower();
            RaftServer node = replicas.node(hurt);
            RaftServer leader = replicas.node(replicas.leader());
            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() > 160);
            await().atMost(Replicas.PATIENCE).until(() -> node.scrubbed().finished() == 1);
            Path data = replicas.folderOf(Replicas.id(hurt));
            List<Path> logs = segments(replicas, hurt);
            flip(logs.get(0), 30_000); // a payload
            flip(logs.get(1), 100); // one copy of a header
            flip(logs.get(2), 8192 + 20); // the head of a record
            flip(logs.get(logs.size() - 1), 8192 + 200); // in the file that is written
            flip(data.resolve("identity"), 20);
            flip(data.resolve("hardstate"), 4096 + 20);
            flip(data.resolve(logs.get(0).getFileName().toString().replace(".log", ".index")), 40);

            node.scrub(100 << 20);

            await().atMost(Replicas.PATIENCE)
                    .until(() -> node.scrubbed().finished() == 2
                            && node.scrubbed().open().isEmpty());
            awaitWhole(node, leader);
            assertThat(node.scrubbed().damaged()).isGreaterThanOrEqualTo(5);
            assertThat(node.scrubbed().repaired()).isEqualTo(node.scrubbed().damaged());
            assertThat(replicas.exitCodes).isEmpty();
            replicas.stop(hurt);
            RaftServer again = replicas.start(hurt);
            await().atMost(Replicas.PATIENCE).until(() -> again.scrubbed().finished() == 1);
            assertThat(again.scrubbed().damaged()).isZero();
            awaitWhole(again, leader);
        }
    }

    @Test
    void aMissingSegmentComesBack() throws Exception {
        try (Replicas replicas = three().born()) {
            write(replicas, 120);
            int hurt = replicas.follower();
            replicas.stop(hurt);
            Files.delete(segments(replicas, hurt).get(1));

            RaftServer node = replicas.start(hurt);

            awaitWhole(node, replicas.node(replicas.leader()));
        }
    }

    /** With its header the term in front of the log is lost. */
    @Test
    void theFirstSegmentComesBackThoughNoHeaderOfItIsLeft() throws Exception {
        try (Replicas replicas = three().born()) {
            write(replicas, 120);
            int hurt = replicas.follower();
            replicas.stop(hurt);
            Path first = segments(replicas, hurt).get(0);
            flip(first, 100);
            flip(first, 100 + 4096);

            RaftServer node = replicas.start(hurt);

            awaitWhole(node, replicas.node(replicas.leader()));
            assertThatTheNextStartFindsItWhole(replicas, hurt);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void damageInTheSegmentThatIsWrittenIsRepairedWhileEntriesCome() throws Exception {
        try (Replicas replicas = three().born()) {
            write(replicas, 10);
            int hurt = replicas.follower();
            replicas.stop(hurt);
            flip(segments(replicas, hurt).get(0), 12_000);

            RaftServer node = replicas.start(hurt);
            write(replicas, 10);

            awaitWhole(node, replicas.node(replicas.leader()));
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    /** Returns the index up to which all was committed, once the replica has applied it. */
    private static long writeUntilApplied(Replicas replicas, int count, int by) {
        write(replicas, count);
        long all = replicas.node(replicas.leader()).status().commitIndex();
        await().atMost(Replicas.PATIENCE).until(() -> replicas.node(by).status().appliedIndex() >= all);
        return all;
    }

    /** In its first file, which the others trim while it is down. */
    private RaftServer restartDamaged(Replicas replicas, int hurt, long... positions) throws Exception {
        replicas.stop(hurt);
        for (long position : positions) {
            flip(segments(replicas, hurt).get(0), position);
        }
        trimTo(replicas, 60);
        return replicas.start(hurt);
    }

    /** The state must pass the entry, and nobody has it any more. */
    @Test
    void aReplicaWhoseDamagedEntryWasTrimmedByAllOthersGetsASnapshot() throws Exception {
        try (Replicas replicas = three().born()) {
            int hurt = replicas.follower();
            long all = writeUntilApplied(replicas, 150, hurt);

            RaftServer node = restartDamaged(replicas, hurt, 12_000);

            await().atMost(Replicas.PATIENCE)
                    .until(() -> node.status().appliedIndex() >= all
                            && node.status().catchup().isEmpty());
            assertThat(node.status().lastIndex()).isGreaterThanOrEqualTo(all);
            replicas.machine(hurt).makeDurable();
            node.trim(60);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().damage().isEmpty());
            replicas.commit("last");
            replicas.awaitCommands(commands -> commands.contains("last"));
            assertThat(replicas.machine(hurt).commands())
                    .isEqualTo(replicas.machine(replicas.leader()).commands());
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    /** Of two damaged entries of a file the state has passed the first. */
    @Test
    void aStateThatIsStoppedBehindAnotherDamagedEntryOfTheFileGetsASnapshotToo() throws Exception {
        try (Replicas replicas = three().born()) {
            int hurt = replicas.follower();
            writeUntilApplied(replicas, 10, hurt);
            replicas.machine(hurt).makeDurable();
            long all = writeUntilApplied(replicas, 150, hurt);

            RaftServer node = restartDamaged(replicas, hurt, 12_000, 50_000);

            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() >= all);
            replicas.machine(hurt).makeDurable();
            await().atMost(Replicas.PATIENCE).until(() -> node.status().damage().isEmpty());
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    /** The state stands for it; what is needed of its file stays. */
    @Test
    void aDamagedEntryThatAllOthersHaveTrimmedIsLeftOut() throws Exception {
        try (Replicas replicas = three().born()) {
            int hurt = replicas.follower();
            long all = writeUntilApplied(replicas, 150, hurt);
            replicas.machine(hurt).makeDurable();
            replicas.machine(hurt).needs(20);

            RaftServer node = restartDamaged(replicas, hurt, 12_000);

            await().atMost(Replicas.PATIENCE)
                    .until(() -> node.status().damage().isEmpty()
                            && node.status().appliedIndex() >= all
                            && !node.status().hollow());
            assertThat(node.log().readBlocking(20, 1).get(0).index()).isEqualTo(20);
            replicas.commit("last");
            replicas.awaitCommands(commands -> commands.contains("last"));
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    private static void trimTo(Replicas replicas, long index) {
        for (int number : replicas.numbers()) {
            RaftNode node = replicas.node(number);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() >= index + 60);
            replicas.machine(number).makeDurable();
            node.trim(index);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().firstIndex() > 1);
        }
    }

    @Test
    void aHollowReplicaFetchesTheBodiesBelowItsSnapshot() throws Exception {
        try (Replicas replicas = three().born()) {
            int behind = replicas.follower();
            replicas.stop(behind);
            write(replicas, 150);
            trimTo(replicas, 60);
            RaftServer leader = replicas.node(replicas.leader());
            replicas.machine(behind).needs(leader.status().firstIndex());

            RaftServer node = replicas.start(behind);

            awaitWhole(node, leader);
            assertThat(node.status().firstIndex()).isEqualTo(leader.status().firstIndex());
            assertThat(node.status().hollow()).isFalse();
            replicas.machine(behind).makeDurable();
            assertThatTheNextStartFindsItWhole(replicas, behind);
            assertThat(replicas.exitCodes).isEmpty();
        }
    }

    @Test
    void aMembershipWhoseEntryIsLostStaysInForceWhileItIsRepaired() throws Exception {
        try (Replicas replicas = three().born()) {
            write(replicas, 10);
            int hurt = replicas.follower();
            assertThat(replicas.node(replicas.leader())
                            .operations()
                            .changeFlush(RaftConfig.Flush.ASYNC)
                            .join())
                    .isInstanceOf(OperatorResult.Done.class);
            write(replicas, 10);
            long all = replicas.node(replicas.leader()).status().commitIndex();
            await().atMost(Replicas.PATIENCE)
                    .until(() -> replicas.node(hurt).status().commitIndex() >= all);
            assertThat(replicas.node(hurt).status().membership().orElseThrow().isAsync())
                    .isTrue();
            replicas.stop(hurt);
            List<Path> files = segments(replicas, hurt);
            Path last = files.get(files.size() - 1);
            flip(last, 100);
            flip(last, 100 + 4096);
            RaftServer node = replicas.start(hurt);
            assertThat(node.status().membership().orElseThrow().isAsync())
                    .as("damaged")
                    .isTrue();
            awaitWhole(node, replicas.node(replicas.leader()));
            assertThat(node.status().membership().orElseThrow().isAsync())
                    .as("repaired")
                    .isTrue();
        }
    }

    /** Power was lost while the entry was written, and what was written behind it in the same write is on the disk. */
    @Test
    void aMembershipThatOnlyASnapshotTellsOfIsInForceOnceItsEntryIsLeftOut() throws Exception {
        try (Replicas replicas = three().born()) {
            int hurt = replicas.follower();
            replicas.stop(hurt);
            // One file for all: no header behind the entry names its membership.
            replicas.storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 8 << 20, 1L << 30));
            replicas.start(hurt);
            writeUntilApplied(replicas, 10, hurt);
            Path beside = replicas.folderOf(Replicas.id(hurt)).resolve("membership");
            byte[] recordedBefore = Files.readAllBytes(beside);
            assertThat(replicas.node(replicas.leader())
                            .operations()
                            .changeFlush(RaftConfig.Flush.ASYNC)
                            .join())
                    .isInstanceOf(OperatorResult.Done.class);
            long all = writeUntilApplied(replicas, 150, hurt);
            byte[] change = bytesOf(
                    replicas.node(hurt).status().membership().orElseThrow().encode());
            replicas.stop(hurt);
            Files.write(beside, recordedBefore);
            Path file = segments(replicas, hurt).get(0);
            int at = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                    .indexOf(new String(change, StandardCharsets.ISO_8859_1), 8192); // the header names memberships too
            flip(file, at + 20);
            trimTo(replicas, 60);

            replicas.storage(new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64 << 10, 1L << 30));
            RaftServer node = replicas.start(hurt);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().appliedIndex() >= all);
            replicas.machine(hurt).needs(61);
            replicas.machine(hurt).makeDurable();
            // The file that was begun behind the damaged one names the membership that was known then: it is written
            // anew, too.
            write(replicas, 60);
            await().atMost(Replicas.PATIENCE).until(() -> node.status().damage().isEmpty());
            assertThat(node.status().membership().orElseThrow().isAsync())
                    .as("left out")
                    .isTrue();
        }
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
