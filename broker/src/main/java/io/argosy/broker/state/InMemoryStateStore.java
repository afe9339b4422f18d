package io.argosy.broker.state;

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
 * {@link StateStore} in ordered maps, for the simulator and for tests. What was not flushed is gone after
 * {@link #crash}, as with RocksDB without its write-ahead log.
 */
public final class InMemoryStateStore implements StateStore {

    private final Map<Family, NavigableMap<byte[], byte[]>> flushed;
    private final Map<Family, NavigableMap<byte[], byte[]>> maps;
    // Readers must see whole batches, and a map of maps has no snapshot; a queue would make every read a hand-off.
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private long appliedIndex;
    private long durableAppliedIndex;

    public InMemoryStateStore() {
        this(emptyMaps(), 0);
    }

    private InMemoryStateStore(Map<Family, NavigableMap<byte[], byte[]>> flushed, long appliedIndex) {
        this.flushed = flushed;
        this.maps = copy(flushed);
        this.appliedIndex = appliedIndex;
        this.durableAppliedIndex = appliedIndex;
    }

    /** The store as the next process would find it. */
    public InMemoryStateStore crash() {
        lock.readLock().lock();
        try {
            return new InMemoryStateStore(copy(flushed), durableAppliedIndex);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        lock.readLock().lock();
        try {
            return Optional.ofNullable(map(maps, family).get(key)).map(byte[]::clone);
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
        List<Map.Entry<byte[], byte[]>> found = new ArrayList<>();
        lock.readLock().lock();
        try {
            NavigableMap<byte[], byte[]> range = map(maps, family).subMap(from, true, to, false);
            (backwards ? range.descendingMap() : range)
                    .forEach((key, value) -> found.add(Map.entry(key.clone(), value.clone())));
        } finally {
            lock.readLock().unlock();
        }
        for (Map.Entry<byte[], byte[]> entry : found) {
            if (!visitor.test(entry.getKey(), entry.getValue())) {
                return;
            }
        }
    }

    @Override
    public Batch newBatch() {
        return new MapBatch();
    }

    @Override
    public void write(Batch batch, long appliedIndex) {
        lock.writeLock().lock();
        try {
            if (appliedIndex < this.appliedIndex) {
                throw new IllegalArgumentException("applied index " + appliedIndex + " after " + this.appliedIndex);
            }
            ((MapBatch) batch).changes.forEach(Runnable::run);
            this.appliedIndex = appliedIndex;
        } finally {
            lock.writeLock().unlock();
        }
    }

    @Override
    public void flush() {
        lock.writeLock().lock();
        try {
            flushed.clear();
            flushed.putAll(copy(maps));
            durableAppliedIndex = appliedIndex;
        } finally {
            lock.writeLock().unlock();
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

    @Override
    public void close() {}

    private static NavigableMap<byte[], byte[]> map(Map<Family, NavigableMap<byte[], byte[]>> maps, Family family) {
        NavigableMap<byte[], byte[]> map = maps.get(family);
        if (map == null) {
            throw new AssertionError(family);
        }
        return map;
    }

    private static Map<Family, NavigableMap<byte[], byte[]>> emptyMaps() {
        Map<Family, NavigableMap<byte[], byte[]>> maps = new EnumMap<>(Family.class);
        for (Family family : Family.values()) {
            maps.put(family, new TreeMap<>(Arrays::compareUnsigned));
        }
        return maps;
    }

    private static Map<Family, NavigableMap<byte[], byte[]>> copy(Map<Family, NavigableMap<byte[], byte[]>> source) {
        Map<Family, NavigableMap<byte[], byte[]>> copy = new EnumMap<>(Family.class);
        source.forEach((family, map) -> copy.put(family, new TreeMap<>(map)));
        return copy;
    }

    private final class MapBatch implements Batch {

        private final List<Runnable> changes = new ArrayList<>();

        @Override
        public void put(Family family, byte[] key, byte[] value) {
            byte[] ownKey = key.clone();
            byte[] ownValue = value.clone();
            changes.add(() -> map(maps, family).put(ownKey, ownValue));
        }

        @Override
        public void delete(Family family, byte[] key) {
            byte[] ownKey = key.clone();
            changes.add(() -> map(maps, family).remove(ownKey));
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            byte[] ownFrom = from.clone();
            byte[] ownTo = to.clone();
            changes.add(() -> map(maps, family).subMap(ownFrom, ownTo).clear());
        }

        @Override
        public void close() {}
    }
}
