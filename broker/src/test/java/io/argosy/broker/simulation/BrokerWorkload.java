package io.argosy.broker.simulation;

import com.google.protobuf.ByteString;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.PublishBatch.ClientHash;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.publish.CompactApplier;
import io.argosy.broker.publish.CompactBatches;
import io.argosy.broker.publish.PublishApplier;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.state.BrokerStateMachine;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.raft.Entry;
import io.argosy.raft.RoleChange;
import io.argosy.raft.sim.SimulatedMachine;
import io.argosy.raft.sim.Workload;
import io.argosy.raft.storage.Disk;
import io.argosy.wire.batch.CompactBatchBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/** Topics that come and go, and messages, some of them sent twice, on the broker's own state machine. */
final class BrokerWorkload implements Workload {

    private static final int TOPICS = 6;
    private static final int MESSAGE_IDS = 300;

    /** Of the stores of this run; empty if they are in memory alone. */
    private final Optional<Path> folder;

    private final List<Machine> machines = new ArrayList<>();

    private BrokerWorkload(Optional<Path> folder) {
        this.folder = folder;
    }

    static BrokerWorkload inMemory() {
        return new BrokerWorkload(Optional.empty());
    }

    /** On RocksDB and in memory, compared with each other at each step; its files are gone after {@link #close}. */
    static BrokerWorkload onRocksDb() {
        try {
            return new BrokerWorkload(Optional.of(Files.createTempDirectory("argosy-simulate")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public SimulatedMachine machine(int position, Disk disk) {
        Machine machine = folder.isEmpty()
                ? new Machine(new InMemoryStateStore(disk), store -> ((InMemoryStateStore) store).crash())
                : new Machine(
                        TwinStateStore.empty(folder.get().resolve("store" + machines.size()), disk),
                        store -> ((TwinStateStore) store).crash());
        machines.add(machine);
        return machine;
    }

    @Override
    public void close() {
        machines.forEach(machine -> machine.store.close());
        folder.ifPresent(TwinStateStore::delete);
    }

    /** The command's time is its number: that tells it again, and goes back as often as commands overtake each other. */
    @Override
    public ByteBuffer command(long operation, int payloadBytesMax, SplittableRandom random) {
        int dice = random.nextInt(100);
        if (operation < 4 || dice < 6) {
            return new CreateTopic(
                            operation,
                            "topic" + random.nextInt(TOPICS),
                            1 + random.nextInt(5),
                            Duration.ofSeconds(10 + random.nextInt(100)))
                    .encode();
        }
        if (dice < 8) {
            return new DeleteTopic(operation, "topic" + random.nextInt(TOPICS)).encode();
        }
        if (dice < 10) {
            return new TrimLog(operation, random.nextLong(operation)).encode();
        }
        if (random.nextBoolean()) {
            return compact(operation, payloadBytesMax, random);
        }
        ClientHash client = random.nextInt(10) == 0 ? ClientHash.NONE : ClientHash.of("c" + random.nextInt(2));
        ByteString message = Message.newBuilder()
                .setSystemProperties(SystemProperties.newBuilder().setMessageId("id" + random.nextInt(MESSAGE_IDS)))
                .setBody(ByteString.copyFrom(new byte[random.nextInt(payloadBytesMax)]))
                .build()
                .toByteString();
        return new PublishBatch.Builder(1 + random.nextInt(10), random.nextInt(5), operation, client, 1, message.size())
                .add(message.asReadOnlyByteBuffer(), 0, message.size(), message.size() % 3)
                .build()
                .encode();
    }

    /** Few producers and numbers that hardly rise: some batches come again, some come late. */
    private static ByteBuffer compact(long operation, int payloadBytesMax, SplittableRandom random) {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[64], "");
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            ByteBuffer body = ByteBuffer.allocate(1 + random.nextInt(Math.max(1, payloadBytesMax / count)));
            if (random.nextInt(3) == 0) {
                builder.add(body, Optional.of("tag" + random.nextInt(3)), List.of(), Map.of());
            } else {
                builder.add(body);
            }
        }
        byte[] batch = CompactBatches.sealed(
                builder, random.nextInt(4), random.nextInt(5), 1 + operation / 20 + random.nextInt(3));
        return CompactBatches.command(batch, operation, 1 + random.nextInt(10));
    }

    @Override
    public long operationOf(ByteBuffer payload) {
        return Command.timestampMillisOf(payload);
    }

    private static final class Machine implements SimulatedMachine {
        private final UnaryOperator<StateStore> crash;
        private StateStore store;
        private TopicTable topics;
        private QueueIndex queues;
        private BrokerStateMachine machine;

        Machine(StateStore store, UnaryOperator<StateStore> crash) {
            this.store = store;
            this.crash = crash;
            topics = new TopicTable(store);
            queues = new QueueIndex(store, topics);
            machine = machine();
        }

        private BrokerStateMachine machine() {
            return new BrokerStateMachine(
                    store,
                    List.of(
                            topics,
                            queues,
                            new PublishApplier(store, topics, queues),
                            new CompactApplier(store, topics, queues)));
        }

        @Override
        public void restart() {
            store = crash.apply(store);
            topics = new TopicTable(store);
            queues = new QueueIndex(store, topics);
            machine = machine();
        }

        @Override
        public void makeDurable() {
            machine.flush();
        }

        @Override
        public long appliedIndex() {
            return store.appliedIndex();
        }

        /** What readers can see: which dead keys were swept already may differ. */
        @Override
        public long stateHash() {
            long hash = machine.entryTimeMillis();
            for (TopicView topic : topics.all()) {
                hash = hash * 31 + topic.toString().hashCode();
                for (int queueId = 0; queueId < topic.queueCount(); queueId++) {
                    hash = hash * 31 + queues.minOffset(topic.topicId(), queueId);
                    hash = hash * 31 + queues.maxOffset(topic.topicId(), queueId);
                    hash = hash * 31
                            + queues.locate(topic.topicId(), queueId, 0, Integer.MAX_VALUE)
                                    .toString()
                                    .hashCode();
                }
            }
            return hash;
        }

        @Override
        public long durableAppliedIndex() {
            return machine.durableAppliedIndex();
        }

        @Override
        public void apply(List<Entry> entries) {
            machine.apply(entries);
        }

        @Override
        public long snapshot(Path folder) throws IOException {
            return machine.snapshot(folder);
        }

        @Override
        public void restore(Path folder) throws IOException {
            machine.restore(folder);
        }

        @Override
        public long neededFromIndex() {
            return queues.trimIndex() + 1;
        }

        @Override
        public void roleChanged(RoleChange change) {
            machine.roleChanged(change);
        }
    }
}
