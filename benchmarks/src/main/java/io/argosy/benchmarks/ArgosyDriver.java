package io.argosy.benchmarks;

import io.argosy.client.ArgosyClient;
import io.argosy.client.ArgosyException;
import io.argosy.client.ClusterDescription;
import io.argosy.client.Compression;
import io.argosy.client.ConsumeResult;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.client.PullConsumer;
import io.argosy.client.PushConsumer;
import io.argosy.client.QueueRef;
import io.argosy.client.ReceivedMessage;
import io.argosy.client.SendListener;
import io.argosy.client.SendReceipt;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Argosy through its own client. Options: {@code lingerMillis} (5), {@code batchBytes} and {@code batchMessages} (the
 * client's), {@code bufferBytes} (64 MiB), {@code maxBlockMillis} (30,000), {@code compression} (none), {@code consumer}
 * (pull or push), {@code secretFile}, {@code opsPorts} (of the replicas, by number, with commas).
 */
final class ArgosyDriver implements Driver {

    private static final Set<String> OPTIONS = Set.of(
            "lingerMillis",
            "batchBytes",
            "batchMessages",
            "bufferBytes",
            "maxBlockMillis",
            "compression",
            "consumer",
            "secretFile",
            "opsPorts");

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration CLOSE_MAX = Duration.ofSeconds(20);

    private final Setup setup;
    private final ArgosyClient client;
    private final Optional<ArgosyAdmin> admin;

    ArgosyDriver(Setup setup) {
        for (String option : setup.options().keySet()) {
            if (!OPTIONS.contains(option)) {
                throw new IllegalArgumentException("no option " + option + "; there are " + OPTIONS);
            }
        }
        this.setup = setup;
        // For questions, not for load: they may wait.
        this.client = ArgosyClient.builder()
                .endpoints(setup.endpoints())
                .requestTimeout(PATIENCE)
                .build();
        this.admin = Optional.ofNullable(setup.options().get("secretFile"))
                .map(file -> new ArgosyAdmin(client, Path.of(file)));
    }

    private ArgosyClient connect() {
        return ArgosyClient.builder().endpoints(setup.endpoints()).build();
    }

    /** Found by the name argosy. */
    public static final class Found implements Provider {

        /** For the service loader. */
        public Found() {}

        @Override
        public String name() {
            return "argosy";
        }

        @Override
        public Driver open(Setup setup) {
            return new ArgosyDriver(setup);
        }
    }

    /** Without the cluster's secret, the first message creates the topic, with as many queues as the servers choose. */
    @Override
    public void createTopic(String topic, int queues) throws Exception {
        if (admin.isPresent()) {
            admin.get().createTopic(topic, queues);
        }
    }

    @Override
    public void deleteTopic(String topic) throws Exception {
        if (admin.isPresent()) {
            admin.get().deleteTopic(topic);
        }
    }

    @Override
    public Sender sender() {
        ArgosyClient own = connect();
        Producer producer = own.producer()
                .linger(Duration.ofMillis(setup.option("lingerMillis", 5)))
                .batch(setup.option("batchBytes", 256 << 10), setup.option("batchMessages", 32_768))
                .buffer(
                        setup.option("bufferBytes", 64 << 20),
                        Duration.ofMillis(setup.option("maxBlockMillis", 30_000)))
                .compression(
                        Compression.valueOf(setup.option("compression", "none").toUpperCase(Locale.ROOT)))
                .build();
        ProducerSender sender = new ProducerSender(own, producer);
        return setup.option("maxBlockMillis", 30_000) == 0 ? sender.knowingRoutes() : sender;
    }

    private record Telling(Completion completion) implements SendListener {

        @Override
        public void stored(SendReceipt receipt) {
            completion.done(1, null);
        }

        @Override
        public void failed(ArgosyException failure) {
            completion.done(1, failure);
        }
    }

    private record ProducerSender(ArgosyClient client, Producer producer) implements Sender {

        @Override
        public void send(String topic, int queue, byte[] body, Completion completion) {
            Message message = queue == ANY_QUEUE
                    ? Message.of(topic, body)
                    : Message.builder(topic, body).queueIndex(queue).build();
            producer.sendAsync(message, new Telling(completion));
        }

        /** Who waits for nothing would not even wait for the route of a topic: this asks for it beforehand. */
        Sender knowingRoutes() {
            Set<String> known = ConcurrentHashMap.newKeySet();
            ProducerSender inner = this;
            return new Sender() {
                @Override
                public void send(String topic, int queue, byte[] body, Completion completion) {
                    if (!known.contains(topic)) {
                        client.queues(topic);
                        known.add(topic);
                    }
                    inner.send(topic, queue, body, completion);
                }

                @Override
                public void sendAndWait(String topic, byte[] body) {
                    inner.sendAndWait(topic, body);
                }

                @Override
                public void flush() {
                    inner.flush();
                }

                @Override
                public void close() {
                    inner.close();
                }
            };
        }

        @Override
        public void sendAndWait(String topic, byte[] body) {
            producer.send(Message.of(topic, body));
        }

        @Override
        public void flush() {
            producer.flush();
        }

        @Override
        public void close() {
            client.close();
        }
    }

    @Override
    public Closeable consumer(String topic, boolean fromStart, Consumer<ByteBuffer> receiver) {
        String group = "bench-" + UUID.randomUUID();
        return setup.option("consumer", "pull").equals("push")
                ? push(group, topic, receiver)
                : pull(group, topic, fromStart, receiver);
    }

    private Closeable push(String group, String topic, Consumer<ByteBuffer> receiver) {
        ArgosyClient own = connect();
        PushConsumer consumer = own.pushConsumer(group)
                .subscribe(topic)
                .listener(message -> {
                    receiver.accept(message.bodyBuffer());
                    return ConsumeResult.SUCCESS;
                })
                .build();
        return () -> {
            consumer.close();
            own.close();
        };
    }

    private Closeable pull(String group, String topic, boolean fromStart, Consumer<ByteBuffer> receiver) {
        ArgosyClient own = connect();
        PullConsumer consumer = own.pullConsumer(group).build();
        for (QueueRef queue : own.queues(topic)) {
            consumer.assign(queue, fromStart ? consumer.beginningOffset(queue) : consumer.endOffset(queue));
        }
        Thread thread = new Thread(() -> poll(consumer, receiver), "bench-consumer");
        thread.setDaemon(true);
        thread.start();
        return () -> {
            // The poll that is under way ends with it. A close that hangs must not take the result with it.
            Thread closing = new Thread(
                    () -> {
                        consumer.close();
                        own.close();
                    },
                    "bench-close");
            closing.setDaemon(true);
            closing.start();
            if (!joined(closing)) {
                System.err.println("    WARNING: the consumer did not close within " + CLOSE_MAX.toSeconds() + " s: "
                        + List.of(closing.getStackTrace()));
            }
        };
    }

    private static boolean joined(Thread thread) {
        try {
            thread.join(CLOSE_MAX.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    private static void poll(PullConsumer consumer, Consumer<ByteBuffer> receiver) {
        long commitNanos = System.nanoTime();
        while (true) {
            try {
                List<ReceivedMessage> messages = consumer.poll(Duration.ofMillis(200));
                for (ReceivedMessage message : messages) {
                    receiver.accept(message.bodyBuffer());
                }
                // As often as the peer's consumer does by default.
                if (System.nanoTime() - commitNanos > Duration.ofSeconds(5).toNanos()) {
                    consumer.commit();
                    commitNanos = System.nanoTime();
                }
            } catch (ArgosyException.Closed e) {
                return;
            } catch (ArgosyException e) {
                if (!e.retryable()) {
                    throw e;
                }
            }
        }
    }

    @Override
    public int leader(String topic) {
        return leader();
    }

    private int leader() {
        for (ClusterDescription.Group group : client.describeCluster().groups()) {
            if (group.leaderId().isPresent()) {
                return group.leaderId().get();
            }
        }
        throw new IllegalStateException("no leader");
    }

    @Override
    public boolean retryable(Throwable failure) {
        return failure instanceof ArgosyException known && known.retryable();
    }

    @Override
    public Optional<LogWrites> logWrites() throws Exception {
        String ports = setup.option("opsPorts", "");
        if (ports.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Double> metrics =
                ArgosyMetrics.read(List.of(ports.split(",", -1)).get(leader() - 1));
        return Optional.of(new LogWrites(
                metrics.getOrDefault("argosy_publish_total", 0.0),
                metrics.getOrDefault("argosy_publish_bytes_total", 0.0),
                metrics.getOrDefault("argosy_log_fsync_seconds_count", 0.0)));
    }

    @Override
    public void close() {
        admin.ifPresent(ArgosyAdmin::close);
        client.close();
    }
}
