package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.LogEnd;
import io.argosy.raft.storage.FaultyDisk;
import io.argosy.raft.storage.LocalStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the writer says is persisted, when power is lost right behind it (D3). */
class LogWriterTest {

    private static final Path FOLDER = Path.of("/group");
    private static final RaftConfig CONFIG = new RaftConfig(
            "g",
            new ReplicaId(1),
            Map.of(new ReplicaId(1), InetSocketAddress.createUnresolved("localhost", 1)),
            InetSocketAddress.createUnresolved("localhost", 1),
            FOLDER,
            RaftConfig.Timing.DEFAULT,
            RaftConfig.Limits.DEFAULT,
            RaftConfig.Storage.DEFAULT);

    private static LocalStore open(FaultyDisk disk, SplittableRandom random) throws IOException {
        return LocalStore.openStepped(
                disk, FOLDER, CONFIG.storage(), () -> new UUID(random.nextLong(), random.nextLong()));
    }

    private static Persist write(long index) {
        Entry entry = Entry.of(index, 1, EntryType.COMMAND, ByteBuffer.wrap(new byte[700]));
        return new Persist(index, 1, Optional.empty(), OptionalLong.empty(), 0, List.of(entry), List.of());
    }

    private static LogWriter writer(FaultyDisk disk, LocalStore store) throws IOException {
        MemoryNetwork network = new MemoryNetwork();
        return new LogWriter(
                CONFIG,
                disk,
                store,
                network.transport(CONFIG.self()),
                () -> 1,
                new LogWriter.Events() {
                    @Override
                    public void persisted() {
                        // Asked for below.
                    }

                    @Override
                    public void adopted(Membership membership, CompletableFuture<Void> answer) {
                        throw new AssertionError("nothing was adopted");
                    }

                    @Override
                    public void trimmed(long firstIndex) {
                        throw new AssertionError("nothing was trimmed");
                    }
                },
                () -> {});
    }

    private static LogWriter writerThatDidNotSync(FaultyDisk disk, LocalStore store) throws IOException {
        LogWriter writer = writer(disk, store);
        writer.async(true);
        writer.persist(write(1));
        writer.step();
        return writer;
    }

    @Test
    void whatIsPersistedBehindTheEndOfAsynchronousFlushesSurvivesALossOfPower() throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FaultyDisk disk = new FaultyDisk(random);
            LogWriter writer = writerThatDidNotSync(disk, open(disk, random));
            assertThat(writer.persistedSequence()).isEqualTo(1);

            writer.async(false);
            writer.persist(write(2));
            writer.step();
            assertThat(writer.persistedSequence()).isEqualTo(2);

            try (LocalStore left = open(disk.crash(), random)) {
                assertThat(left.log().lastIndex()).as("seed %d", seed).isEqualTo(2);
                assertThat(left.log().damage()).as("seed %d", seed).isEmpty();
                assertThat(left.hardState().reached()).as("seed %d", seed).isEqualTo(LogEnd.NONE);
            }
        }
    }

    @Test
    void lossOfPowerBehindAnAsynchronousWriteIsNoticed() throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FaultyDisk disk = new FaultyDisk(random);
            writerThatDidNotSync(disk, open(disk, random));

            try (LocalStore left = open(disk.crash(), random)) {
                assertThat(left.hardState().reached().isUnknown())
                        .as("seed %d", seed)
                        .isTrue();
            }
        }
    }
}
