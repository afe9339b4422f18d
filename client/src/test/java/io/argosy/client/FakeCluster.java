package io.argosy.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.DescribeClusterResponse;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ProduceResponse;
import io.argosy.proto.v1.ReplicaView;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.AckMessageResultEntry;
import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.AddressScheme;
import io.argosy.proto.v2.Broker;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Encoding;
import io.argosy.proto.v2.Endpoints;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.HeartbeatRequest;
import io.argosy.proto.v2.HeartbeatResponse;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.NotifyClientTerminationRequest;
import io.argosy.proto.v2.NotifyClientTerminationResponse;
import io.argosy.proto.v2.Permission;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.QueryOffsetPolicy;
import io.argosy.proto.v2.QueryOffsetRequest;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.QueryRouteRequest;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SendResultEntry;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.proto.v2.TelemetryCommand;
import io.argosy.proto.v2.UpdateOffsetRequest;
import io.argosy.proto.v2.UpdateOffsetResponse;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import io.argosy.wire.bulk.BatchIn;
import io.argosy.wire.bulk.BulkMethods;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A broker group of several servers over one memory, each on a port of its own, which can be killed; enough of the
 * protocol for the client. All state is guarded by this object's monitor.
 */
final class FakeCluster implements AutoCloseable {

    static final Context.Key<String> CLIENT_ID = Context.key("client-id");

    /** One batch as it arrived, as the request that it stands for. */
    record Arrival(int replica, String clientId, SendMessageRequest request) {
        List<String> ids() {
            return request.getMessagesList().stream()
                    .map(message -> message.getSystemProperties().getMessageId())
                    .toList();
        }
    }

    final List<Arrival> arrivals = new CopyOnWriteArrayList<>();
    final ConcurrentLinkedQueue<TelemetryCommand> telemetry = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<String> terminated = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<AckMessageRequest> acks = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<ChangeInvisibleDurationRequest> changes = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<ReceiveMessageRequest> receives = new ConcurrentLinkedQueue<>();

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Server> servers = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private final Map<String, Integer> topics = new HashMap<>();
    /** Stored messages by topic and queue. */
    private final Map<String, List<Message>> queues = new LinkedHashMap<>();

    private final Map<String, Long> offsetOfId = new HashMap<>();
    private final Map<String, Long> committed = new HashMap<>();
    /** Messages that a receive can have, by topic. */
    private final Map<String, List<Message>> visible = new HashMap<>();

    /** Fetches give compact batches. */
    volatile boolean compact;

    /** What to answer to a fetch instead of what is stored, by replica. */
    volatile BiFunction<Integer, FetchResponse, FetchResponse> fetchScript = (replica, answer) -> answer;

    private final Map<Integer, Messaging> current = new ConcurrentHashMap<>();
    private int leader = 1;
    private long term = 1;
    private boolean paused;
    private int handles;
    private BiFunction<Integer, SendMessageRequest, Optional<SendMessageResponse>> sendScript =
            (replica, request) -> Optional.empty();
    private Settings.@Nullable Builder settingsAnswer;

    FakeCluster(int replicas) throws IOException {
        for (int id = 1; id <= replicas; id++) {
            Server server = server(id, 0);
            servers.add(server);
            ports.add(server.getPort());
        }
    }

