package io.argosy.broker;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.publish.CompactApplier;
import io.argosy.broker.publish.PublishApplier;
import io.argosy.broker.publish.PublishCompact;
import io.argosy.broker.publish.SendMessage;
import io.argosy.broker.publish.TopicDoor;
import io.argosy.broker.publish.WriteGate;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueReader;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.state.BrokerStateMachine;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.Topics.AutoCreate;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** The replicated state of a broker on a group of one, with a clock that stands still. */
public final class LeaderUnderTest {

    public static final String CLIENT = "client-1";

    public final StateStore store;
    public final TopicTable topics;
    public final QueueIndex queues;
    public final PublishApplier published;
    public final CompactApplier compact;
    public final BrokerStateMachine machine;
    public final SingleNodeRaft raft;
    public final AtomicLong nowMillis = new AtomicLong(1_700_000_000_000L);
    public final InstantSource clock = () -> Instant.ofEpochMilli(nowMillis.get());

    /** Set before the first message. */
    public AutoCreate autoCreate = AutoCreate.DEFAULT;

    public WriteGate gate = WriteGate.OPEN;
    private Optional<SendMessage> call = Optional.empty();
    public String language = "JAVA";
    public String userAgent = "grpc-java-netty/1.0";

    public LeaderUnderTest(StateStore store) {
        this(store, List.of());
    }

    /** A process that finds this store and this log. */
    public LeaderUnderTest(StateStore store, List<Entry> log) {
        this.store = store;
        topics = new TopicTable(store);
        queues = new QueueIndex(store, topics);
        published = new PublishApplier(store, topics, queues);
        compact = new CompactApplier(store, topics, queues);
        machine = new BrokerStateMachine(store, List.of(topics, queues, published, compact));
        raft = new SingleNodeRaft(machine, log);
    }

    /** Commits and applies the command. */
    public long commit(Command command) {
        long[] index = new long[1];
        ByteBuffer payload = command.encode();
        raft.propose(payload, Entry.crcOf(payload), result -> index[0] = ((ProposeResult.Committed) result).index());
        return index[0];
    }

    public SendMessageResponse send(SendMessageRequest request) {
        Answer answer = begin(request.toByteString());
        return answer.response().orElseThrow();
    }

    /** Sends without asking for an answer yet. */
    public Answer begin(ByteString request) {
        Answer answer = new Answer();
        if (call.isEmpty()) {
            call = Optional.of(new SendMessage(
                    raft,
                    new TopicDoor(raft, topics, autoCreate, CreateTopic.RETENTION_DEFAULT, clock),
                    published,
                    () -> gate.closed(),
                    clock));
        }
        call.get().handle(new CallContext(CLIENT, language, "5.0.7", "", userAgent, 0), request, answer);
        return answer;
    }

    /** What takes compact batches. */
    public PublishCompact publishCompact() {
        return new PublishCompact(
                raft,
                new TopicDoor(raft, topics, autoCreate, CreateTopic.RETENTION_DEFAULT, clock),
                compact,
                () -> gate.closed(),
                clock);
    }

    /** Everything that can be read from the queue. */
    public List<StoredMessage> messages(int topicId, int queueId) {
        QueueReader reader = new QueueReader(raft.log(), topics);
        return reader.read(queues.locate(topicId, queueId, 0, Integer.MAX_VALUE), Long.MAX_VALUE)
                .join();
    }

    /** What a call was answered. */
    public static final class Answer implements ResponseSink {

        private final List<ByteString> responses = new ArrayList<>();
        public boolean completed;
        public boolean notLeader;
        public boolean unknown;

        @Override
        public void next(ByteString response) {
            responses.add(response);
        }

        @Override
        public void complete() {
            completed = true;
        }

        @Override
        public void notLeader() {
            notLeader = true;
        }

        @Override
        public void outcomeUnknown() {
            unknown = true;
        }

        @Override
        public boolean cancelled() {
            return false;
        }

        @Override
        public void onCancel(Runnable action) {}

        public Optional<SendMessageResponse> response() {
            if (!completed) {
                return Optional.empty();
            }
            try {
                return Optional.of(SendMessageResponse.parseFrom(responses.get(0)));
            } catch (InvalidProtocolBufferException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
