package io.argosy.benchmarks.openmessaging;

import io.argosy.client.ArgosyException;
import io.argosy.client.PullConsumer;
import io.argosy.client.ReceivedMessage;
import io.openmessaging.benchmark.driver.BenchmarkConsumer;
import io.openmessaging.benchmark.driver.ConsumerCallback;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Polls on a thread of its own until it is closed, and commits from time to time. */
final class PullingConsumer implements BenchmarkConsumer {

    private static final Logger log = LoggerFactory.getLogger(PullingConsumer.class);

    private static final Duration POLL_MAX = Duration.ofMillis(200);
    private static final Duration CLOSE_MAX = Duration.ofSeconds(20);

    private final PullConsumer consumer;
    private final ConsumerCallback callback;
    private final long commitNanos;
    private final Thread thread;

    private PullingConsumer(PullConsumer consumer, ConsumerCallback callback, Duration commitInterval, String name) {
        this.consumer = consumer;
        this.callback = callback;
        this.commitNanos = commitInterval.toNanos();
        this.thread = new Thread(this::run, "pull-" + name);
        thread.setDaemon(true);
    }

    /** @param consumer with its queues */
    static PullingConsumer start(
            PullConsumer consumer, ConsumerCallback callback, Duration commitInterval, String name) {
        PullingConsumer started = new PullingConsumer(consumer, callback, commitInterval, name);
        started.thread.start();
        return started;
    }

    private void run() {
        long committedNanos = System.nanoTime();
        while (true) {
            try {
                for (ReceivedMessage message : consumer.poll(POLL_MAX)) {
                    callback.messageReceived(message.bodyBuffer(), PublishTime.millis(message));
                }
                if (System.nanoTime() - committedNanos >= commitNanos) {
                    consumer.commit();
                    committedNanos = System.nanoTime();
                }
            } catch (ArgosyException.Closed e) {
                return;
            } catch (ArgosyException e) {
                if (!e.retryable()) {
                    // The benchmark shows the rest: a backlog that grows.
                    log.error("consumer stopped thread={}", thread.getName(), e);
                    return;
                }
                log.warn("poll or commit failed, going on thread={} reason={}", thread.getName(), e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        consumer.close();
        try {
            thread.join(CLOSE_MAX.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            log.warn("the benchmark's callback still runs thread={}", thread.getName());
        }
    }
}
