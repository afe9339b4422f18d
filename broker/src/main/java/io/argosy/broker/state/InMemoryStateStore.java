package io.argosy.broker.state;

import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiPredicate;

/**
 * Ordered maps in memory, for the simulator and for tests. What was written after the last {@link #flush} is lost by
 * {@link #crash}.
 */
public final class InMemoryStateStore implements StateStore {

    private static final String SNAPSHOT_FILE = "state";

    private final Map<Family, NavigableMap<byte[], byte[]>> families = new EnumMap<>(Family.class);

    /** Readers must see whole batches, and a batch is many changes: a lock, because a queue would make reads wait. */
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    // Since the last flush, in order: what a crash undoes by not being in `durable`.
    private final Map<Family, NavigableMap<byte[], byte[]>> durable = new EnumMap<>(Family.class);
    private final List<Change> unflushed = new ArrayList<>();
    private final Disk disk;
    private long appliedIndex;
    private long durableAppliedIndex;

    @SuppressWarnings("ArrayRecordComponent") // handed from the batch to the maps, never compared
    private record Change(Family family, byte[] key, Optional<byte[]> value, Optional<byte[]> rangeEnd) {

        void applyTo(Map<Family, NavigableMap<byte[], byte[]>> target) {
            NavigableMap<byte[], byte[]> map = InMemoryStateStore.map(target, family);
            if (rangeEnd.isPresent()) {
                if (Arrays.compareUnsigned(key, rangeEnd.get()) < 0) {
                    map.subMap(key, rangeEnd.get()).clear();
                }
            } else if (value.isPresent()) {
                map.put(key, value.get());
            } else {
                map.remove(key);
            }
        }
    }

    public InMemoryStateStore() {
        this(new FileSystemDisk());
    }

    /** @param disk where snapshots are written to and read from */
    public InMemoryStateStore(Disk disk) {
        this.disk = disk;
        for (Family family : Family.values()) {
            families.put(family, new TreeMap<>(Arrays::compareUnsigned));
            durable.put(family, new TreeMap<>(Arrays::compareUnsigned));
        }
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        lock.readLock().lock();
        try {
            return Optional.ofNullable(map(families, family).get(key)).map(byte[]::clone);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        visit(family, from, to, false, visitor);
    }

    @Override
    public void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        visit(family, from, to, true, visitor);
    }

    private void visit(Family family, byte[] from, byte[] to, boolean backwards, BiPredicate<byte[], byte[]> visitor) {
        if (Arrays.compareUnsigned(from, to) >= 0) {
            return;
        }
        lock.readLock().lock();
        try {
            NavigableMap<byte[], byte[]> range = map(families, family).subMap(from, true, to, false);
            for (Map.Entry<byte[], byte[]> entry : (backwards ? range.descendingMap() : range).entrySet()) {
                if (!visitor.test(entry.getKey().clone(), entry.getValue().clone())) {
                    return;
                }
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    private static NavigableMap<byte[], byte[]> map(Map<Family, NavigableMap<byte[], byte[]>> maps, Family family) {
        NavigableMap<byte[], byte[]> map = maps.get(family);
        if (map == null) {
            throw new IllegalStateException("no family " + family);
        }
        return map;
    }

    @Override
    public Batch newBatch() {
        return new Changes();
    }

    @Override
    public void write(Batch batch, long appliedIndex) {
        List<Change> changes = ((Changes) batch).changes;
        lock.writeLock().lock();
        try {
            if (appliedIndex < this.appliedIndex) {
                throw new IllegalArgumentException("applied index " + appliedIndex + " after " + this.appliedIndex);
            }
            changes.forEach(change -> change.applyTo(families));
            unflushed.addAll(changes);
            this.appliedIndex = appliedIndex;
        } finally {
            lock.writeLock().unlock();
        }
    }

    @Override
    public void flush() {
        lock.writeLock().lock();
        try {
            unflushed.forEach(change -> change.applyTo(durable));
            unflushed.clear();
            durableAppliedIndex = appliedIndex;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** The store as it is found after the process died now. */
    public InMemoryStateStore crash() {
        InMemoryStateStore found = new InMemoryStateStore(disk);
        lock.readLock().lock();
        try {
            for (Family family : Family.values()) {
                map(found.families, family).putAll(map(durable, family));
                map(found.durable, family).putAll(map(durable, family));
            }
            found.appliedIndex = durableAppliedIndex;
            found.durableAppliedIndex = durableAppliedIndex;
            return found;
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public long appliedIndex() {
        lock.readLock().lock();
        try {
            return appliedIndex;
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public long durableAppliedIndex() {
        lock.readLock().lock();
        try {
            return durableAppliedIndex;
        } finally {
            lock.readLock().unlock();
        }
    }

    /** One file: applied index (8), then per family its keys (4) and for each length (4), key, length (4), value. */
    @Override
    public long snapshot(Path folder) throws IOException {
        lock.readLock().lock();
        try (Disk.DiskFile file = create(folder)) {
            int bytes = 8;
            for (NavigableMap<byte[], byte[]> map : families.values()) {
                bytes += 4;
                for (Map.Entry<byte[], byte[]> entry : map.entrySet()) {
                    bytes += 8 + entry.getKey().length + entry.getValue().length;
                }
            }
            ByteBuffer out = ByteBuffer.allocate(bytes).putLong(appliedIndex);
            for (Family family : Family.values()) {
                out.putInt(map(families, family).size());
                map(families, family)
                        .forEach((key, value) -> out.putInt(key.length)
                                .put(key)
                                .putInt(value.length)
                                .put(value));
            }
            file.write(new ByteBuffer[] {out.flip()}, 1, 0);
            file.force();
            return appliedIndex;
        } finally {
            lock.readLock().unlock();
        }
    }

    private Disk.DiskFile create(Path folder) throws IOException {
        disk.createFolders(folder);
        return disk.open(folder.resolve(SNAPSHOT_FILE), true);
    }

    @Override
    public void restore(Path folder) throws IOException {
        ByteBuffer in;
        try (Disk.DiskFile file = disk.open(folder.resolve(SNAPSHOT_FILE), false)) {
            in = ByteBuffer.allocate((int) file.sizeBytes());
            while (in.hasRemaining() && file.read(in, in.position()) >= 0) {
                // All in the condition.
            }
            in.flip();
        }
        lock.writeLock().lock();
        try {
            appliedIndex = in.getLong();
            durableAppliedIndex = appliedIndex;
            unflushed.clear();
            families.values().forEach(Map::clear);
            durable.values().forEach(Map::clear);
            for (Family family : Family.values()) {
                for (int left = in.getInt(); left > 0; left--) {
                    byte[] key = new byte[in.getInt()];
                    in.get(key);
                    byte[] value = new byte[in.getInt()];
                    in.get(value);
                    map(families, family).put(key, value);
                    map(durable, family).put(key, value);
                }
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    @Override
    public void close() {}

    private static final class Changes implements Batch {

        private final List<Change> changes = new ArrayList<>();

        @Override
        public void put(Family family, byte[] key, byte[] value) {
            changes.add(new Change(family, key.clone(), Optional.of(value.clone()), Optional.empty()));
        }

        @Override
        public void delete(Family family, byte[] key) {
            changes.add(new Change(family, key.clone(), Optional.empty(), Optional.empty()));
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            changes.add(new Change(family, from.clone(), Optional.empty(), Optional.of(to.clone())));
        }

        @Override
        public void close() {
            changes.clear();
        }
    }
}
