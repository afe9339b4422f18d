package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.broker.message.DeliveryEncoder;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.session.ClientLiveness;
import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.SystemProperties;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Consuming on a log of one replica, under virtual time, with a topic "topic" of three queues. */
final class ConsumingFixture implements Deliveries, Topics, ClientLiveness {

    static final int TOPIC_ID = 7;

    int queueCount = 3;
    /** How often somebody asked for the offsets of a queue. */
    long looks;

    final ManualLoop loop = new ManualLoop();
    final MapStore store = new MapStore();
    final LogOfOne raft;
    AppliedProgress applied;
    Consuming consuming;
    Optional<RuntimeException> readFailure = Optional.empty();
    private final ConsumeConfig config;
    private final Map<Integer, List<StoredMessage>> queues = new HashMap<>();
    private final Map<Integer, Long> floors = new HashMap<>();
    private final Set<String> gone = new HashSet<>();
    private final List<Consumer<String>> goneListeners = new ArrayList<>();
    private final List<Consumer<Change>> topicListeners = new ArrayList<>();
    private boolean topicExists = true;

    ConsumingFixture() {
        this(ConsumeConfig.DEFAULT);
    }

    ConsumingFixture(ConsumeConfig config) {
        this.config = config;
        applied = new AppliedProgress(store, this::maxOffsetOf);
        raft = new LogOfOne(store, applied);
        consuming = create();
        loop.settle();
    }

    private long maxOffsetOf(int topicId, int queueId) {
        return maxOffset(topicId, queueId);
    }

    private Consuming create() {
        return new Consuming(
                new Consuming.Parts(
                        raft, raft, this, applied, this, new DeliveryEncoder("127.0.0.1"), loop, loop, loop::nanoTime),
                config,
                this,
                loop,
                () -> {});
    }

    /** Another process takes over with what is in the store. */
    void restart() {
        raft.lead(raft.view().term(), false);
        loop.settle();
        applied = new AppliedProgress(store, this::maxOffsetOf);
        raft.applier(applied);
        raft.lead(raft.view().term() + 1, true);
        consuming = create();
        loop.settle();
    }

    /** This replica loses leadership and gets it back. */
    void changeLeader() {
        raft.lead(raft.view().term(), false);
        loop.settle();
        raft.lead(raft.view().term() + 1, true);
        loop.settle();
    }

    void publish(int queueId, int count) {
        List<StoredMessage> queue = queues.computeIfAbsent(queueId, id -> new ArrayList<>());
        for (int i = 0; i < count; i++) {
            long offset = queue.size();
            Message message = Message.newBuilder()
                    .setTopic(Resource.newBuilder().setName("topic"))
                    .setSystemProperties(SystemProperties.newBuilder().setMessageId("M" + queueId + "-" + offset))
                    .setBody(ByteString.copyFromUtf8("body " + offset))
                    .build();
            queue.add(new StoredMessage(offset, ByteBuffer.wrap(message.toByteArray()), 1000 + offset, 1, 0));
        }
        consuming.advanced(TOPIC_ID, queueId, queue.size());
        loop.settle();
    }

    void trim(int queueId, long floor) {
        floors.put(queueId, floor);
    }

    void clientGone(String client) {
        gone.add(client);
        goneListeners.forEach(listener -> listener.accept(client));
        loop.settle();
    }

    void clientFallsSilent(String client) {
        gone.add(client);
    }

    void deleteTopic() {
        topicExists = false;
        topicListeners.forEach(listener -> listener.accept(new Change.Deleted("topic", 2)));
        loop.settle();
    }

    void pass(long millis) {
        loop.pass(java.time.Duration.ofMillis(millis));
    }

    /** As applied, of group "g". */
    QueueProgress progress(int queueId) {
        return applied.copyOf(new QueueRef("g", TOPIC_ID, queueId)).orElseThrow();
    }

    /** As the leader sees it. */
    Subscription live(String group) {
        return consuming.term().rooms().stream()
                .filter(room -> room.key.group().equals(group))
                .findFirst()
                .orElseThrow()
                .subscription;
    }

