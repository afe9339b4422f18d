package io.argosy.benchmarks.openmessaging;

import io.argosy.benchmarks.ArgosyAdmin;
import io.argosy.benchmarks.openmessaging.DriverSettings.ConsumerSettings;
import io.argosy.benchmarks.openmessaging.DriverSettings.Mode;
import io.argosy.benchmarks.openmessaging.DriverSettings.ProducerSettings;
import io.argosy.client.ArgosyClient;
import io.argosy.client.ConsumeResult;
import io.argosy.client.Producer;
import io.argosy.client.PullConsumer;
import io.argosy.client.PushConsumer;
import io.argosy.client.QueueRef;
import io.openmessaging.benchmark.driver.BenchmarkConsumer;
import io.openmessaging.benchmark.driver.BenchmarkDriver;
import io.openmessaging.benchmark.driver.BenchmarkProducer;
import io.openmessaging.benchmark.driver.ConsumerCallback;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.bookkeeper.stats.StatsLogger;

/** The class that the benchmark is told of; see {@code argosy.yaml} for its settings. */
public final class ArgosyBenchmarkDriver implements BenchmarkDriver {

    /** For name servers to hear of new topics. */
    private static final Duration ROUTES_MAX = Duration.ofSeconds(30);

    private static final long ROUTES_AGAIN_MILLIS = 200;

    /** For questions about the cluster; load has the client's own. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private DriverSettings settings = DriverSettings.DEFAULT;
    private List<Connection> connections = List.of();
    private final AtomicInteger dealt = new AtomicInteger();

    /** For the benchmark. */
    public ArgosyBenchmarkDriver() {}

    /** @param shared the producer of all that need none of their own */
    private record Connection(ArgosyClient client, Producer shared) {}

    @Override
    public void initialize(File configurationFile, StatsLogger statsLogger) throws IOException {
        settings = DriverSettings.load(configurationFile);
        List<Connection> opened = new ArrayList<>();
        for (int i = 0; i < settings.connections(); i++) {
            ArgosyClient client =
                    ArgosyClient.builder().endpoints(settings.endpoints()).build();
            opened.add(new Connection(client, newProducer(client, settings.producer())));
        }
        connections = List.copyOf(opened);
    }

    private static Producer newProducer(ArgosyClient client, ProducerSettings wanted) {
        return client.producer()
                .linger(Duration.ofMillis(wanted.lingerMillis()))
                .batch(wanted.batchBytes(), wanted.batchMessages())
                .buffer(wanted.bufferBytes(), Duration.ofMillis(wanted.deliveryTimeoutMillis()))
                .requestsInFlight(wanted.requestsInFlight())
                .deliveryTimeout(Duration.ofMillis(wanted.deliveryTimeoutMillis()))
                .compression(wanted.compression())
                .build();
    }

    private Connection next() {
        return connections.get(Math.floorMod(dealt.getAndIncrement(), connections.size()));
    }

    @Override
    public String getTopicNamePrefix() {
        return settings.topicPrefix();
    }

    @Override
    public CompletableFuture<Void> createTopic(String topic, int partitions) {
        return createTopics(List.of(new TopicInfo(topic, partitions)));
    }

    /** Partitions are queues. Done when routes show them: who sent earlier would use as many as the servers' default. */
    @Override
    @SuppressWarnings("NullAway") // There is no other value of Void.
    public CompletableFuture<Void> createTopics(List<TopicInfo> topicInfos) {
        return completed(() -> {
            Map<String, Integer> queuesByTopic = new LinkedHashMap<>();
            topicInfos.forEach(topic -> queuesByTopic.put(topic.getTopic(), topic.getPartitions()));
            if (settings.secretFile().isEmpty()) {
                Map<String, Integer> others = otherThan(queuesByTopic);
                if (!others.isEmpty()) {
                    throw new IllegalStateException("without secretFile the servers create topics, with "
                            + others.values().iterator().next() + " queues, and the workload wants "
                            + queuesByTopic.values().iterator().next()
                            + ": set secretFile in the driver's file to the cluster's secret");
                }
                return null;
            }
            create(queuesByTopic);
            awaitRoutes(queuesByTopic);
            return null;
        });
    }

    private void create(Map<String, Integer> queuesByTopic) throws Exception {
        try (ArgosyClient client = asking();
                ArgosyAdmin admin = new ArgosyAdmin(client, Path.of(settings.secretFile()))) {
            admin.createTopics(queuesByTopic);
        }
    }

