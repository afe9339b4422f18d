package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A message each ten milliseconds to one queue, through the name server; remembers what became of each. */
final class SteadyLoad implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String topic;
    private final ArgosyClient client;
    private final Producer producer;
    private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
    private final List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());
    private final List<String> failed = Collections.synchronizedList(new ArrayList<>());
    private int sent;

    SteadyLoad(TestCluster cluster, String topic) {
        this.topic = topic;
        this.client = ArgosyClient.builder().endpoints(cluster.endpoints()).build();
        this.producer = client.producer().build();
        var unused = pace.scheduleAtFixedRate(this::send, 0, 10, TimeUnit.MILLISECONDS);
        await().atMost(PATIENCE).until(() -> !acknowledged.isEmpty());
    }

    private void send() {
        String body = topic + "-" + sent++;
        var unused = producer.sendAsync(Message.builder(topic, body.getBytes(StandardCharsets.UTF_8))
                        .queueIndex(0)
                        .build())
                .whenComplete((receipt, failure) -> {
                    if (failure == null) {
                        acknowledged.add(body);
                    } else {
                        failed.add(body + ": " + failure);
                    }
                });
    }

    /** Messages are acknowledged now. */
    void awaitProgress() {
        int before = acknowledged.size();
        await().atMost(PATIENCE).until(() -> acknowledged.size() > before + 10);
    }

    /** Ends the load, every message of which was acknowledged. */
    List<String> finish() throws InterruptedException {
        pace.shutdown();
        assertThat(pace.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        await().atMost(PATIENCE).until(() -> acknowledged.size() + failed.size() == sent);
        assertThat(failed).isEmpty();
        return List.copyOf(acknowledged);
    }

    @Override
    public void close() {
        pace.shutdownNow();
        client.close();
    }
}
