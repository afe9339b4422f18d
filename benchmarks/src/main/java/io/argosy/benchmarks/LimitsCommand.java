package io.argosy.benchmarks;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench limits}. */
@Command(
        name = "limits",
        description = "What the machine can do at all: copying, a gRPC stream over loopback, fsyncs, writing.",
        mixinStandardHelpOptions = true)
final class LimitsCommand implements Callable<Integer> {

    private static final int COPY_BYTES = 64 << 20;
    private static final int SMALL_WRITE_BYTES = 4 << 10;
    private static final int BATCH_BYTES = 256 << 10;
    private static final int LARGE_WRITE_BYTES = 8 << 20;

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Option(names = "--dir", defaultValue = ".", description = "On the disk to measure (default: .)")
    private Path folder = Path.of(".");

    @Override
    public Integer call() throws Exception {
        Duration time = bed.timing().counted().dividedBy(6).plusSeconds(1);
        Result result = new Result();
        result.with("memcpyGigabytesPerSecond", memcpy(time) / 1e9);
        result.with("loopbackMegabytesPerSecond", LoopbackStream.bytesPerSecond(time) / 1e6);
        DiskLimit.Figures small = DiskLimit.measure(folder, SMALL_WRITE_BYTES, 1, time);
        result.with("fsyncsPerSecond", small.fsyncsPerSecond());
        result.with("fsyncP50Micros", small.fsyncNanos().getValueAtPercentile(50) / 1e3);
        result.with("fsyncP99Micros", small.fsyncNanos().getValueAtPercentile(99) / 1e3);
        result.with(
                "diskMegabytesPerSecond",
                DiskLimit.measure(folder, LARGE_WRITE_BYTES, 1, time).writerBytesPerSecond() / 1e6);
        DiskLimit.Figures three = DiskLimit.measure(folder, BATCH_BYTES, 3, time);
        result.with("threeWritersMegabytesPerSecond", three.writerBytesPerSecond() / 1e6);
        result.with("threeWritersFsyncP99Micros", three.fsyncNanos().getValueAtPercentile(99) / 1e3);
        bed.tell(Map.of(), bed.timing(), result);
        return 0;
    }

    /** Bytes per second from one place to another, both too large for the caches. */
    private static double memcpy(Duration time) {
        ByteBuffer from = ByteBuffer.allocateDirect(COPY_BYTES);
        ByteBuffer to = ByteBuffer.allocateDirect(COPY_BYTES);
        long bytes = 0;
        long startNanos = System.nanoTime();
        while (System.nanoTime() - startNanos < time.toNanos()) {
            to.clear().put(from.clear());
            bytes += COPY_BYTES;
        }
        return bytes / ((System.nanoTime() - startNanos) / 1e9);
    }
}
