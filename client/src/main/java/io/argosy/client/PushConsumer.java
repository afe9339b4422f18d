package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.Reply;
import io.argosy.client.internal.Route;
import io.argosy.client.internal.ServerStream;
import io.argosy.client.internal.Sessions;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.VerifyMessageCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a listener for each message of its group, on several threads, and acknowledges what succeeded. The server keeps
 * a message with this consumer for as long as it lives and works on it. Messages wait in a bounded cache; when that is
 * full, no more are asked for.
 */
@SuppressWarnings("FutureReturnValueIgnored") // whenComplete at the end of a chain takes both outcomes.
public final class PushConsumer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(PushConsumer.class);

    /** Asked for at once; servers give at most what they give anybody, and Argosy's give this client more. */
    private static final int BATCH_MAX = 128;

    private static final long SOON_MILLIS = 20;
    private static final long LATER_MILLIS = 1_000;
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final ArgosyClient client;
    private final ClusterLink link;
    private final Map<String, Filter> topics;
    private final MessageListener listener;
    private final int cacheMessagesMax;
    private final long cacheBytesMax;
    private final int receivesPerGroup;
    private final ConsumerCalls calls;
    private final AckBatcher acks;
    private final Sessions sessions;
    private final ThreadPoolExecutor threads;
    private final AtomicInteger cachedMessages = new AtomicInteger();
    private final AtomicLong cachedBytes = new AtomicLong();
    /** Loops that wait for room in the cache. */
    private final Queue<Loop> parked = new ConcurrentLinkedQueue<>();

    private final Set<String> known = ConcurrentHashMap.newKeySet();
    private final List<Loop> loops = new ArrayList<>();
    private volatile int loopCount;
    private final Consumer<Route> routeListener = this::learned;
    private volatile RetryDelays retryDelays = RetryDelays.DEFAULT;
    private volatile Duration longPolling = Duration.ofSeconds(20);
    private volatile int batchUsual = 32;
    private volatile boolean closed;

    private PushConsumer(Builder builder, MessageListener listener) {
        this.client = builder.client;
        this.link = client.link();
        this.topics = Map.copyOf(builder.topics);
        this.listener = listener;
        this.cacheMessagesMax = builder.cacheMessagesMax;
        this.cacheBytesMax = builder.cacheBytesMax;
        this.receivesPerGroup = builder.receivesPerGroup;
        ClientIdentity identity = client.newIdentity();
        this.calls = new ConsumerCalls(link, identity, builder.group, CLOSE_TIMEOUT);
        this.acks = new AckBatcher(calls);
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                builder.concurrency, builder.concurrency, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread =
                            new Thread(task, "argosy-listener-" + builder.group + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        this.sessions = new Sessions(link, identity, new SessionOwner(identity.namespace(), builder.group));
        client.opened(this);
        link.onRoute(routeListener);
        topics.keySet().forEach(this::start);
    }

    /** Messages received whose listener has not returned. */
    public int cachedMessages() {
        return cachedMessages.get();
    }

    private void start(String topic) {
        link.route(topic, link.settings().requestTimeout()).whenComplete((route, failure) -> {
            if (failure == null) {
                learned(route);
            } else if (!closed) {
                log.warn("cannot consume topic={} yet: {}", topic, failure.getMessage());
                link.after(LATER_MILLIS, () -> start(topic));
            }
        });
    }

    private void learned(Route route) {
        if (!topics.containsKey(route.topic()) || closed) {
            return;
        }
        for (String brokerGroup : route.groups()) {
            if (known.add(route.topic() + "@" + brokerGroup)) {
                sessions.ensure(brokerGroup);
                for (int i = 0; i < receivesPerGroup; i++) {
                    Loop loop = new Loop(route.topic(), brokerGroup);
                    synchronized (loops) {
                        loops.add(loop);
                        loopCount = loops.size();
                    }
                    loop.ask();
                }
            }
        }
    }

    /** One receive after the other. */
    private final class Loop implements Reply<List<ReceivedMessage>> {
        private final String topic;
        private final String brokerGroup;
        private String attemptId = "";
        private int reserved;
        private long askedNanos;
        private volatile @Nullable ServerStream<ReceiveMessageRequest, ReceiveMessageResponse> stream;

        Loop(String topic, String brokerGroup) {
            this.topic = topic;
            this.brokerGroup = brokerGroup;
        }

        void ask() {
            if (closed) {
                return;
            }
            reserved = reserve();
            if (reserved == 0) {
                parked.add(this);
                if (cachedMessages.get() == 0) {
                    wakeParked(); // The last listener may have returned before this loop was in the list.
                }
                return;
            }
            if (attemptId.isEmpty()) {
                attemptId = UUID.randomUUID().toString();
            }
            askedNanos = System.nanoTime();
            stream = calls.receive(
                            new ConsumerCalls.Receive(
                                    topic,
                                    brokerGroup,
                                    topics.getOrDefault(topic, Filter.ALL),
                                    reserved,
                                    Optional.empty(),
                                    longPolling,
                                    attemptId),
                            this)
                    .orElse(null);
        }

        void cancel() {
            ServerStream<ReceiveMessageRequest, ReceiveMessageResponse> open = stream;
            if (open != null) {
                open.cancel();
            }
        }

        @Override
        public void answered(List<ReceivedMessage> messages) {
            attemptId = "";
            cachedMessages.addAndGet(messages.size() - reserved);
            if (messages.size() < reserved) {
                wakeParked();
            }
            messages.forEach(PushConsumer.this::submit);
            // An empty answer long before the polling time is over must not make this a busy loop.
            boolean early =
                    messages.isEmpty() && System.nanoTime() - askedNanos < TimeUnit.MILLISECONDS.toNanos(SOON_MILLIS);
            if (early) {
                link.after(SOON_MILLIS, this::ask);
            } else {
                ask();
            }
        }

        @Override
        public void failed(CallFailure failure) {
            cachedMessages.addAndGet(-reserved);
            wakeParked();
            if (closed || link.isClosed()) {
                return;
            }
            log.debug("receive failed topic={} reason={}", topic, failure.getMessage());
            boolean soon = failure.kind() != CallFailure.Kind.REFUSED;
            if (!soon) {
                attemptId = "";
                log.warn("cannot receive topic={}: {}", topic, failure.getMessage());
            }
            link.after(soon ? SOON_MILLIS : LATER_MILLIS, this::ask);
        }
    }

    /**
     * A receive holds room in the cache for as long as it waits: with many loops, large batches would leave some of them
     * without any, so together they take no more than half of the cache beyond the usual batch.
     */
    private int batch() {
        int share = cacheMessagesMax / (2 * Math.max(1, loopCount));
        return Math.max(batchUsual, Math.min(BATCH_MAX, share));
    }

    /** Takes room for one receive; 0 if there is none. */
    private int reserve() {
        if (cachedBytes.get() >= cacheBytesMax) {
            return 0;
        }
        while (true) {
            int used = cachedMessages.get();
            int take = Math.min(batch(), cacheMessagesMax - used);
            if (take <= 0) {
                return 0;
            }
            if (cachedMessages.compareAndSet(used, used + take)) {
                return take;
            }
        }
    }

    private void wakeParked() {
        Loop waiting = parked.poll();
        if (waiting != null && !link.after(0, waiting::ask)) {
            log.debug("client closed while a receive waited for room");
        }
    }

    private void submit(ReceivedMessage message) {
        cachedBytes.addAndGet(message.bodySizeBytes());
        try {
            threads.execute(() -> consume(message));
        } catch (RejectedExecutionException e) {
            // Closing: the message becomes visible to others when the server learns of it.
            done(message);
        }
    }

    private void consume(ReceivedMessage message) {
        try {
            if (closed) {
                return;
            }
            if (call(message) == ConsumeResult.SUCCESS) {
                acks.ack(message);
            } else {
                Duration delay = retryDelays.after(message.deliveryAttempt());
                calls.changeInvisible(message, delay).whenComplete((answer, failure) -> {
                    if (failure != null) {
                        log.debug("could not put back message={} reason={}", message, failure.getMessage());
                    }
                });
            }
        } finally {
            done(message);
        }
    }

    private ConsumeResult call(ReceivedMessage message) {
        try {
            return listener.consume(message);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ConsumeResult.FAILURE;
        } catch (Exception e) {
            log.warn("listener failed message={} attempt={}", message, message.deliveryAttempt(), e);
            return ConsumeResult.FAILURE;
        }
    }

    private void done(ReceivedMessage message) {
        cachedBytes.addAndGet(-message.bodySizeBytes());
        cachedMessages.decrementAndGet();
        wakeParked();
    }

    /**
     * Stops asking, waits for listeners that run, acknowledges what they did. Messages that wait in the cache are left to
     * other consumers.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        link.removeRouteListener(routeListener);
        synchronized (loops) {
            loops.forEach(Loop::cancel);
        }
        threads.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("listeners still run {} s after close; they are interrupted", CLOSE_TIMEOUT.toSeconds());
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
        if (!Callbacks.inside()) {
            ArgosyClient.awaitEnd(acks.idle(), CLOSE_TIMEOUT);
        }
        sessions.close();
        client.closed(this);
    }

    private final class SessionOwner extends Subscriptions {

        SessionOwner(String namespace, String group) {
            super(ClientType.PUSH_CONSUMER, namespace, group, () -> topics, Optional.empty());
        }

        @Override
        public void configured(Settings settings) {
            if (settings.hasBackoffPolicy()) {
                retryDelays = RetryDelays.of(settings.getBackoffPolicy());
            }
            Duration polling = Sessions.javaDuration(settings.getSubscription().getLongPollingTimeout());
            if (polling.compareTo(Duration.ofSeconds(1)) >= 0) {
                longPolling = polling;
            }
            int batch = settings.getSubscription().getReceiveBatchSize();
            if (batch > 0) {
                batchUsual = batch;
            }
        }

        @Override
        public CompletableFuture<Status> verify(VerifyMessageCommand command) {
            ReceivedMessage message = new DeliveredMessage(command.getMessage(), "");
            CompletableFuture<Status> result = new CompletableFuture<>();
            try {
                threads.execute(() -> result.complete(Status.newBuilder()
                        .setCode(call(message) == ConsumeResult.SUCCESS ? Code.OK : Code.FAILED_TO_CONSUME_MESSAGE)
                        .build()));
            } catch (RejectedExecutionException e) {
                result.complete(
                        Status.newBuilder().setCode(Code.NOT_IMPLEMENTED).build());
            }
            return result;
        }
    }

    /** Options of a push consumer. */
    public static final class Builder {
        private final ArgosyClient client;
        private final String group;
        private final Map<String, Filter> topics = new LinkedHashMap<>();
        private @Nullable MessageListener listener;
        private int concurrency = 16;
        private int cacheMessagesMax = 1024;
        private long cacheBytesMax = 64L << 20;
        private int receivesPerGroup = 2;

        Builder(ArgosyClient client, String group) {
            this.client = client;
            this.group = group;
        }

        public Builder subscribe(String topic) {
            return subscribe(topic, Filter.ALL);
        }

        public Builder subscribe(String topic, Filter filter) {
            topics.put(topic, filter);
            return this;
        }

        public Builder listener(MessageListener receiver) {
            listener = receiver;
            return this;
        }

        /** Threads that call the listener, 16 by default. */
        public Builder concurrency(int threads) {
            concurrency = Checks.within(threads, 1, 4096, "concurrency");
            return this;
        }

        /** Messages and bytes that may wait for the listener, 1024 and 64 MiB by default; a last batch may exceed the bytes. */
        public Builder cache(int messagesMax, long bytesMax) {
            cacheMessagesMax = Checks.within(messagesMax, 1, 1 << 20, "cacheMessagesMax");
            cacheBytesMax = Checks.within(bytesMax, 1, Long.MAX_VALUE, "cacheBytesMax");
            return this;
        }

        /** Receive requests open at a time per topic and broker group, 2 by default. */
        public Builder receivesPerGroup(int count) {
            receivesPerGroup = Checks.within(count, 1, 64, "receivesPerGroup");
            return this;
        }

        /**
         * Starts consuming.
         *
         * @throws IllegalStateException if there is no listener or no topic
         */
        public PushConsumer build() {
            if (listener == null || topics.isEmpty()) {
                throw new IllegalStateException("a push consumer needs a listener and at least one topic");
            }
            return new PushConsumer(this, listener);
        }
    }
}
