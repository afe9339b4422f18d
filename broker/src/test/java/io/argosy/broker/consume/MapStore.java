package io.argosy.broker.consume;

import io.argosy.broker.state.StateStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiPredicate;

/** A store in ordered maps, where every write is durable. */
final class MapStore implements StateStore {

    private final Map<Family, NavigableMap<byte[], byte[]>> families = new EnumMap<>(Family.class);
    private long appliedIndex;

    MapStore() {
        for (Family family : Family.values()) {
            families.put(family, new ConcurrentSkipListMap<>(Arrays::compareUnsigned));
        }
    }

    NavigableMap<byte[], byte[]> map(Family family) {
        return java.util.Objects.requireNonNull(families.get(family));
    }

    /** Everything in it as text, for comparison. */
    String dump() {
        StringBuilder text = new StringBuilder();
        families.forEach((family, map) -> map.forEach((key, value) -> text.append(family)
                .append(Arrays.toString(key))
                .append('=')
                .append(Arrays.toString(value))
                .append('\n')));
        return text.toString();
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        return Optional.ofNullable(map(family).get(key));
    }

    @Override
    public void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        visit(map(family).subMap(from, true, to, false), visitor);
    }

    @Override
    public void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        visit(map(family).subMap(from, true, to, false).descendingMap(), visitor);
    }

    private static void visit(Map<byte[], byte[]> range, BiPredicate<byte[], byte[]> visitor) {
        for (Map.Entry<byte[], byte[]> entry : range.entrySet()) {
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
    public void write(Batch batch, long index) {
        ((MapBatch) batch).changes.forEach(Runnable::run);
        appliedIndex = index;
    }

    @Override
    public void flush() {}

    @Override
    public long appliedIndex() {
        return appliedIndex;
    }

    @Override
    public long durableAppliedIndex() {
        return appliedIndex;
    }

    @Override
    public long snapshot(Path folder) {
        throw new UnsupportedOperationException("nothing in these tests takes snapshots");
    }

    @Override
    public void restore(Path folder) {
        throw new UnsupportedOperationException("nothing in these tests takes snapshots");
    }

    @Override
    public void close() {}

    private final class MapBatch implements Batch {

        private final List<Runnable> changes = new ArrayList<>();

        @Override
        public void put(Family family, byte[] key, byte[] value) {
            changes.add(() -> map(family).put(key, value));
        }

        @Override
        public void delete(Family family, byte[] key) {
            changes.add(() -> map(family).remove(key));
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            changes.add(() -> map(family).subMap(from, true, to, false).clear());
        }

        @Override
        public void close() {}
    }
}
