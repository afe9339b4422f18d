package io.argosy.benchmarks;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Latency of acknowledged sends. At a fixed rate each one is measured from the time it was due, so that a slow answer
 * is not forgiven the sends that waited behind it (no coordinated omission); rate 0 keeps one in flight and measures
 * each from its start.
 */
final class LatencyRun {

    private static final long MAX_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final ArgosyClient client;

    LatencyRun(ArgosyClient client) {
        this.client = client;
    }

    /** @param ratePerSecond 0 = one in flight */
    record Load(String topic, int bodyBytes, int ratePerSecond, Duration warmUp, Duration counted) {}

    record Result(Load load, Histogram nanos, long failures) {

        double micros(double percentile) {
            return nanos.getValueAtPercentile(percentile) / 1e3;
        }
    }

    Result run(Load load) {
        byte[] body = new byte[load.bodyBytes];
        new Random(1).nextBytes(body);
        ConcurrentHistogram nanos = new ConcurrentHistogram(MAX_NANOS, 3);
        ConcurrentHistogram failures = new ConcurrentHistogram(MAX_NANOS, 1);
        try (Producer producer = client.producer().linger(Duration.ZERO).build()) {
            long startNanos = System.nanoTime();
            long countFromNanos = startNanos + load.warmUp.toNanos();
            long endNanos = countFromNanos + load.counted.toNanos();
            if (load.ratePerSecond == 0) {
                for (long now = System.nanoTime(); now - endNanos < 0; now = System.nanoTime()) {
                    producer.send(Message.of(load.topic, body));
                    record(nanos, now, countFromNanos);
                }
            } else {
                long periodNanos = TimeUnit.SECONDS.toNanos(1) / load.ratePerSecond;
                for (long due = startNanos; due - endNanos < 0; due += periodNanos) {
                    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                        LockSupport.parkNanos(left);
                    }
                    long dueNanos = due;
                    var unused = producer.sendAsync(Message.of(load.topic, body))
                            .whenComplete((receipt, failure) -> {
                                if (failure == null) {
                                    record(nanos, dueNanos, countFromNanos);
                                } else {
                                    failures.recordValue(1);
                                }
                            });
                }
                producer.flush();
            }
        }
        return new Result(load, nanos, failures.getTotalCount());
    }

    private static void record(Histogram nanos, long fromNanos, long countFromNanos) {
        if (fromNanos - countFromNanos >= 0) {
            nanos.recordValue(Math.min(MAX_NANOS, System.nanoTime() - fromNanos));
        }
    }
}
