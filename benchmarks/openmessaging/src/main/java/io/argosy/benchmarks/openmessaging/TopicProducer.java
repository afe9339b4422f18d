package io.argosy.benchmarks.openmessaging;

import io.argosy.benchmarks.openmessaging.DriverSettings.SendTime;
import io.argosy.client.ArgosyException;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.client.SendListener;
import io.argosy.client.SendReceipt;
import io.openmessaging.benchmark.driver.BenchmarkProducer;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What the benchmark takes for a producer: one topic.
 *
 * @param own whether nobody else uses the producer
 */
record TopicProducer(Producer producer, boolean own, String topic, SendTime sendTime, InstantSource clock)
        implements BenchmarkProducer {

    @Override
    public CompletableFuture<Void> sendAsync(Optional<String> key, byte[] payload) {
        Message.Builder message = Message.builder(topic, payload);
        if (sendTime == SendTime.MESSAGE) {
            message.property(PublishTime.PROPERTY, PublishTime.text(clock.millis()));
        }
        // Stored with the message, as other systems do, and not only used to choose the queue.
        key.ifPresent(text -> message.keys(text).partitionKey(text));
        Outcome outcome = new Outcome();
        producer.sendAsync(message.build(), outcome);
        return outcome;
    }

    /** Waits for what was sent. A producer that is shared is closed with its connection. */
    @Override
    public void close() {
        if (own) {
            producer.close();
        }
    }

    private static final class Outcome extends CompletableFuture<Void> implements SendListener {

        @Override
        @SuppressWarnings("NullAway") // There is no other value of Void.
        public void stored(SendReceipt receipt) {
            complete(null);
        }

        @Override
        public void failed(ArgosyException failure) {
            completeExceptionally(failure);
        }
    }
}
