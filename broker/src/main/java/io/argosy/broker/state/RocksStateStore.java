package io.argosy.broker.state;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.RocksObject;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;

/**
 * {@link StateStore} on RocksDB. Its write-ahead log is off, because the Raft log is one (docs/adr/0001): after a crash
 * the store is as of its last flush, and the node replays the rest. All families are flushed atomically, so that the
 * applied index, a key of the META family, always fits the data (R40).
 *
 * <p>An error of RocksDB is an {@link UncheckedStoreException}: thrown on the applier thread it stops the replica.
 */
public final class RocksStateStore implements StateStore {

    private static final byte[] APPLIED_INDEX = "applied-index".getBytes(StandardCharsets.US_ASCII);
    private static final int OPEN_FILES_MAX = 256;

    private final List<RocksObject> owned = new ArrayList<>();
    private final Map<Family, ColumnFamilyHandle> handles = new EnumMap<>(Family.class);
    private final RocksDB db;
    private final WriteOptions writeOptions;
    private volatile long appliedIndex;
    private volatile long durableAppliedIndex;

    private RocksStateStore(Path folder, long memoryBytes) throws RocksDBException {
        Cache cache = own(new LRUCache(memoryBytes));
        WriteBufferManager buffers = own(new WriteBufferManager(memoryBytes / 2, cache));
        BlockBasedTableConfig tables = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setCacheIndexAndFilterBlocks(true)
                .setFilterPolicy(own(new BloomFilter(10)));
        ColumnFamilyOptions familyOptions = own(new ColumnFamilyOptions())
                .setTableFormatConfig(tables)
                .setWriteBufferSize(memoryBytes / 4)
                .setLevelCompactionDynamicLevelBytes(true);
        DBOptions options = own(new DBOptions())
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setAtomicFlush(true)
                .setWriteBufferManager(buffers)
                .setMaxOpenFiles(OPEN_FILES_MAX)
                .setMaxBackgroundJobs(2)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0)
                .setKeepLogFileNum(2)
                .setAvoidFlushDuringShutdown(true)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL);
        writeOptions = own(new WriteOptions()).setDisableWAL(true);

        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, familyOptions));
        for (Family family : Family.values()) {
            descriptors.add(new ColumnFamilyDescriptor(bytes(family.label()), familyOptions));
        }
        List<ColumnFamilyHandle> opened = new ArrayList<>();
        db = RocksDB.open(options, folder.toString(), descriptors, opened);
        Iterator<ColumnFamilyHandle> handlesInOrder = opened.iterator();
        handlesInOrder.next();
        for (Family family : Family.values()) {
            handles.put(family, handlesInOrder.next());
        }
        // Closed in reverse order: handles before the database, the database before its options.
        owned.add(db);
        owned.addAll(opened);
        appliedIndex = get(Family.META, APPLIED_INDEX)
                .map(value -> ByteBuffer.wrap(value).getLong())
                .orElse(0L);
        durableAppliedIndex = appliedIndex;
    }

    /**
     * Opens or creates the store.
     *
     * @param memoryBytes budget of block cache and write buffers together
     */
    public static RocksStateStore open(Path folder, long memoryBytes) {
        try {
            loadLibrary(folder);
            return new RocksStateStore(folder, memoryBytes);
        } catch (IOException | RocksDBException e) {
            throw new UncheckedStoreException("cannot open " + folder, e);
        }
    }

    /** Unpacks the native library into the store's own folder: one in the temporary folder would outlive a kill. */
    private static void loadLibrary(Path folder) throws IOException {
        Path library = folder.resolveSibling("native");
        Files.createDirectories(folder);
        Files.createDirectories(library);
        NativeLibraryLoader.getInstance().loadLibrary(library.toString());
        RocksDB.loadLibrary();
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        try {
            return Optional.ofNullable(db.get(handle(family), key));
        } catch (RocksDBException e) {
            throw new UncheckedStoreException("get from " + family.label(), e);
        }
    }

    @Override
    public void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        try (Slice upper = new Slice(to);
                ReadOptions options = new ReadOptions().setIterateUpperBound(upper);
                RocksIterator iterator = db.newIterator(handle(family), options)) {
            iterator.seek(from);
            while (iterator.isValid() && visitor.test(iterator.key(), iterator.value())) {
                iterator.next();
            }
            iterator.status();
        } catch (RocksDBException e) {
            throw new UncheckedStoreException("scan of " + family.label(), e);
        }
    }

    @Override
    public void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        try (Slice lower = new Slice(from);
                Slice upper = new Slice(to);
                ReadOptions options =
                        new ReadOptions().setIterateLowerBound(lower).setIterateUpperBound(upper);
                RocksIterator iterator = db.newIterator(handle(family), options)) {
            iterator.seekForPrev(to);
            while (iterator.isValid() && visitor.test(iterator.key(), iterator.value())) {
                iterator.prev();
            }
            iterator.status();
        } catch (RocksDBException e) {
            throw new UncheckedStoreException("scan of " + family.label(), e);
        }
    }

    @Override
    public Batch newBatch() {
        return new RocksBatch(new WriteBatch());
    }

    @Override
    public void write(Batch batch, long appliedIndex) {
        if (appliedIndex < this.appliedIndex) {
            throw new IllegalArgumentException("applied index " + appliedIndex + " after " + this.appliedIndex);
        }
        WriteBatch changes = ((RocksBatch) batch).changes;
        try {
            changes.put(
                    handle(Family.META),
                    APPLIED_INDEX,
                    ByteBuffer.allocate(Long.BYTES).putLong(appliedIndex).array());
            db.write(writeOptions, changes);
        } catch (RocksDBException e) {
            throw new UncheckedStoreException("write up to index " + appliedIndex, e);
        }
        this.appliedIndex = appliedIndex;
    }

    @Override
    public synchronized void flush() {
        long covered = appliedIndex;
        if (covered == durableAppliedIndex) {
            return;
        }
        try (FlushOptions options = new FlushOptions().setWaitForFlush(true).setAllowWriteStall(true)) {
            db.flush(options, List.copyOf(handles.values()));
        } catch (RocksDBException e) {
            throw new UncheckedStoreException("flush up to index " + covered, e);
        }
        durableAppliedIndex = covered;
    }

    @Override
    public long appliedIndex() {
        return appliedIndex;
    }

    @Override
    public long durableAppliedIndex() {
        return durableAppliedIndex;
    }

    @Override
    public void close() {
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).close();
        }
        owned.clear();
    }

    private ColumnFamilyHandle handle(Family family) {
        ColumnFamilyHandle handle = handles.get(family);
        if (handle == null) {
            throw new AssertionError(family);
        }
        return handle;
    }

    private <T extends RocksObject> T own(T object) {
        owned.add(object);
        return object;
    }

    private static byte[] bytes(String label) {
        return label.getBytes(StandardCharsets.US_ASCII);
    }

    private final class RocksBatch implements Batch {

        private final WriteBatch changes;

        RocksBatch(WriteBatch changes) {
            this.changes = changes;
        }

        @Override
        public void put(Family family, byte[] key, byte[] value) {
            try {
                changes.put(handle(family), key, value);
            } catch (RocksDBException e) {
                throw new UncheckedStoreException("put to " + family.label(), e);
            }
        }

        @Override
        public void delete(Family family, byte[] key) {
            try {
                changes.delete(handle(family), key);
            } catch (RocksDBException e) {
                throw new UncheckedStoreException("delete from " + family.label(), e);
            }
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            try {
                changes.deleteRange(handle(family), from, to);
            } catch (RocksDBException e) {
                throw new UncheckedStoreException("delete from " + family.label(), e);
            }
        }

        @Override
        public void close() {
            changes.close();
        }
    }

    /** RocksDB failed; the replica cannot go on. */
    public static final class UncheckedStoreException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UncheckedStoreException(String what, Exception cause) {
            super("state store: " + what, cause);
        }
    }
}
