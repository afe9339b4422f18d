package io.argosy.benchmarks.openmessaging;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.argosy.client.Compression;
import java.io.File;
import java.io.IOException;

/**
 * What the driver's file says; {@code argosy.yaml} documents each key. What is left out has its default, an unknown key
 * is an error.
 *
 * @param name the benchmark's, for its results
 * @param driverClass the benchmark's, by which it finds the driver
 * @param endpoints name servers or brokers, host:port, with commas
 * @param secretFile the cluster's secret, for creating topics; empty: the servers create them, with their number of queues
 * @param topicPrefix how names of topics begin
 * @param connections clients per worker, each with a connection to each server; producers and consumers are dealt to them in turn
 */
record DriverSettings(
        String name,
        String driverClass,
        String endpoints,
        String secretFile,
        String topicPrefix,
        int connections,
        ProducerSettings producer,
        ConsumerSettings consumer) {

    /** How a message carries the time from which end-to-end latency is counted. */
    enum SendTime {
        /** Each its own, taken when the benchmark sends it, in a property. */
        MESSAGE,
        /** That of its batch, taken when the batch leaves. */
        BATCH
    }

    enum Mode {
        /** Acknowledges each message; consumers of a subscription share it wherever they run. */
        PUSH,
        /** Reads queues and commits offsets; consumers of a subscription share its queues within one worker. */
        PULL
    }

    /**
     * Of each producer of ours.
     *
     * @param shared whether the benchmark's producers on a connection share one of ours
     */
    record ProducerSettings(
            boolean shared,
            long lingerMillis,
            int batchBytes,
            int batchMessages,
            long bufferBytes,
            int requestsInFlight,
            long deliveryTimeoutMillis,
            Compression compression,
            SendTime sendTime) {}

    /**
     * One consumer.
     *
     * @param listenerThreads of a push consumer
     * @param receives open at a time, of a push consumer
     * @param cacheMessages that wait in a push consumer
     * @param cacheBytes that wait in either kind
     * @param pollMessages at once, at most, of a pull consumer
     * @param commitMillis between commits of a pull consumer
     */
    record ConsumerSettings(
            Mode mode,
            int listenerThreads,
            int receives,
            int cacheMessages,
            long cacheBytes,
            int pollMessages,
            long commitMillis) {}

    static final DriverSettings DEFAULT = new DriverSettings(
            "Argosy",
            ArgosyBenchmarkDriver.class.getName(),
            "127.0.0.1:8081",
            "",
            "omb",
            1,
            new ProducerSettings(
                    false, 1, 256 << 10, 32_768, 64L << 20, 16, 30_000, Compression.NONE, SendTime.MESSAGE),
            new ConsumerSettings(Mode.PUSH, 1, 2, 1024, 64L << 20, 256, 5_000));

    DriverSettings {
        if (connections < 1) {
            throw new IllegalArgumentException("connections: " + connections + "; at least one is needed");
        }
    }

    static DriverSettings load(File file) throws IOException {
        YAMLMapper yaml = YAMLMapper.builder()
                .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                .build();
        // Over the defaults, level by level.
        JsonNode merged =
                yaml.readerForUpdating(yaml.<JsonNode>valueToTree(DEFAULT)).readValue(file);
        return yaml.treeToValue(merged, DriverSettings.class);
    }
}
