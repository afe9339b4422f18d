package io.argosy.benchmarks;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** Sends as fast as the cluster acknowledges, batched, from one producer; counts acknowledgements only. */
final class ThroughputRun {

    private static final int BODIES = 64;
    private static final long STEP_NANOS = Duration.ofMillis(20).toNanos();

    private final ArgosyClient client;
    private final ProcessCpu cpu;
    private final LongAdder acknowledged = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile boolean over;

    ThroughputRun(ArgosyClient client, ProcessCpu cpu) {
        this.client = client;
        this.cpu = cpu;
    }

    /** @param linger as the producer's option */
    record Load(String topic, int bodyBytes, Duration linger, Duration warmUp, Duration counted) {}

    /** @param cpu spent in the counted seconds */
    record Result(Load load, long messages, long failures, double seconds, ProcessCpu.Sample cpu) {

        double messagesPerSecond() {
            return messages / seconds;
        }

        double megabytesPerSecond() {
            return messagesPerSecond() * load.bodyBytes / 1e6;
        }

        double clientCpuSecondsPerMillion() {
            return cpu.client() * 1e6 / messages;
        }

        double serverCpuSecondsPerMillion() {
            return cpu.servers() * 1e6 / messages;
        }

        /** Processors that were busy with something else, on average. */
        double otherProcessors() {
            return Math.max(0, (cpu.machine() - cpu.client() - cpu.servers()) / seconds);
        }
    }

    Result run(Load load) throws InterruptedException {
        try (Producer producer = client.producer().linger(load.linger).build()) {
            Thread sender = new Thread(() -> send(producer, load), "bench-sender");
            sender.start();
            sleepUntil(System.nanoTime() + load.warmUp.toNanos());
            ProcessCpu.Sample cpuBefore = cpu.sample();
            long before = acknowledged.sum();
            long startNanos = System.nanoTime();
            sleepUntil(startNanos + load.counted.toNanos());
            long messages = acknowledged.sum() - before;
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            ProcessCpu.Sample spent = cpu.sample().minus(cpuBefore);
            over = true;
            sender.join();
            producer.flush();
            return new Result(load, messages, failed.sum(), seconds, spent);
        }
    }

    private void send(Producer producer, Load load) {
        byte[][] bodies = new byte[BODIES][load.bodyBytes];
        Random random = new Random(1);
        for (byte[] body : bodies) {
            random.nextBytes(body);
        }
        for (int i = 0; !over; i++) {
            var unused = producer.sendAsync(Message.of(load.topic, bodies[i % BODIES]))
                    .whenComplete((receipt, failure) -> {
                        if (failure == null) {
                            acknowledged.increment();
                        } else {
                            failed.increment();
                        }
                    });
        }
    }

    private static void sleepUntil(long deadlineNanos) {
        for (long left = deadlineNanos - System.nanoTime(); left > 0; left = deadlineNanos - System.nanoTime()) {
            LockSupport.parkNanos(Math.min(left, STEP_NANOS));
        }
    }
}
