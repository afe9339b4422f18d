package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.broker.SingleNodeRaft;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.consume.ConsumingFixture.Sink;
import io.argosy.broker.message.DeliveryEncoder;
import io.argosy.broker.publish.PublishApplier;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueReader;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.session.ClientLiveness;
import io.argosy.broker.state.BrokerStateMachine;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.topic.TopicTable;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Consuming on its own thread, above the real state machine, index and reader. */
class ConsumingOnTheStateMachineTest {

    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private Replica replica = new Replica(new InMemoryStateStore(), List.of());

    @AfterEach
    void stop() {
        replica.consuming.close();
        workers.shutdownNow();
        assertThat(failures).isEmpty();
    }

    @Test
    void whatIsPublishedIsReceivedAcknowledgedAndStaysSoAfterACrash() {
        replica.propose(new CreateTopic(1, "topic", 4, Duration.ofDays(3)));
        Sink waiting = replica.receive();

        replica.publish(2, 3);
        replica.publish(3, 40);

        List<Message> messages = new ArrayList<>(answered(waiting).messages());
        while (messages.size() < 43) {
            messages.addAll(answered(replica.receive()).messages());
        }
        assertThat(messages.stream()
                        .map(message -> message.getSystemProperties().getMessageId()))
                .doesNotHaveDuplicates()
                .hasSize(43);
        Message first = messages.get(0);
        assertThat(replica.ack(first.getSystemProperties().getReceiptHandle())).isEqualTo(Code.OK);

        replica.crash();

        assertThat(replica.ack(messages.get(1).getSystemProperties().getReceiptHandle()))
                .isEqualTo(Code.OK);
        assertThat(replica.ack(first.getSystemProperties().getReceiptHandle())).isEqualTo(Code.OK);
        GroupViews.GroupView view = replica.applied.group("g").orElseThrow();
        assertThat(view.queues().stream().mapToLong(GroupViews.QueueView::lag).sum())
                .isEqualTo(41);
    }

    @Test
    void aDeletedTopicTakesItsProgressAlongAndEndsTheWait() {
        replica.propose(new CreateTopic(1, "topic", 4, Duration.ofDays(3)));
        replica.publish(0, 1);
        assertThat(replica.ack(answered(replica.receive())
                        .messages()
                        .get(0)
                        .getSystemProperties()
                        .getReceiptHandle()))
                .isEqualTo(Code.OK);
        Sink waiting = replica.receive();

        replica.propose(new DeleteTopic(2, "topic"));

        assertThat(answered(waiting).receiveCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
        assertThat(replica.applied.group("g").orElseThrow().queues()).isEmpty();
    }

    private static Sink answered(Sink sink) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(sink::answered);
        return sink;
    }

    private final class Replica implements Leadership, ClientLiveness {

        private final InMemoryStateStore store;
        private final SingleNodeRaft raft;
        private final AppliedProgress applied;
        private final Consuming consuming;
        private final View view;

        Replica(InMemoryStateStore store, List<Entry> log) {
            this.store = store;
            TopicTable topics = new TopicTable(store);
            QueueIndex index = new QueueIndex(store, topics);
            applied = new AppliedProgress(store, index::maxOffset);
            topics.onDelete(applied::topicDeleted);
            PublishApplier publish = new PublishApplier(store, topics, index);
            raft = new SingleNodeRaft(new BrokerStateMachine(store, List.of(topics, index, publish, applied)), log);
            view = new View(log.size() + 1, Optional.empty(), true);
            consuming = Consuming.start(
                    new Consuming.Parts(
                            raft,
                            this,
                            topics,
                            applied,
                            this,
                            new DeliveryEncoder("127.0.0.1"),
                            workers,
                            InstantSource.system(),
                            System::nanoTime),
                    ConsumeConfig.DEFAULT,
                    index,
                    new QueueReader(raft.log(), topics),
                    failures::add);
        }

        void crash() {
            consuming.close();
            replica = new Replica(store.crash(), raft.entries());
        }

        void propose(Command command) {
            ByteBuffer payload = command.encode();
            raft.propose(payload, Entry.crcOf(payload), result -> {});
        }

        void publish(int queueId, int count) {
            List<byte[]> messages = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                messages.add(Message.newBuilder()
                        .setTopic(Resource.newBuilder().setName("topic"))
                        .setSystemProperties(SystemProperties.newBuilder().setMessageId("M" + queueId + "-" + i))
                        .setBody(ByteString.copyFromUtf8("body " + i))
                        .build()
                        .toByteArray());
            }
            int bytes = messages.stream().mapToInt(message -> message.length).sum();
            PublishBatch.Builder batch =
                    new PublishBatch.Builder(1, queueId, 5, PublishBatch.ClientHash.NONE, count, bytes);
            messages.forEach(message -> batch.add(ByteBuffer.wrap(message), 0, message.length, 0));
            propose(batch.build());
        }

        Sink receive() {
            Sink sink = new Sink();
            consuming
                    .receiveMessage()
                    .handle(context(), ConsumingFixture.push("g").build().toByteString(), sink);
            return sink;
        }

        Code ack(String handle) {
            Sink sink = new Sink();
            AckMessageRequest request = AckMessageRequest.newBuilder()
                    .setGroup(Resource.newBuilder().setName("g"))
                    .setTopic(Resource.newBuilder().setName("topic"))
                    .addEntries(AckMessageEntry.newBuilder().setReceiptHandle(handle))
                    .build();
            consuming.ackMessage().handle(context(), request.toByteString(), sink);
            return answered(sink).ackResponse().getStatus().getCode();
        }

        private CallContext context() {
            return new CallContext("c", "JAVA", "5.2.0", "", "grpc", System.nanoTime() + 20_000_000_000L);
        }

        @Override
        public View view() {
            return view;
        }

        @Override
        public void onChange(Runnable listener) {}

        @Override
        public boolean alive(String clientId) {
            return true;
        }

        @Override
        public void onGone(Consumer<String> listener) {}
    }
}
