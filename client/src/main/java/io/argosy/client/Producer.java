package io.argosy.client;

import com.google.protobuf.CodedOutputStream;
import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.ProduceStreams;
import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Route;
import io.argosy.client.internal.Sessions;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Publishing;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.VerifyMessageCommand;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.name.AttributeRules;
import io.argosy.wire.name.AttributeRules.Broken;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends messages. Thread-safe; meant to be shared and to live long.
 *
 * <p>A batch of messages is repeated under the same number until it is acknowledged, refused, or its delivery timeout is over; the
 * cluster recognises repetitions. Messages of one queue are stored in the order in which this producer accepted them,
 * whatever fails in between, except that one which failed is missing. Messages without a queue or partition key are
 * spread over the queues.
 */
public final class Producer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Producer.class);

    private static final int BODY_BYTES_MAX = 4 << 20;

    /** What a field takes beside its text, at most. */
    private static final int FIELD_BYTES = 6;

    private final ArgosyClient client;
    private final Options options;
    private final ClientIdentity identity;
    private final SendBuffer buffer;
    private final Accumulator accumulator;
    private final Sessions sessions;
    private final Map<String, TopicLanes> topics = new ConcurrentHashMap<>();
    private final Consumer<Route> routeListener = this::learned;
    private volatile int bodyBytesMax = BODY_BYTES_MAX;
    private volatile boolean closed;

    private Producer(ArgosyClient client, Options options) {
        this.client = client;
        this.options = options;
        this.identity = client.newIdentity();
        this.buffer = new SendBuffer(options.bufferBytes());
        ClusterLink link = client.link();
        this.accumulator =
                new Accumulator(link, new ProduceStreams(link, identity), client.newProducerId(), buffer, options);
        this.sessions = new Sessions(link, identity, new SessionOwner());
        link.onRoute(routeListener);
        client.opened(this);
    }

    /**
     * Sends and waits. On return a majority of replicas stores the message, on disk unless the group flushes
     * asynchronously.
     *
     * @throws ArgosyException if it does not, or is not known to
     */
    public SendReceipt send(Message message) {
        return ArgosyClient.await(sendAsync(message));
    }

    /**
     * Sends without waiting for the outcome; waits for room in the buffer, and for the route of a topic that is new to
     * this producer, for at most maxBlock. The future completes on a network thread with an {@link ArgosyException} at
     * the worst: actions chained to it must not block.
     */
    public CompletableFuture<SendReceipt> sendAsync(Message message) {
        SendFuture outcome = new SendFuture();
        sendAsync(message, outcome);
        return outcome;
    }

    /** As {@link #sendAsync(Message)}, telling a listener, which is cheaper for many small messages. */
    public void sendAsync(Message message, SendListener listener) {
        try {
            accept(message, listener);
        } catch (ArgosyException e) {
            listener.failed(e);
        }
    }

    /**
     * Sends and forgets: repeated like other sends, but nobody learns the outcome.
     *
     * @throws ArgosyException if the message was not even accepted
     */
    public void sendOneWay(Message message) {
        accept(message, null);
    }

    /** Waits until everything accepted so far was acknowledged or has failed. */
    public void flush() {
        ArgosyClient.await(accumulator.flush());
    }

    /** Bytes accepted and not yet acknowledged. */
    public long bufferedBytes() {
        return buffer.usedBytes();
    }

    /** Waits for what was accepted, at most for the delivery timeout, then lets go of it. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (!Callbacks.inside() && !ArgosyClient.awaitEnd(accumulator.flush(), options.deliveryTimeout())) {
            log.warn("producer closed with {} bytes not sent or not acknowledged", buffer.usedBytes());
        }
        buffer.close();
        accumulator.close();
        client.link().removeRouteListener(routeListener);
        sessions.close();
        client.closed(this);
    }

    private void accept(Message message, @Nullable SendListener listener) {
        if (closed) {
            throw new ArgosyException.Closed("the producer is closed");
        }
        int bodyBytes = message.body().remaining();
        checkBody(bodyBytes);
        int messageBytes = bodyBytes + attributeBytes(message);
        TopicLanes topic = topic(message.topic());
        int heldBytes = messageBytes + SendBatch.OVERHEAD_BYTES;
        // A callback that waited for room would keep the thread from making room.
        buffer.acquire(heldBytes, Callbacks.inside() ? Duration.ZERO : options.maxBlock());
        try {
            accumulator.add(topic, message, messageBytes, listener, heldBytes);
        } catch (ArgosyException e) {
            buffer.release(heldBytes);
            throw e;
        }
    }

    /** What tag, keys and properties take, about; refuses what a broker would refuse, before it spoils a batch. */
    private static int attributeBytes(Message message) {
        if (message.tag().isEmpty()
                && message.keys().isEmpty()
                && message.properties().isEmpty()) {
            return 0;
        }
        long texts = 0;
        Optional<Broken> broken = Optional.empty();
        if (message.tag().isPresent()) {
            broken = AttributeRules.tag(message.tag().get());
            texts += utf8Bytes(message.tag().get());
        }
        for (String key : message.keys()) {
            broken = broken.or(() -> AttributeRules.key(key));
            texts += utf8Bytes(key);
        }
        for (Map.Entry<String, String> property : message.properties().entrySet()) {
            broken = broken.or(() -> AttributeRules.property(property.getKey(), property.getValue()));
            texts += utf8Bytes(property.getKey()) + utf8Bytes(property.getValue());
        }
        long bytes = texts;
        broken = broken.or(() -> AttributeRules.sizes(message.properties().size(), bytes));
        broken.ifPresent(rule -> {
            throw new ArgosyException.Refused(
                    "the message was refused: " + rule.code().name() + " (" + rule.reason() + ")",
                    rule.code().getNumber());
        });
        int fields = 1 + message.keys().size() + 3 * message.properties().size();
        return (int) bytes + FIELD_BYTES * fields;
    }

    private static int utf8Bytes(String text) {
        return CodedOutputStream.computeStringSizeNoTag(text);
    }

    private void checkBody(int sizeBytes) {
        if (sizeBytes == 0) {
            throw new ArgosyException.Refused(
                    "the message has no body; give it at least one byte", Code.MESSAGE_BODY_EMPTY_VALUE);
        }
        if (sizeBytes > bodyBytesMax) {
            throw new ArgosyException.Refused(
                    "the body of " + sizeBytes + " bytes is over the limit of " + bodyBytesMax
                            + "; send a smaller one, or a reference to where the data is",
                    Code.MESSAGE_BODY_TOO_LARGE_VALUE);
        }
    }

    private TopicLanes topic(String name) {
        TopicLanes known = topics.get(name);
        if (known != null) {
            return known;
        }
        Route route = client.route(name, options.maxBlock());
        TopicLanes lanes = topics.computeIfAbsent(name, topic -> {
            TopicLanes fresh = new TopicLanes(topic, client.firstQueue());
            accumulator.learn(fresh, route);
            return fresh;
        });
        route.groups().forEach(sessions::ensure);
        return lanes;
    }

    private void learned(Route route) {
        TopicLanes lanes = topics.get(route.topic());
        if (lanes != null) {
            accumulator.learn(lanes, route);
            route.groups().forEach(sessions::ensure);
        }
    }

    private final class SessionOwner implements Sessions.Owner {

        @Override
        public ClientType type() {
            return ClientType.PRODUCER;
        }

        @Override
        public Optional<String> group() {
            return Optional.empty();
        }

        @Override
        public Settings.Builder settings() {
            Publishing.Builder publishing = Publishing.newBuilder().setValidateMessageType(true);
            topics.keySet().forEach(topic -> publishing.addTopics(Queue.resource(identity.namespace(), topic)));
            return Settings.newBuilder().setPublishing(publishing);
        }

        @Override
        public void configured(Settings settings) {
            int limit = settings.getPublishing().getMaxBodySize();
            if (limit > 0) {
                bodyBytesMax = limit;
            }
        }

        @Override
        public CompletableFuture<Status> verify(VerifyMessageCommand command) {
            return CompletableFuture.completedFuture(
                    Status.newBuilder().setCode(Code.NOT_IMPLEMENTED).build());
        }
    }

    /** A producer's bounds and times; see the builder. */
    record Options(
            Duration linger,
            int batchBytesMax,
            int batchCountMax,
            long bufferBytes,
            Duration maxBlock,
            Duration deliveryTimeout,
            int requestsInFlightMax,
            Compression compression) {

        static final Options DEFAULT = new Options(
                Duration.ofMillis(1),
                256 << 10,
                32_768,
                64L << 20,
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                16,
                Compression.NONE);
    }

    /** Options of a producer. */
    public static final class Builder {
        private final ArgosyClient client;
        private Duration linger = Options.DEFAULT.linger;
        private int batchBytesMax = Options.DEFAULT.batchBytesMax;
        private int batchCountMax = Options.DEFAULT.batchCountMax;
        private long bufferBytes = Options.DEFAULT.bufferBytes;
        private Duration maxBlock = Options.DEFAULT.maxBlock;
        private Duration deliveryTimeout = Options.DEFAULT.deliveryTimeout;
        private int requestsInFlightMax = Options.DEFAULT.requestsInFlightMax;
        private Compression compression = Options.DEFAULT.compression;

        Builder(ArgosyClient client) {
            this.client = client;
        }

        /**
         * How long a message waits for company while another request of its topic is under way; 1 ms by default. 0 sends at
         * once to any queue that is free. A longer time makes larger batches, and later ones.
         */
        public Builder linger(Duration time) {
            linger = Checks.notNegative(time, "linger");
            return this;
        }

        /**
         * Largest batch: bytes, 256 KiB by default, and messages, 32,768 by default. Small batches cost requests, large ones
         * memory on the way. A larger message travels alone.
         */
        public Builder batch(int bytesMax, int countMax) {
            batchBytesMax = Checks.within(bytesMax, 1, 3 << 20, "batchBytesMax");
            batchCountMax = Checks.within(countMax, 1, CompactBatch.COUNT_MAX, "batchCountMax");
            return this;
        }

        /**
         * Bytes that may be accepted and not yet acknowledged, 64 MiB by default, and how long a send waits for room, 30 s
         * by default; 0 fails at once.
         */
        public Builder buffer(long bytes, Duration wait) {
            bufferBytes = Checks.within(bytes, 1, Long.MAX_VALUE, "bufferBytes");
            maxBlock = Checks.notNegative(wait, "maxBlock");
            return this;
        }

        /** How long an accepted message is tried, 30 s by default. Below a few seconds, an election can fail sends. */
        public Builder deliveryTimeout(Duration timeout) {
            deliveryTimeout = Checks.positive(timeout, "deliveryTimeout");
            return this;
        }

        /** Requests under way over all queues, 16 by default; one queue never has more than one. */
        public Builder requestsInFlight(int max) {
            requestsInFlightMax = Checks.within(max, 1, 1024, "requestsInFlight");
            return this;
        }

        /** How bodies are compressed, not at all by default. */
        public Builder compression(Compression how) {
            compression = how;
            return this;
        }

        public Producer build() {
            return new Producer(
                    client,
                    new Options(
                            linger,
                            batchBytesMax,
                            batchCountMax,
                            bufferBytes,
                            maxBlock,
                            deliveryTimeout,
                            requestsInFlightMax,
                            compression));
        }
    }
}
