package io.argosy.benchmarks.kafka;

import io.argosy.benchmarks.Driver;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Apache Kafka with its own client, {@code acks=all} and idempotence on. Options: {@code lingerMillis} (5), {@code
 * batchBytes} (128 KiB), {@code bufferBytes} (64 MiB), {@code pollRecords} (500).
 */
public final class KafkaDriver implements Driver {

    private static final short REPLICAS = 3;
    /** What a replica keeps of a topic, so that a disk shared by three of them lasts. */
    private static final long KEPT_BYTES = 4L << 30;

    private static final long SEGMENT_BYTES_MIN = 16L << 20;
    private static final long SEGMENT_BYTES_MAX = 1L << 30;

    private final Setup setup;
    private final Admin admin;

    KafkaDriver(Setup setup) {
        this.setup = setup;
        Properties properties = new Properties();
        properties.put("bootstrap.servers", setup.endpoints());
        this.admin = Admin.create(properties);
    }

    /** Found by the name kafka. */
    public static final class Found implements Provider {

        public Found() {}

        @Override
        public String name() {
            return "kafka";
        }

        @Override
        public Driver open(Setup setup) {
            return new KafkaDriver(setup);
        }
    }

    @Override
    public void createTopic(String topic, int queues) throws Exception {
        long perQueue = KEPT_BYTES / queues;
        Map<String, String> settings = Map.of(
                "retention.bytes", Long.toString(Math.max(SEGMENT_BYTES_MIN, perQueue)),
                "segment.bytes", Long.toString(Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES_MAX, perQueue))));
        admin.createTopics(List.of(new NewTopic(topic, queues, REPLICAS).configs(settings)))
                .all()
                .get();
        for (int i = 0; i < 600; i++) {
            try {
                TopicDescription description = describe(topic);
                if (description.partitions().size() == queues
                        && description.partitions().stream()
                                .allMatch(each -> each.leader() != null
                                        && !each.leader().isEmpty()
                                        && each.isr().size() == REPLICAS)) {
                    return;
                }
            } catch (ExecutionException notYet) {
                // Metadata travels; asked again below.
            }
            Thread.sleep(200);
        }
        throw new IllegalStateException("topic " + topic + " is not ready");
    }

    private TopicDescription describe(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    @Override
    public void deleteTopic(String topic) throws Exception {
        admin.deleteTopics(List.of(topic)).all().get();
    }

    @Override
    public int leader(String topic) throws Exception {
        return describe(topic).partitions().get(0).leader().id();
    }

    @Override
    public Sender sender() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", setup.endpoints());
        properties.put("acks", "all");
        properties.put("enable.idempotence", "true");
        properties.put("linger.ms", setup.option("lingerMillis", 5));
        properties.put("batch.size", setup.option("batchBytes", 131_072));
        properties.put("buffer.memory", setup.option("bufferBytes", "67108864"));
        properties.put("max.block.ms", "120000");
        properties.put("compression.type", "none");
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        return new Sender() {
            @Override
            public void send(String topic, int queue, byte[] body, Completion completion) {
                ProducerRecord<byte[], byte[]> message = queue == ANY_QUEUE
                        ? new ProducerRecord<>(topic, body)
                        : new ProducerRecord<>(topic, queue, null, body);
                producer.send(message, (metadata, failure) -> completion.done(1, failure));
            }

            @Override
            public void sendAndWait(String topic, byte[] body) throws Exception {
                producer.send(new ProducerRecord<>(topic, body)).get();
            }

            @Override
            public void flush() {
                producer.flush();
            }

            @Override
            public void close() {
                producer.close(Duration.ofSeconds(5));
            }
        };
    }

    @Override
    public Closeable consumer(String topic, boolean fromStart, Consumer<ByteBuffer> receiver) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", setup.endpoints());
        properties.put("group.id", "bench-" + UUID.randomUUID());
        properties.put("auto.offset.reset", fromStart ? "earliest" : "latest");
        properties.put("max.poll.records", setup.option("pollRecords", 500));
        AtomicBoolean over = new AtomicBoolean();
        Thread thread = new Thread(
                () -> {
                    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                            properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                        consumer.subscribe(List.of(topic));
                        while (!over.get()) {
                            for (ConsumerRecord<byte[], byte[]> message : consumer.poll(Duration.ofMillis(200))) {
                                receiver.accept(ByteBuffer.wrap(message.value()));
                            }
                        }
                    }
                },
                "bench-consumer");
        thread.setDaemon(true);
        thread.start();
        return () -> {
            over.set(true);
            try {
                thread.join(Duration.ofSeconds(10).toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        };
    }

    @Override
    public boolean retryable(Throwable failure) {
        return Optional.ofNullable(failure instanceof ExecutionException ? failure.getCause() : failure)
                .filter(RetriableException.class::isInstance)
                .isPresent();
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
    }
}
