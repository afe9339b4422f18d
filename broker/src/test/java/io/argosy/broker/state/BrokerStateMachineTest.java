package io.argosy.broker.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.PublishBatch.ClientHash;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.publish.PublishApplier;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BrokerStateMachineTest {

    private static final byte[] FIRST_KEY = {};
    private static final byte[] LAST_KEY = HexFormat.of().parseHex("ff".repeat(40));

    /** One replica's state over some store. */
    private record Replica(StateStore store, TopicTable topics, QueueIndex queues, BrokerStateMachine machine) {

        static Replica on(StateStore store) {
            TopicTable topics = new TopicTable(store);
            QueueIndex queues = new QueueIndex(store, topics);
            PublishApplier published = new PublishApplier(store, topics, queues);
            return new Replica(
                    store, topics, queues, new BrokerStateMachine(store, List.of(topics, queues, published)));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void storesHoldTheSameAfterTheSameRuns(long seed, @TempDir Path folder) {
        List<Entry> log = randomLog(new Random(seed), 1500);
        try (RocksStateStore rocks = RocksStateStore.open(folder.resolve("state"), 16 << 20);
                InMemoryStateStore memory = new InMemoryStateStore()) {
            Replica onRocks = Replica.on(rocks);
            Replica inMemory = Replica.on(memory);
            Random runs = new Random(seed);
            for (int from = 0; from < log.size(); ) {
                int to = Math.min(log.size(), from + 1 + runs.nextInt(20));
                onRocks.machine.apply(log.subList(from, to));
                inMemory.machine.apply(log.subList(from, to));
                if (runs.nextInt(20) == 0) {
                    onRocks.machine.flush();
                }
                from = to;
            }

            assertThat(contents(rocks)).isEqualTo(contents(memory));
            assertThat(visible(onRocks)).isEqualTo(visible(inMemory));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aReplicaThatIsKilledAgainAndAgainEndsLikeOneThatIsNot(long seed) {
        List<Entry> log = randomLog(new Random(seed), 2000);
        Replica steady = Replica.on(new InMemoryStateStore());
        steady.machine.apply(log);
        Random random = new Random(seed + 100);
        InMemoryStateStore store = new InMemoryStateStore();
        Replica killed = Replica.on(store);
        int applied = 0;
        while (applied < log.size()) {
            int to = Math.min(log.size(), applied + 1 + random.nextInt(60));
            killed.machine.apply(log.subList(applied, to));
            applied = to;
            if (random.nextInt(4) == 0) {
                killed.machine.flush();
            }
            if (random.nextInt(8) == 0) {
                store = store.crash();
                killed = Replica.on(store);
                applied = (int) killed.machine.durableAppliedIndex();
            }
        }

        assertThat(visible(killed)).isEqualTo(visible(steady));
        assertThat(killed.topics.version()).isEqualTo(steady.topics.version());
        assertThat(killed.machine.entryTimeMillis()).isEqualTo(steady.machine.entryTimeMillis());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReplicaThatIsBroughtUpBySnapshotEndsLikeOneThatAppliedEverything(boolean rocks, @TempDir Path folder)
            throws IOException {
        List<Entry> log = randomLog(new Random(5), 1500);
        try (StateStore first = rocks ? RocksStateStore.open(folder.resolve("1/state"), 16 << 20) : memory();
                StateStore second = rocks ? RocksStateStore.open(folder.resolve("2/state"), 16 << 20) : memory()) {
            Replica steady = Replica.on(first);
            Replica behind = Replica.on(second);
            behind.machine.apply(log.subList(0, 300));
            steady.machine.apply(log.subList(0, 1000));

            long index = steady.machine.snapshot(folder.resolve("snapshot"));
            steady.machine.apply(log.subList(1000, 1500));
            behind.machine.restore(folder.resolve("snapshot"));

            assertThat(index).isEqualTo(1000);
            assertThat(behind.machine.durableAppliedIndex()).isEqualTo(1000);
            behind.machine.apply(log.subList(1000, 1500));
            assertThat(visible(behind)).isEqualTo(visible(steady));
            assertThat(behind.topics.version()).isEqualTo(steady.topics.version());
            assertThat(behind.machine.entryTimeMillis()).isEqualTo(steady.machine.entryTimeMillis());
        }
    }

    private static StateStore memory() {
        return new InMemoryStateStore();
    }

    @Test
    void aReplicaKilledOnRocksDbEndsLikeOneThatIsNot(@TempDir Path folder) {
        List<Entry> log = randomLog(new Random(77), 1200);
        Replica steady = Replica.on(new InMemoryStateStore());
        steady.machine.apply(log);
        Random random = new Random(78);
        int applied = 0;
        while (true) {
            try (RocksStateStore store = RocksStateStore.open(folder.resolve("state"), 16 << 20)) {
                Replica replica = Replica.on(store);
                applied = (int) replica.machine.durableAppliedIndex();
                int stop = Math.min(log.size(), applied + 300);
                while (applied < stop) {
                    int to = Math.min(stop, applied + 1 + random.nextInt(30));
                    replica.machine.apply(log.subList(applied, to));
                    applied = to;
                    if (random.nextInt(8) == 0) {
                        replica.machine.flush();
                        assertThat(replica.machine.durableAppliedIndex()).isEqualTo(applied);
                    }
                }
                if (applied == log.size()) {
                    assertThat(visible(replica)).isEqualTo(visible(steady));
                    return;
                }
            }
        }
    }

    @Test
    void entryTimeNeverGoesBack() {
        LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());
        leader.commit(new CreateTopic(1000, "t", 1, Duration.ofHours(1)));
        leader.commit(batch(1, 0, 500, ClientHash.NONE, "id"));

        assertThat(leader.machine.entryTimeMillis()).isEqualTo(1000);
        assertThat(leader.messages(1, 0))
                .extracting(StoredMessage::timestampMillis)
                .containsExactly(1000L);
    }

    @Test
    void anEntryThatNobodyKnowsStopsTheReplica() {
        LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());
        ByteBuffer unknownKind = ByteBuffer.allocate(10).put(0, (byte) 99);
        ByteBuffer noApplier = ByteBuffer.allocate(10).put(0, Command.Kind.CONSUME.code());
        ByteBuffer unknownVersion =
                ByteBuffer.allocate(40).put(0, Command.Kind.PUBLISH.code()).put(1, (byte) 2);
        for (ByteBuffer payload : List.of(unknownKind, noApplier, unknownVersion, ByteBuffer.allocate(3))) {
            assertThatThrownBy(() -> leader.machine.apply(List.of(Entry.of(1, 1, EntryType.COMMAND, payload))))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(leader.store.appliedIndex()).isZero();
    }

    @Test
    void aGapInTheLogStopsTheReplica() {
        LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());

        assertThatThrownBy(() -> leader.machine.apply(List.of(Entry.of(2, 1, EntryType.NOOP, ByteBuffer.allocate(0)))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void readersAreToldOnceItCanBeRead() {
        LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());
        List<String> told = new ArrayList<>();
        leader.queues.onAdvance((topicId, queueId, end) ->
                told.add(topicId + "/" + queueId + ":" + end + "=" + leader.queues.maxOffset(topicId, queueId)));
        leader.commit(new CreateTopic(1, "t", 4, Duration.ofHours(1)));

        leader.commit(batch(1, 2, 1, ClientHash.NONE, "a", "b"));
        leader.commit(batch(1, 2, 1, ClientHash.NONE, "c"));

        assertThat(told).containsExactly("1/2:2=2", "1/2:3=3");
    }

    // ---- fixtures ----

    static PublishBatch batch(int topicId, int queueId, long timeMillis, ClientHash client, String... ids) {
        List<ByteString> messages = new ArrayList<>();
        for (String id : ids) {
            messages.add(Message.newBuilder()
                    .setSystemProperties(
                            SystemProperties.newBuilder().setMessageId(id).setTag("tag" + id.length()))
                    .setBody(ByteString.copyFromUtf8("body of " + id))
                    .build()
                    .toByteString());
        }
        PublishBatch.Builder batch = new PublishBatch.Builder(
                topicId,
                queueId,
                timeMillis,
                client,
                messages.size(),
                messages.stream().mapToInt(ByteString::size).sum());
        for (ByteString message : messages) {
            batch.add(message.asReadOnlyByteBuffer(), 0, message.size(), message.size() % 3);
        }
        return batch.build();
    }

    /** Publishes with repeated ids, topics that come and go, trims, and clocks that jump. */
    private static List<Entry> randomLog(Random random, int entries) {
        List<Entry> log = new ArrayList<>();
        long now = 1_000_000;
        for (int i = 1; i <= entries; i++) {
            now += random.nextInt(200) == 0 ? random.nextInt(70_000) : random.nextInt(300) - 50;
            int dice = random.nextInt(100);
            if (dice < 3) {
                log.add(Entry.of(i, 1 + i / 500, EntryType.NOOP, ByteBuffer.allocate(0)));
                continue;
            }
            Command command;
            if (i <= 3 || dice < 8) {
                command = new CreateTopic(
                        now,
                        "topic" + random.nextInt(6),
                        1 + random.nextInt(5),
                        Duration.ofSeconds(10 + random.nextInt(100)));
            } else if (dice < 10) {
                command = new DeleteTopic(now, "topic" + random.nextInt(6));
            } else if (dice < 12) {
                command = new TrimLog(now, random.nextInt(i));
            } else {
                String[] ids = new String[1 + random.nextInt(4)];
                for (int k = 0; k < ids.length; k++) {
                    ids[k] = "id" + random.nextInt(300);
                }
                ClientHash client = random.nextInt(10) == 0 ? ClientHash.NONE : ClientHash.of("c" + random.nextInt(2));
                command = batch(1 + random.nextInt(10), random.nextInt(5), now, client, ids);
            }
            log.add(Entry.of(i, 1 + i / 500, EntryType.COMMAND, command.encode()));
        }
        return log;
    }

    private static List<String> contents(StateStore store) {
        List<String> lines = new ArrayList<>();
        for (Family family : Family.values()) {
            store.scan(family, FIRST_KEY, LAST_KEY, (key, value) -> {
                String line = family + " " + HexFormat.of().formatHex(key) + " "
                        + HexFormat.of().formatHex(value);
                // The one key that a store keeps for itself.
                if (!new String(key, StandardCharsets.US_ASCII).equals("applied-index")) {
                    lines.add(line);
                }
                return true;
            });
        }
        return lines;
    }

    /** What readers can see: independent of which dead keys were swept already. */
    private static List<String> visible(Replica replica) {
        List<String> lines = new ArrayList<>();
        for (TopicView topic : replica.topics.all()) {
            lines.add(topic.toString());
            for (int queueId = 0; queueId < topic.queueCount(); queueId++) {
                lines.add(topic.name() + "/" + queueId + " "
                        + replica.queues.minOffset(topic.topicId(), queueId) + ".."
                        + replica.queues.maxOffset(topic.topicId(), queueId) + " "
                        + replica.queues.locate(topic.topicId(), queueId, 0, Integer.MAX_VALUE));
            }
        }
        return lines;
    }
}