    private Server server(int id, int port) throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .executor(threads)
                .maxInboundMessageSize(64 << 20)
                .addService(messaging(id))
                .addService(bulk(id))
                .addService(new Cluster())
                .intercept(new ClientIds())
                .build()
                .start();
    }

    private ServerServiceDefinition bulk(int id) {
        var fetch = new FakeBulk(id, this, threads)
                .bindService()
                .getMethod(BulkGrpc.getFetchMethod().getFullMethodName());
        return ServerServiceDefinition.builder(BulkGrpc.SERVICE_NAME)
                .addMethod(fetch)
                .addMethod(
                        BulkMethods.PRODUCE_SERVER,
                        ServerCalls.asyncBidiStreamingCall(answer ->
                                Objects.requireNonNull(current.get(id)).produce(answer)))
                .build();
    }

    private Messaging messaging(int id) {
        Messaging fresh = new Messaging(id);
        current.put(id, fresh);
        return fresh;
    }

    String endpoints() {
        return "127.0.0.1:" + ports.get(0);
    }

    String allEndpoints() {
        return String.join(";", ports.stream().map(port -> "127.0.0.1:" + port).toList());
    }

    synchronized void topic(String name, int queueCount) {
        topics.put(name, queueCount);
    }

    synchronized void leader(int id) {
        leader = id;
        term++;
        paused = false;
        notifyAll();
    }

    /** Data calls are held until {@link #leader} or {@link #resume}. */
    synchronized void pause() {
        paused = true;
        leader = 0;
    }

    synchronized void resume(int newLeader) {
        leader(newLeader);
    }

    /** Cuts all connections of the replica at once. */
    void kill(int id) {
        synchronized (this) {
            if (leader == id) {
                leader = 0;
                paused = true;
            }
        }
        Optional.ofNullable(current.get(id)).ifPresent(gone -> gone.dead = true);
        servers.get(id - 1).shutdownNow();
    }

    void restart(int id) throws IOException {
        servers.set(id - 1, server(id, ports.get(id - 1)));
    }

    /** What to answer instead of storing; empty stores. */
    synchronized void onSend(BiFunction<Integer, SendMessageRequest, Optional<SendMessageResponse>> script) {
        sendScript = script;
    }

    synchronized void settings(Settings.Builder answer) {
        settingsAnswer = answer;
    }

    synchronized List<Message> stored(String topic, int queue) {
        return List.copyOf(queues.getOrDefault(topic + "/" + queue, List.of()));
    }

    synchronized List<Message> stored(String topic) {
        List<Message> all = new ArrayList<>();
        for (int queue = 0; queue < topics.getOrDefault(topic, 0); queue++) {
            all.addAll(stored(topic, queue));
        }
        return all;
    }

    synchronized long committed(String group, String topic, int queue) {
        return committed.getOrDefault(group + "/" + topic + "/" + queue, -1L);
    }

    /** Makes a message that can be received. */
    synchronized void publish(String topic, String body) {
        topics.putIfAbsent(topic, 1);
        store(Message.newBuilder()
                .setTopic(io.argosy.client.internal.Queue.resource("", topic))
                .setBody(ByteString.copyFromUtf8(body))
                .setSystemProperties(io.argosy.proto.v2.SystemProperties.newBuilder()
                        .setMessageId("id-" + body)
                        .setBornTimestamp(Timestamp.newBuilder().setSeconds(1)))
                .build());
    }

    synchronized void publish(Message message) {
        topics.putIfAbsent(message.getTopic().getName(), 1);
        store(message);
    }

    /** The messages of a queue once there is one at the offset, unless that lies beyond the end, or time is up. */
    synchronized List<Message> awaitStored(
            String topic, int queue, long offset, long waitMillis, ServerCallStreamObserver<?> call) {
        long deadline = System.nanoTime() + waitMillis * 1_000_000;
        while (stored(topic, queue).size() == offset && System.nanoTime() < deadline && !call.isCancelled()) {
            try {
                wait(20);
            } catch (InterruptedException e) {
                break;
            }
        }
        return stored(topic, queue);
    }

    private synchronized long store(Message message) {
        String topic = message.getTopic().getName();
        int queue = message.getSystemProperties().getQueueId();
        Long known = offsetOfId.get(message.getSystemProperties().getMessageId());
        if (known != null) {
            return known;
        }
        List<Message> stored = queues.computeIfAbsent(topic + "/" + queue, name -> new ArrayList<>());
        long offset = stored.size();
        Message complete = message.toBuilder()
                .setSystemProperties(message.getSystemProperties().toBuilder()
                        .setQueueOffset(offset)
                        .setStoreTimestamp(Timestamp.newBuilder().setSeconds(2)))
                .build();
        stored.add(complete);
        offsetOfId.put(message.getSystemProperties().getMessageId(), offset);
        visible.computeIfAbsent(topic, name -> new ArrayList<>()).add(complete);
        notifyAll();
        return offset;
    }

    /** Waits like a replica without a leader does; false if that took too long. */
    private synchronized boolean awaitLeader() {
        long deadline = System.nanoTime() + 2_500_000_000L;
        while (paused) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                return false;
            }
        }
        return true;
    }

    static Status status(Code code) {
        return Status.newBuilder().setCode(code).setMessage(code.name()).build();
    }

    /** The same status for the whole and each message. */
    static SendMessageResponse refusal(SendMessageRequest request, Code code) {
        SendMessageResponse.Builder answer = SendMessageResponse.newBuilder().setStatus(status(code));
        request.getMessagesList()
                .forEach(message ->
                        answer.addEntries(SendResultEntry.newBuilder().setStatus(status(code))));
        return answer.build();
    }

    @Override
    public void close() {
        synchronized (this) {
            paused = false;
            notifyAll();
        }
        servers.forEach(Server::shutdownNow);
        threads.shutdownNow();
    }

    private static final class ClientIds implements ServerInterceptor {
        private static final Metadata.Key<String> KEY =
                Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER);

        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            String id = headers.get(KEY);
            return Contexts.interceptCall(
                    Context.current().withValue(CLIENT_ID, id == null ? "" : id), call, headers, next);
        }
    }

    private final class Cluster extends ClusterGrpc.ClusterImplBase {
        @Override
        public void describeCluster(DescribeClusterRequest request, StreamObserver<DescribeClusterResponse> answer) {
            GroupView.Builder group =
                    GroupView.newBuilder().setName("g1").setGroupUuid(ByteString.copyFromUtf8("uuid"));
            synchronized (FakeCluster.this) {
                group.setTerm(term).setLeaderId(leader);
            }
            for (int id = 1; id <= ports.size(); id++) {
                group.addReplicas(ReplicaView.newBuilder()
                        .setReplicaId(id)
                        .setConnected(true)
                        .setClientAddress("127.0.0.1:" + ports.get(id - 1)));
            }
            answer.onNext(DescribeClusterResponse.newBuilder().addGroups(group).build());
            answer.onCompleted();
        }
    }

    private final class Messaging extends MessagingServiceGrpc.MessagingServiceImplBase {
        private final int id;
        /** gRPC does not tell a handler that is waiting that its call was cancelled. */
        private volatile boolean dead;

        Messaging(int id) {
            this.id = id;
        }

        @Override
        public void queryRoute(QueryRouteRequest request, StreamObserver<QueryRouteResponse> answer) {
            String topic = request.getTopic().getName();
            QueryRouteResponse.Builder route = QueryRouteResponse.newBuilder();
            Integer count;
            synchronized (FakeCluster.this) {
                count = topics.get(topic);
            }
            if (count == null) {
                route.setStatus(status(Code.TOPIC_NOT_FOUND));
            } else {
                route.setStatus(status(Code.OK));
                Endpoints.Builder endpoints = Endpoints.newBuilder().setScheme(AddressScheme.IPv4);
                ports.forEach(port -> endpoints.addAddresses(
                        Address.newBuilder().setHost("127.0.0.1").setPort(port)));
                for (int queue = 0; queue < count; queue++) {
                    route.addMessageQueues(MessageQueue.newBuilder()
                            .setTopic(request.getTopic())
                            .setId(queue)
                            .setPermission(Permission.READ_WRITE)
                            .setBroker(Broker.newBuilder().setName("g1").setEndpoints(endpoints)));
                }
            }
            answer.onNext(route.build());
            answer.onCompleted();
        }

        /** A batch is answered as the messages in it would be. */
        StreamObserver<BatchIn> produce(StreamObserver<ProduceResponse> answer) {
            String clientId = CLIENT_ID.get();
            return new StreamObserver<>() {
                @Override
                public void onNext(BatchIn batch) {
                    threads.execute(() -> {
                        SendMessageResponse response = send(clientId, expanded(batch));
                        Status status = response.getEntriesCount() == 0
                                ? response.getStatus()
                                : response.getEntries(0).getStatus();
                        ProduceResponse.Builder built = ProduceResponse.newBuilder()
                                .setCorrelation(batch.correlation())
                                .setCode(status.getCodeValue())
                                .setMessage(status.getMessage());
                        if (status.getCode() == Code.OK) {
                            built.setBaseOffset(response.getEntries(0).getOffset());
                        }
                        synchronized (answer) {
                            if (!dead) {
                                answer.onNext(built.build());
                            }
                        }
                    });
                }

                @Override
                public void onError(Throwable failure) {}

                @Override
                public void onCompleted() {
                    synchronized (answer) {
                        answer.onCompleted();
                    }
                }
            };
        }

        private SendMessageRequest expanded(BatchIn request) {
            CompactBatch batch = ((CompactBatch.Checked.Sound) CompactBatch.check(
                            ByteBuffer.wrap(request.bytes(), request.batchAt(), request.batchBytes())))
                    .batch();
            SendMessageRequest.Builder expanded = SendMessageRequest.newBuilder();
            ByteString bytes = ByteString.copyFrom(batch.bytes());
            int start = batch.bytes().position();
            ByteString bodies = ByteString.copyFrom(batch.openBodies().orElseThrow());
            CompactCursor cursor = batch.cursor();
            while (cursor.next()) {
                int properties = cursor.propertiesLength() == 0 ? 0 : cursor.propertiesPosition() - start;
                int system = cursor.systemLength() == 0 ? 0 : cursor.systemPosition() - start;
                try {
                    SystemProperties.Builder facts =
                            SystemProperties.parseFrom(bytes.substring(system, system + cursor.systemLength()))
                                    .toBuilder()
                                    .setMessageId(batch.messageId(cursor.ordinal()))
                                    .setQueueId(batch.queueId())
                                    .setBornTimestamp(Timestamp.newBuilder().setSeconds(batch.bornMillis() / 1000))
                                    .setBodyEncoding(Encoding.IDENTITY)
                                    .setMessageType(MessageType.NORMAL);
                    expanded.addMessages(
                            Message.parseFrom(bytes.substring(properties, properties + cursor.propertiesLength()))
                                    .toBuilder()
                                    .setTopic(io.argosy.client.internal.Queue.resource("", request.topic()))
                                    .setSystemProperties(facts)
                                    .setBody(bodies.substring(
                                            cursor.bodyPosition(), cursor.bodyPosition() + cursor.bodyLength())));
                } catch (InvalidProtocolBufferException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return expanded.build();
        }

        private SendMessageResponse send(@Nullable String clientId, SendMessageRequest request) {
            arrivals.add(new Arrival(id, clientId == null ? "" : clientId, request));
            BiFunction<Integer, SendMessageRequest, Optional<SendMessageResponse>> script;
            synchronized (FakeCluster.this) {
                script = sendScript;
            }
            Optional<SendMessageResponse> scripted = script.apply(id, request);
            SendMessageResponse response;
            if (scripted.isPresent()) {
                response = scripted.get();
            } else if (!awaitLeader()) {
                response = refusal(request, Code.TOO_MANY_REQUESTS);
            } else {
                SendMessageResponse.Builder built =
                        SendMessageResponse.newBuilder().setStatus(status(Code.OK));
                for (Message message : request.getMessagesList()) {
                    built.addEntries(SendResultEntry.newBuilder()
                            .setStatus(status(Code.OK))
                            .setMessageId(message.getSystemProperties().getMessageId())
                            .setTransactionId(message.getSystemProperties().getMessageId())
                            .setOffset(store(message)));
                }
                response = built.build();
            }
            return response;
        }

        @Override
        public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatResponse> answer) {
            answer.onNext(
                    HeartbeatResponse.newBuilder().setStatus(status(Code.OK)).build());
            answer.onCompleted();
        }

        @Override
        public void notifyClientTermination(
                NotifyClientTerminationRequest request, StreamObserver<NotifyClientTerminationResponse> answer) {
            terminated.add(CLIENT_ID.get());
            answer.onNext(NotifyClientTerminationResponse.newBuilder()
                    .setStatus(status(Code.OK))
                    .build());
            answer.onCompleted();
        }

        @Override
        public StreamObserver<TelemetryCommand> telemetry(StreamObserver<TelemetryCommand> answer) {
            return new StreamObserver<>() {
                @Override
                public void onNext(TelemetryCommand command) {
                    telemetry.add(command);
                    if (command.hasSettings()) {
                        Settings.Builder settings = command.getSettings().toBuilder();
                        synchronized (FakeCluster.this) {
                            if (settingsAnswer != null) {
                                settings.mergeFrom(settingsAnswer.build());
                            }
                        }
                        answer.onNext(TelemetryCommand.newBuilder()
                                .setStatus(status(Code.OK))
                                .setSettings(settings)
                                .build());
                    }
                }

                @Override
                public void onError(Throwable failure) {}

                @Override
                public void onCompleted() {
                    answer.onCompleted();
                }
            };
        }

        @Override
        public void receiveMessage(ReceiveMessageRequest request, StreamObserver<ReceiveMessageResponse> answer) {
            receives.add(request);
            var call = (ServerCallStreamObserver<ReceiveMessageResponse>) answer;
            String topic = request.getMessageQueue().getTopic().getName();
            List<Message> taken = new ArrayList<>();
            synchronized (FakeCluster.this) {
                long deadline = System.nanoTime()
                        + io.argosy.client.internal.Sessions.javaDuration(request.getLongPollingTimeout())
                                .toNanos();
                List<Message> available = visible.computeIfAbsent(topic, name -> new ArrayList<>());
                while (available.isEmpty() && System.nanoTime() < deadline && !call.isCancelled() && !dead) {
                    try {
                        FakeCluster.this.wait(20);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                if (call.isCancelled() || dead) {
                    return;
                }
                while (!available.isEmpty() && taken.size() < request.getBatchSize()) {
                    Message message = available.remove(0);
                    taken.add(message.toBuilder()
                            .setSystemProperties(message.getSystemProperties().toBuilder()
                                    .setReceiptHandle("handle-" + handles++)
                                    .setDeliveryAttempt(
                                            message.getSystemProperties().getDeliveryAttempt() + 1))
                            .build());
                }
            }
            answer.onNext(ReceiveMessageResponse.newBuilder()
                    .setStatus(status(taken.isEmpty() ? Code.MESSAGE_NOT_FOUND : Code.OK))
                    .build());
            taken.forEach(message -> answer.onNext(
                    ReceiveMessageResponse.newBuilder().setMessage(message).build()));
            answer.onNext(ReceiveMessageResponse.newBuilder()
                    .setDeliveryTimestamp(Timestamp.newBuilder().setSeconds(3))
                    .build());
            answer.onCompleted();
        }

        @Override
        public void ackMessage(AckMessageRequest request, StreamObserver<AckMessageResponse> answer) {
            acks.add(request);
            AckMessageResponse.Builder built = AckMessageResponse.newBuilder().setStatus(status(Code.OK));
            request.getEntriesList()
                    .forEach(entry -> built.addEntries(AckMessageResultEntry.newBuilder()
                            .setMessageId(entry.getMessageId())
                            .setReceiptHandle(entry.getReceiptHandle())
                            .setStatus(status(
                                    entry.getReceiptHandle().startsWith("handle-")
                                            ? Code.OK
                                            : Code.INVALID_RECEIPT_HANDLE))));
            answer.onNext(built.build());
            answer.onCompleted();
        }

        @Override
        public void changeInvisibleDuration(
                ChangeInvisibleDurationRequest request, StreamObserver<ChangeInvisibleDurationResponse> answer) {
            changes.add(request);
            answer.onNext(ChangeInvisibleDurationResponse.newBuilder()
                    .setStatus(status(Code.OK))
                    .setReceiptHandle("handle-new-" + request.getReceiptHandle())
                    .build());
            answer.onCompleted();
        }

        @Override
        public void pullMessage(PullMessageRequest request, StreamObserver<PullMessageResponse> answer) {
            var call = (ServerCallStreamObserver<PullMessageResponse>) answer;
            List<Message> found = new ArrayList<>();
            synchronized (FakeCluster.this) {
                long deadline = System.nanoTime()
                        + io.argosy.client.internal.Sessions.javaDuration(request.getLongPollingTimeout())
                                .toNanos();
                String queue = request.getMessageQueue().getTopic().getName() + "/"
                        + request.getMessageQueue().getId();
                while (queues.getOrDefault(queue, List.of()).size() <= request.getOffset()
                        && System.nanoTime() < deadline
                        && !call.isCancelled()
                        && !dead) {
                    try {
                        FakeCluster.this.wait(20);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                List<Message> stored = queues.getOrDefault(queue, List.of());
                for (long offset = request.getOffset();
                        offset < stored.size() && found.size() < request.getBatchSize();
                        offset++) {
                    found.add(stored.get((int) offset));
                }
            }
            answer.onNext(PullMessageResponse.newBuilder()
                    .setStatus(status(found.isEmpty() ? Code.MESSAGE_NOT_FOUND : Code.OK))
                    .build());
            found.forEach(message -> answer.onNext(
                    PullMessageResponse.newBuilder().setMessage(message).build()));
            answer.onNext(PullMessageResponse.newBuilder()
                    .setNextOffset(request.getOffset() + found.size())
                    .build());
            answer.onCompleted();
        }

        @Override
        public void queryOffset(QueryOffsetRequest request, StreamObserver<QueryOffsetResponse> answer) {
            String queue = request.getMessageQueue().getTopic().getName() + "/"
                    + request.getMessageQueue().getId();
            long offset = 0;
            synchronized (FakeCluster.this) {
                if (request.getQueryOffsetPolicy() != QueryOffsetPolicy.BEGINNING) {
                    offset = queues.getOrDefault(queue, List.of()).size();
                }
            }
            answer.onNext(QueryOffsetResponse.newBuilder()
                    .setStatus(status(Code.OK))
                    .setOffset(offset)
                    .build());
            answer.onCompleted();
        }

        @Override
        public void updateOffset(UpdateOffsetRequest request, StreamObserver<UpdateOffsetResponse> answer) {
            synchronized (FakeCluster.this) {
                committed.put(
                        request.getGroup().getName() + "/"
                                + request.getMessageQueue().getTopic().getName() + "/"
                                + request.getMessageQueue().getId(),
                        request.getOffset());
            }
            answer.onNext(
                    UpdateOffsetResponse.newBuilder().setStatus(status(Code.OK)).build());
            answer.onCompleted();
        }

        @Override
        public void getOffset(GetOffsetRequest request, StreamObserver<GetOffsetResponse> answer) {
            long offset = committed(
                    request.getGroup().getName(),
                    request.getMessageQueue().getTopic().getName(),
                    request.getMessageQueue().getId());
            answer.onNext(GetOffsetResponse.newBuilder()
                    .setStatus(status(offset < 0 ? Code.OFFSET_NOT_FOUND : Code.OK))
                    .setOffset(Math.max(0, offset))
                    .build());
            answer.onCompleted();
        }
    }
}
