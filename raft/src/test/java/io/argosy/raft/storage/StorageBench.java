package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.RaftConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Append and sync on a real disk, by hand: {@code StorageBench <folder> [seconds per row]}. Prints batches per second,
 * payload throughput and latency of append plus sync, with and without the keeper's zeros ahead.
 */
final class StorageBench {

    private StorageBench() {}

    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        long nanosPerRow = (args.length > 1 ? Long.parseLong(args[1]) : 3) * 1_000_000_000L;
        System.out.println("entries  bytes  keeper   batches/s     MB/s   p50 us   p99 us  max us");
        for (int[] shape : new int[][] {{1, 3900}, {64, 1024}, {1024, 1024}, {16, 65536}}) {
            for (boolean keeper : new boolean[] {false, true}) {
                row(root, shape[0], shape[1], keeper, nanosPerRow);
            }
        }
        opening(root);
    }

    private static LocalStore open(Path folder, boolean keeper, long segmentBytes) throws IOException {
        RaftConfig.Storage config = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, segmentBytes, 0);
        return keeper
                ? LocalStore.open(new FileSystemDisk(), folder, config, UUID::randomUUID)
                : LocalStore.openStepped(new FileSystemDisk(), folder, config, UUID::randomUUID);
    }

    private static List<Entry> batch(long from, int count, ByteBuffer payload, int crc) {
        List<Entry> result = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            result.add(Entry.of(from + i, 1, EntryType.COMMAND, payload, crc));
        }
        return result;
    }

    private static void row(Path root, int count, int bytes, boolean keeper, long nanos) throws IOException {
        Path folder = root.resolve("bench-" + UUID.randomUUID());
        ByteBuffer payload = ByteBuffer.allocate(bytes);
        Arrays.fill(payload.array(), (byte) 7);
        int crc = Entry.crcOf(payload);
        List<Long> took = new ArrayList<>();
        try (LocalStore store = open(folder, keeper, 1L << 30)) {
            long start = System.nanoTime();
            long warm = start + nanos / 4;
            long end = warm + nanos;
            long now = start;
            while (now < end) {
                List<Entry> entries = batch(store.log().lastIndex() + 1, count, payload, crc);
                long before = System.nanoTime();
                store.log().append(entries);
                store.log().sync();
                now = System.nanoTime();
                if (before > warm) {
                    took.add(now - before);
                }
            }
        }
        delete(folder);
        took.sort(Comparator.naturalOrder());
        double seconds = nanos / 1e9;
        System.out.printf(
                Locale.ROOT,
                "%7d %6d  %6b  %10.0f %8.1f %8d %8d %7d%n",
                count,
                bytes,
                keeper,
                took.size() / seconds,
                took.size() / seconds * count * bytes / 1e6,
                took.get(took.size() / 2) / 1000,
                took.get(took.size() * 99 / 100) / 1000,
                took.get(took.size() - 1) / 1000);
    }

    /** How long a start takes: 4 GiB in 16 segments, with and without their indexes. */
    private static void opening(Path root) throws IOException {
        Path folder = root.resolve("bench-open");
        ByteBuffer payload = ByteBuffer.allocate(8192);
        int crc = Entry.crcOf(payload);
        try (LocalStore store = open(folder, false, 256L << 20)) {
            while (store.log().sizeBytes() < 4L << 30) {
                store.log().append(batch(store.log().lastIndex() + 1, 128, payload, crc));
                store.log().sync();
            }
        }
        time("open 4 GiB, 16 segments with indexes", folder);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".index")).toList()) {
                Files.delete(file);
            }
        }
        time("open 4 GiB, all indexes lost", folder);
        delete(folder);
    }

    private static void time(String what, Path folder) throws IOException {
        long before = System.nanoTime();
        try (LocalStore store = open(folder, false, 256L << 20)) {
            System.out.printf(
                    Locale.ROOT,
                    "%s: %d ms, lastIndex %d%n",
                    what,
                    (System.nanoTime() - before) / 1_000_000,
                    store.log().lastIndex());
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