    // ---- requests ----

    CallContext client(String id) {
        return new CallContext(id, "JAVA", "5.2.0", "", "grpc-java", loop.nanoTime() + 30_000_000_000L);
    }

    static ReceiveMessageRequest.Builder receive(String group) {
        return ReceiveMessageRequest.newBuilder()
                .setGroup(Resource.newBuilder().setName(group))
                .setMessageQueue(
                        MessageQueue.newBuilder().setTopic(Resource.newBuilder().setName("topic")))
                .setBatchSize(32)
                .setInvisibleDuration(Duration.newBuilder().setSeconds(10))
                .setLongPollingTimeout(Duration.newBuilder().setSeconds(5));
    }

    static ReceiveMessageRequest.Builder push(String group) {
        return receive(group).clearInvisibleDuration().setAutoRenew(true);
    }

    Sink call(String client, ReceiveMessageRequest.Builder request) {
        Sink sink = new Sink();
        consuming.receiveMessage().handle(client(client), request.build().toByteString(), sink);
        loop.settle();
        return sink;
    }

    Sink ack(String group, String... handles) {
        Sink sink = new Sink();
        AckMessageRequest.Builder request = AckMessageRequest.newBuilder()
                .setGroup(Resource.newBuilder().setName(group))
                .setTopic(Resource.newBuilder().setName("topic"));
        Arrays.stream(handles)
                .forEach(handle -> request.addEntries(
                        AckMessageEntry.newBuilder().setMessageId("m").setReceiptHandle(handle)));
        consuming.ackMessage().handle(client("c"), request.build().toByteString(), sink);
        return sink;
    }

    Code acked(String group, String handle) {
        Sink sink = ack(group, handle);
        loop.settle();
        return sink.ackResponse().getStatus().getCode();
    }

    Sink change(String group, String handle, int seconds) {
        Sink sink = new Sink();
        ChangeInvisibleDurationRequest request = ChangeInvisibleDurationRequest.newBuilder()
                .setGroup(Resource.newBuilder().setName(group))
                .setTopic(Resource.newBuilder().setName("topic"))
                .setReceiptHandle(handle)
                .setInvisibleDuration(Duration.newBuilder().setSeconds(seconds))
                .build();
        consuming.changeInvisibleDuration().handle(client("c"), request.toByteString(), sink);
        loop.settle();
        return sink;
    }

    Sink pull(long offset, int queueId) {
        Sink sink = new Sink();
        PullMessageRequest request = PullMessageRequest.newBuilder()
                .setGroup(Resource.newBuilder().setName("g"))
                .setMessageQueue(queue(queueId))
                .setOffset(offset)
                .setBatchSize(10)
                .setLongPollingTimeout(Duration.newBuilder().setSeconds(5))
                .build();
        consuming.pullMessage().handle(client("c"), request.toByteString(), sink);
        loop.settle();
        return sink;
    }

    static MessageQueue queue(int queueId) {
        return MessageQueue.newBuilder()
                .setTopic(Resource.newBuilder().setName("topic"))
                .setId(queueId)
                .build();
    }

    /** What arrived at a client. */
    static final class Sink implements ResponseSink {

        final List<ByteString> responses = new ArrayList<>();
        volatile boolean completed;
        volatile boolean notLeader;
        private boolean cancelled;
        private final List<Runnable> onCancel = new ArrayList<>();

        void cancel() {
            cancelled = true;
            onCancel.forEach(Runnable::run);
        }

        boolean answered() {
            return completed || notLeader;
        }

        Code receiveCode() {
            assertThat(completed).isTrue();
            assertThat(receiveResponses().get(receiveResponses().size() - 1).hasDeliveryTimestamp())
                    .isTrue();
            return receiveResponses().get(0).getStatus().getCode();
        }

        List<Message> messages() {
            assertThat(receiveCode()).isEqualTo(Code.OK);
            return receiveResponses().stream()
                    .filter(ReceiveMessageResponse::hasMessage)
                    .map(ReceiveMessageResponse::getMessage)
                    .toList();
        }

