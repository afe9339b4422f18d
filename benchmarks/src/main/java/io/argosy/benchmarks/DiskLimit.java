package io.argosy.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * What the disk can do with the write pattern of three replicas: three writers at a time, each with a segment that was
 * written with zeroes before, one write and one fsync per batch.
 */
final class DiskLimit {

    static final int BATCH_BYTES_MAX = 64 << 20;

    private static final int WRITERS = 3;
    private static final long SEGMENT_BYTES = 256L << 20;
    private static final Duration TIME = Duration.ofSeconds(8);

    private DiskLimit() {}

    /**
     * @param writerBytesPerSecond of the second of the three: a majority has what it has
     * @param fsyncNanos write and fsync of one batch
     */
    record Figures(double writerBytesPerSecond, double fsyncsPerSecond, Histogram fsyncNanos) {}

    private record Writer(long bytes, long batches, double seconds, Histogram nanos) {
        double bytesPerSecond() {
            return bytes / seconds;
        }
    }

    static Figures measure(Path folder, int batchBytes) throws Exception {
        return measure(folder, batchBytes, WRITERS, TIME);
    }

    static Figures measure(Path folder, int batchBytes, int writers, Duration time) throws Exception {
        Files.createDirectories(folder);
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        try {
            CountDownLatch ready = new CountDownLatch(writers);
            List<Future<Writer>> running = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                Path file = folder.resolve("disk-limit-" + i + ".tmp");
                Callable<Writer> work = () -> write(file, batchBytes, time, ready);
                running.add(threads.submit(work));
            }
            List<Writer> done = new ArrayList<>();
            for (Future<Writer> each : running) {
                done.add(each.get());
            }
            List<Double> rates =
                    done.stream().map(Writer::bytesPerSecond).sorted().toList();
            Histogram nanos = new Histogram(3);
            done.forEach(writer -> nanos.add(writer.nanos));
            double fsyncs = done.stream()
                    .mapToDouble(writer -> writer.batches / writer.seconds)
                    .sum();
            return new Figures(rates.get(rates.size() / 2), fsyncs, nanos);
        } finally {
            threads.shutdownNow();
        }
    }

    private static Writer write(Path file, int batchBytes, Duration time, CountDownLatch ready)
            throws IOException, InterruptedException {
        ByteBuffer batch = ByteBuffer.allocateDirect(batchBytes);
        byte[] random = new byte[batchBytes];
        new Random(1).nextBytes(random);
        batch.put(random);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer zeroes = ByteBuffer.allocateDirect(1 << 20);
            for (long at = 0; at < SEGMENT_BYTES; at += zeroes.capacity()) {
                writeFully(channel, zeroes.clear(), at);
            }
            channel.force(true);
            ready.countDown();
            ready.await();
            Histogram nanos = new Histogram(3);
            long startNanos = System.nanoTime();
            long position = 0;
            long bytes = 0;
            while (System.nanoTime() - startNanos < time.toNanos()) {
                if (position + batchBytes > SEGMENT_BYTES) {
                    position = 0;
                }
                long beginNanos = System.nanoTime();
                writeFully(channel, batch.clear(), position);
                channel.force(false);
                nanos.recordValue(System.nanoTime() - beginNanos);
                position += batchBytes;
                bytes += batchBytes;
            }
            return new Writer(bytes, nanos.getTotalCount(), (System.nanoTime() - startNanos) / 1e9, nanos);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }
}
