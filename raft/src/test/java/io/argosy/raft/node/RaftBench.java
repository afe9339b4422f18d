package io.argosy.raft.node;

import static org.awaitility.Awaitility.await;

import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Three replicas in this JVM over gRPC and real files: proposals per second, latency of one proposal at a time, and
 * the gap that a stopped leader leaves. Run it by hand; an argument names the folder.
 */
final class RaftBench {

    private static final Duration WARM_UP = Duration.ofSeconds(5);
    private static final Duration COUNTED = Duration.ofSeconds(10);

    private RaftBench() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path base = arguments.length > 0 ? Files.createDirectories(Path.of(arguments[0])) : Path.of("target");
        Path folder = Files.createTempDirectory(base, "raft-bench");
        try (Replicas replicas = Replicas.overGrpc(folder, 3)
                .machines(NoMachine::new)
                .storage(io.argosy.raft.RaftConfig.Storage.DEFAULT)
                .limits(io.argosy.raft.RaftConfig.Limits.DEFAULT)
                .born()) {
            latency(replicas, 1024);
            throughput(replicas, 1024, 4096);
            throughput(replicas, 64 << 10, 256);
            latency(replicas, 1024);
            for (int i = 0; i < 10; i++) {
                gap(replicas);
            }
        }
    }

    private static RaftServer leader(Replicas replicas) {
        return replicas.node(replicas.leader());
    }

    private static void throughput(Replicas replicas, int payloadBytes, int inFlight) throws InterruptedException {
        RaftServer leader = leader(replicas);
        ByteBuffer payload = ByteBuffer.allocate(payloadBytes);
        int crc = Entry.crcOf(payload);
        Semaphore window = new Semaphore(inFlight);
        AtomicLong committed = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        long end = System.nanoTime() + WARM_UP.toNanos();
        long before = 0;
        long started = System.nanoTime();
        long cpuBefore = 0;
        for (int phase = 0; phase < 2; phase++) {
            before = committed.get();
            started = System.nanoTime();
            cpuBefore = cpuNanos();
            while (System.nanoTime() - end < 0) {
                window.acquire();
                if (!leader.status().leading()) {
                    leader = leader(replicas);
                }
                leader.propose(payload, crc, result -> {
                    (result instanceof ProposeResult.Committed ? committed : refused).incrementAndGet();
                    window.release();
                });
            }
            end = System.nanoTime() + COUNTED.toNanos();
        }
        long count = committed.get() - before;
        double seconds = (System.nanoTime() - started) / 1e9;
        double cpu = (cpuNanos() - cpuBefore) / 1e9;
        window.acquire(inFlight);
        System.out.printf(
                "throughput payload=%d inFlight=%d: %.0f proposals/s, %.1f MB/s, %.2f cores, %.2f us CPU each,"
                        + " refused=%d, term=%d%n",
                payloadBytes,
                inFlight,
                count / seconds,
                count * (double) payloadBytes / seconds / 1e6,
                cpu / seconds,
                cpu * 1e6 / count,
                refused.get(),
                leader.status().term());
    }

    private static long cpuNanos() {
        return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getProcessCpuTime()
                : 0;
    }

    private static void latency(Replicas replicas, int payloadBytes) {
        RaftServer leader = leader(replicas);
        ByteBuffer payload = ByteBuffer.allocate(payloadBytes);
        long[] nanos = new long[3000];
        for (int i = -2000; i < nanos.length; i++) {
            long begin = System.nanoTime();
            Replicas.propose(leader, payload).join();
            if (i >= 0) {
                nanos[i] = System.nanoTime() - begin;
            }
        }
        Arrays.sort(nanos);
        System.out.printf(
                "latency payload=%d one in flight: p50=%.0f us p99=%.0f us max=%.0f us%n",
                payloadBytes,
                nanos[nanos.length / 2] / 1e3,
                nanos[nanos.length * 99 / 100] / 1e3,
                nanos[nanos.length - 1] / 1e3);
    }

    /** Stops the leader without farewell, as far as one process allows: its transport just ends. */
    private static void gap(Replicas replicas) throws IOException {
        int old = replicas.leader();
        CompletableFuture<ProposeResult> last = Replicas.propose(replicas.node(old), "before");
        last.join();
        long begin = System.nanoTime();
        replicas.cutOff(old);
        await().pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> replicas.all().stream()
                        .filter(node ->
                                node.status().leading() && node.status().self().value() != old)
                        .anyMatch(node -> Replicas.propose(node, "after").join() instanceof ProposeResult.Committed));
        System.out.printf("leader cut off: %.0f ms without a commit%n", (System.nanoTime() - begin) / 1e6);
        replicas.stop(old);
        replicas.start(old);
        await().atMost(Replicas.PATIENCE)
                .until(() -> replicas.node(old).status().appliedIndex()
                        >= leader(replicas).status().commitIndex());
    }

    /** Applies nothing, so that the log is what is measured. */
    private static final class NoMachine implements io.argosy.raft.StateMachine {
        @Override
        public long snapshot(Path folder) {
            throw new UnsupportedOperationException("nothing to write");
        }

        @Override
        public void restore(Path folder) {
            throw new UnsupportedOperationException("nothing was written");
        }

        @Override
        public long durableAppliedIndex() {
            return 0;
        }

        @Override
        public void apply(java.util.List<Entry> entries) {}
    }
}