    private void awaitRoutes(Map<String, Integer> queuesByTopic) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + ROUTES_MAX.toNanos();
        Map<String, Integer> wrong = otherThan(queuesByTopic);
        while (!wrong.isEmpty()) {
            if (System.nanoTime() - deadlineNanos >= 0) {
                throw new IllegalStateException("topics were created, but after " + ROUTES_MAX.toSeconds()
                        + " s routes still show other numbers of queues: " + wrong);
            }
            TimeUnit.MILLISECONDS.sleep(ROUTES_AGAIN_MILLIS);
            queuesByTopic.keySet().retainAll(wrong.keySet());
            wrong = otherThan(queuesByTopic);
        }
    }

    /** Topics whose routes show another number of queues, and that number. Asks anew: a client remembers its routes. */
    private Map<String, Integer> otherThan(Map<String, Integer> queuesByTopic) {
        Map<String, Integer> wrong = new LinkedHashMap<>();
        try (ArgosyClient client = asking()) {
            queuesByTopic.forEach((topic, queues) -> {
                int seen = client.queues(topic).size();
                if (seen != queues) {
                    wrong.put(topic, seen);
                }
            });
        }
        return wrong;
    }

    private ArgosyClient asking() {
        return ArgosyClient.builder()
                .endpoints(settings.endpoints())
                .requestTimeout(PATIENCE)
                .build();
    }

    @Override
    public CompletableFuture<BenchmarkProducer> createProducer(String topic) {
        ProducerSettings how = settings.producer();
        return completed(() -> {
            Connection connection = next();
            Producer producer = how.shared() ? connection.shared() : newProducer(connection.client(), how);
            return new TopicProducer(producer, !how.shared(), topic, how.sendTime(), InstantSource.system());
        });
    }

    @Override
    public CompletableFuture<BenchmarkConsumer> createConsumer(
            String topic, String subscriptionName, ConsumerCallback consumerCallback) {
        return createConsumers(List.of(new ConsumerInfo(0, topic, subscriptionName, consumerCallback)))
                .thenApply(consumers -> consumers.get(0));
    }

    @Override
    public CompletableFuture<List<BenchmarkConsumer>> createConsumers(List<ConsumerInfo> consumers) {
        return completed(() -> settings.consumer().mode() == Mode.PUSH
                ? consumers.stream().map(this::push).toList()
                : pulling(consumers));
    }

    private BenchmarkConsumer push(ConsumerInfo wanted) {
        ConsumerSettings how = settings.consumer();
        ConsumerCallback callback = wanted.getConsumerCallback();
        PushConsumer consumer = next().client()
                .pushConsumer(wanted.getSubscriptionName())
                .subscribe(wanted.getTopic())
                .concurrency(how.listenerThreads())
                .receivesPerGroup(how.receives())
                .cache(how.cacheMessages(), how.cacheBytes())
                .listener(message -> {
                    callback.messageReceived(message.bodyBuffer(), PublishTime.millis(message));
                    return ConsumeResult.SUCCESS;
                })
                .build();
        return consumer::close;
    }

    private record Subscription(String topic, String name) {}

    /** The n-th of a subscription's consumers here reads each queue whose number leaves n. */
    private List<BenchmarkConsumer> pulling(List<ConsumerInfo> consumers) {
        Map<Subscription, Integer> counts = new HashMap<>();
        consumers.forEach(each -> counts.merge(subscription(each), 1, Integer::sum));
        Map<Subscription, Integer> placed = new HashMap<>();
        List<BenchmarkConsumer> started = new ArrayList<>();
        for (ConsumerInfo each : consumers) {
            Subscription subscription = subscription(each);
            int place = placed.merge(subscription, 1, Integer::sum) - 1;
            started.add(pull(each, place, counts.getOrDefault(subscription, 1)));
        }
        return started;
    }

    private static Subscription subscription(ConsumerInfo consumer) {
        return new Subscription(consumer.getTopic(), consumer.getSubscriptionName());
    }

    private BenchmarkConsumer pull(ConsumerInfo wanted, int place, int count) {
        ConsumerSettings how = settings.consumer();
        ArgosyClient client = next().client();
        PullConsumer consumer = client.pullConsumer(wanted.getSubscriptionName())
                .batch(how.pollMessages())
                .bufferBytes(how.cacheBytes())
                .build();
        List<QueueRef> queues = client.queues(wanted.getTopic());
        for (int i = place; i < queues.size(); i += count) {
            consumer.assign(queues.get(i), consumer.beginningOffset(queues.get(i)));
        }
        return PullingConsumer.start(
                consumer,
                wanted.getConsumerCallback(),
                Duration.ofMillis(how.commitMillis()),
                wanted.getSubscriptionName() + "-" + place);
    }

    /** Waits for what was sent, then closes all connections. */
    @Override
    public void close() {
        connections.forEach(each -> each.client().close());
        connections = List.of();
    }

    /** The benchmark waits for these futures at once: nothing is gained by another thread. */
    private static <T> CompletableFuture<T> completed(Callable<T> work) {
        try {
            return CompletableFuture.completedFuture(work.call());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CompletableFuture.failedFuture(e);
        } catch (Exception e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