        List<String> ids() {
            return messages().stream()
                    .map(message -> message.getSystemProperties().getMessageId())
                    .toList();
        }

        String handle(int i) {
            return messages().get(i).getSystemProperties().getReceiptHandle();
        }

        int attempt(int i) {
            return messages().get(i).getSystemProperties().getDeliveryAttempt();
        }

        private List<ReceiveMessageResponse> receiveResponses() {
            return responses.stream()
                    .map(bytes -> parse(ReceiveMessageResponse.parser(), bytes))
                    .toList();
        }

        AckMessageResponse ackResponse() {
            assertThat(completed).isTrue();
            return parse(AckMessageResponse.parser(), responses.get(0));
        }

        ChangeInvisibleDurationResponse changeResponse() {
            assertThat(completed).isTrue();
            return parse(ChangeInvisibleDurationResponse.parser(), responses.get(0));
        }

        List<PullMessageResponse> pullResponses() {
            assertThat(completed).isTrue();
            return responses.stream()
                    .map(bytes -> parse(PullMessageResponse.parser(), bytes))
                    .toList();
        }

        Status pullStatus() {
            return pullResponses().get(0).getStatus();
        }

        static <T> T parse(com.google.protobuf.Parser<T> parser, ByteString bytes) {
            try {
                return parser.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void next(ByteString response) {
            assertThat(answered()).isFalse();
            responses.add(response);
        }

        @Override
        public void complete() {
            assertThat(answered()).isFalse();
            completed = true;
        }

        @Override
        public void notLeader() {
            assertThat(answered()).isFalse();
            assertThat(responses).isEmpty();
            notLeader = true;
        }

        @Override
        public boolean cancelled() {
            return cancelled;
        }

        @Override
        public void onCancel(Runnable action) {
            onCancel.add(action);
        }
    }

    // ---- what consuming stands on ----

    @Override
    public long minOffset(int topicId, int queueId) {
        return floors.getOrDefault(queueId, 0L);
    }

    @Override
    public long maxOffset(int topicId, int queueId) {
        looks++;
        return queues.getOrDefault(queueId, List.of()).size();
    }

    @Override
    public long offsetAt(int topicId, int queueId, long timestampMillis) {
        return Math.max(0, Math.min(maxOffset(topicId, queueId), timestampMillis - 1000));
    }

    @Override
    public CompletableFuture<List<StoredMessage>> read(
            int topicId, int queueId, long offset, int messagesMax, long bytesMax) {
        if (readFailure.isPresent()) {
            return CompletableFuture.failedFuture(readFailure.get());
        }
        long from = Math.max(offset, minOffset(topicId, queueId));
        long to = Math.min(maxOffset(topicId, queueId), from + messagesMax);
        List<StoredMessage> messages = new ArrayList<>();
        long bytes = 0;
        for (long i = from; i < to && (messages.isEmpty() || bytes < bytesMax); i++) {
            StoredMessage message = queues.getOrDefault(queueId, List.of()).get((int) i);
            messages.add(message);
            bytes += message.bytes().remaining();
        }
        return CompletableFuture.completedFuture(messages);
    }

    @Override
    public Optional<TopicView> topic(String name) {
        return name.equals("topic") ? topic(TOPIC_ID) : Optional.empty();
    }

    @Override
    public Optional<TopicView> topic(int topicId) {
        return topicExists && topicId == TOPIC_ID
                ? Optional.of(new TopicView("topic", TOPIC_ID, queueCount, java.time.Duration.ofDays(3)))
                : Optional.empty();
    }

    @Override
    public List<TopicView> all() {
        return topic("topic").stream().toList();
    }

    @Override
    public long version() {
        return 1;
    }

    @Override
    public void onChange(Consumer<Change> listener) {
        topicListeners.add(listener);
    }

    @Override
    public boolean alive(String clientId) {
        return !gone.contains(clientId);
    }

    @Override
    public void onGone(Consumer<String> listener) {
        goneListeners.add(listener);
    }
}
