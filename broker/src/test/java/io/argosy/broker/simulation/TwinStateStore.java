package io.argosy.broker.simulation;

import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.state.RocksStateStore;
import io.argosy.broker.state.StateStore;
import io.argosy.raft.sim.Violation;
import io.argosy.raft.storage.Disk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.stream.Stream;

/**
 * RocksDB and ordered maps in memory side by side: each read must find the same in both, and after each flush, snapshot,
 * restoration and crash all that they hold must be the same. RocksDB writes to real files, which survive a kill of the
 * process; what a loss of power does to them is not simulated.
 */
final class TwinStateStore implements StateStore {

    private static final long MEMORY_BYTES = 64 << 20;
    /** On the simulated disk, where a snapshot travels. */
    private static final String PREFIX = "rocksdb-";

    /** RocksDB's own, among those of the family META. */
    private static final byte[] APPLIED_KEY = "applied-index".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] LOWEST = {};
    private static final byte[] HIGHEST = new byte[64];

    static {
        Arrays.fill(HIGHEST, (byte) 0xff);
    }

    private final Path folder;
    private final Disk disk;
    private final InMemoryStateStore memory;
    private final RocksStateStore rocks;
    private int copies;

    /** @param folder real and of its own; what RocksDB holds there must be what the map holds */
    private TwinStateStore(Path folder, Disk disk, InMemoryStateStore memory) {
        this.folder = folder;
        this.disk = disk;
        this.memory = memory;
        this.rocks = RocksStateStore.open(folder.resolve("state"), MEMORY_BYTES);
        compareAll("opening");
    }

    static TwinStateStore empty(Path folder, Disk disk) {
        return new TwinStateStore(folder, disk, new InMemoryStateStore(disk));
    }

    /** As the next process finds both. */
    TwinStateStore crash() {
        rocks.close();
        return new TwinStateStore(folder, disk, memory.crash());
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new Violation("E11 RocksDB and the map differ: " + what);
        }
    }

    private void compareAll(String after) {
        require(rocks.appliedIndex() == memory.appliedIndex(), "applied index after " + after);
        require(rocks.durableAppliedIndex() == memory.durableAppliedIndex(), "durable index after " + after);
        for (Family family : Family.values()) {
            scan(family, LOWEST, HIGHEST, (key, value) -> true);
        }
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        Optional<byte[]> inMemory = memory.get(family, key);
        Optional<byte[]> onDisk = rocks.get(family, key);
        require(
                inMemory.isPresent() == onDisk.isPresent()
                        && (inMemory.isEmpty() || Arrays.equals(inMemory.get(), onDisk.get())),
                family + " " + Arrays.toString(key));
        return inMemory;
    }

    @FunctionalInterface
    private interface Scan {
        void over(StateStore store, BiPredicate<byte[], byte[]> visitor);
    }

    @SuppressWarnings("ArrayRecordComponent") // compared as arrays
    private record Pair(byte[] key, byte[] value) {}

    private void scanBoth(String what, Scan scan, BiPredicate<byte[], byte[]> visitor) {
        List<Pair> seen = new ArrayList<>();
        boolean[] stopped = new boolean[1];
        scan.over(memory, (key, value) -> {
            seen.add(new Pair(key.clone(), value.clone()));
            boolean on = visitor.test(key, value);
            stopped[0] |= !on;
            return on;
        });
        int[] next = new int[1];
        scan.over(rocks, (key, value) -> {
            if (Arrays.equals(key, APPLIED_KEY)) {
                return true;
            }
            require(next[0] < seen.size(), what + ", RocksDB has more: " + Arrays.toString(key));
            Pair pair = seen.get(next[0]++);
            require(
                    Arrays.equals(pair.key, key) && Arrays.equals(pair.value, value),
                    what + " at " + Arrays.toString(pair.key) + ", in RocksDB " + Arrays.toString(key));
            return !stopped[0] || next[0] < seen.size();
        });
        require(next[0] == seen.size(), what + ", RocksDB has less");
    }

    @Override
    public void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        scanBoth("scan of " + family, (store, each) -> store.scan(family, from, to, each), visitor);
    }

    @Override
    public void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        scanBoth("backward scan of " + family, (store, each) -> store.scanBackwards(family, from, to, each), visitor);
    }

    @Override
    public Batch newBatch() {
        return new TwinBatch(memory.newBatch(), rocks.newBatch());
    }

    @Override
    public void write(Batch batch, long appliedIndex) {
        TwinBatch both = (TwinBatch) batch;
        memory.write(both.inMemory, appliedIndex);
        rocks.write(both.onDisk, appliedIndex);
    }

    @Override
    public void flush() {
        memory.flush();
        rocks.flush();
        compareAll("a flush");
    }

    @Override
    public long appliedIndex() {
        return memory.appliedIndex();
    }

    @Override
    public long durableAppliedIndex() {
        return memory.durableAppliedIndex();
    }

    @Override
    public long snapshot(Path target) throws IOException {
        long index = memory.snapshot(target);
        Path copy = folder.resolve("copy" + copies++);
        long onDisk = rocks.snapshot(copy);
        require(onDisk == index, "index of a snapshot");
        // A checkpoint flushes what it copies.
        memory.flush();
        try (Stream<Path> files = Files.list(copy)) {
            for (Path file : files.sorted().toList()) {
                try (Disk.DiskFile made = disk.open(target.resolve(PREFIX + file.getFileName()), true)) {
                    made.write(new ByteBuffer[] {ByteBuffer.wrap(Files.readAllBytes(file))}, 1, 0);
                }
            }
        } finally {
            delete(copy);
        }
        compareAll("a snapshot");
        return index;
    }

    @Override
    public void restore(Path source) throws IOException {
        Path copy = folder.resolve("copy" + copies++);
        Files.createDirectories(copy);
        for (String name : disk.list(source)) {
            if (name.startsWith(PREFIX)) {
                Files.write(copy.resolve(name.substring(PREFIX.length())), content(source.resolve(name)));
            }
        }
        memory.restore(source);
        rocks.restore(copy);
        delete(copy);
        compareAll("a restoration");
    }

    private byte[] content(Path path) throws IOException {
        try (Disk.DiskFile file = disk.open(path, false)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
            while (bytes.hasRemaining() && file.read(bytes, bytes.position()) >= 0) {
                // All in the condition.
            }
            return bytes.array();
        }
    }

    /** With all that is in it. */
    static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        rocks.close();
    }

    private record TwinBatch(Batch inMemory, Batch onDisk) implements Batch {
        @Override
        public void put(Family family, byte[] key, byte[] value) {
            inMemory.put(family, key, value);
            onDisk.put(family, key, value);
        }

        @Override
        public void delete(Family family, byte[] key) {
            inMemory.delete(family, key);
            onDisk.delete(family, key);
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            inMemory.deleteRange(family, from, to);
            onDisk.deleteRange(family, from, to);
        }

        @Override
        public void close() {
            inMemory.close();
            onDisk.close();
        }
    }
}
