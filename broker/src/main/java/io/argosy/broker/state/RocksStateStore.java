package io.argosy.broker.state;

import io.argosy.raft.StateMachine.CheckedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushJobInfo;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.RocksObject;
import org.rocksdb.SstFileReader;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state in RocksDB, without a log of its own: the Raft log is the write-ahead log (R40). All families are flushed as
 * one, so that what a crash leaves is the state at one applied index, which is stored in {@link Family#META} with each
 * batch. Every error is thrown, and whoever applies stops the replica.
 */
public final class RocksStateStore implements StateStore {

    private static final byte[] APPLIED_KEY = "applied-index".getBytes(StandardCharsets.US_ASCII);
    /** Behind a message that says what is damaged. */
    private static final String WAY_OUT =
            ". No other replica and no log has what it is made of: restore the data folder"
                    + " from a copy, or begin with an empty one";

    private static final int BLOOM_BITS = 10;
    private static final int OPEN_FILES_MAX = 256;
    private static final Logger log = LoggerFactory.getLogger(RocksStateStore.class);

    private final List<RocksObject> owned = new ArrayList<>();
    private final StateFolder files;
    private final StateDamage damage;
    private final AtomicBoolean damageReported = new AtomicBoolean();
    private final FlushListener flushListener = new FlushListener();
    private final DBOptions dbOptions;
    private final ColumnFamilyOptions familyOptions;

    /**
     * Held for writing while the database is replaced: whoever still reads the old one would read freed memory. A lock,
     * because readers are many and a queue would make them wait for each other.
     */
    private final ReadWriteLock replacing = new ReentrantReadWriteLock();

    private volatile Runnable beforeFlush = () -> {};

    private RocksDB db;
    private Map<Family, ColumnFamilyHandle> handles;
    private final WriteOptions writeOptions;
    private final ReadOptions readOptions;
    private final ReadOptions persistedOnly;
    private volatile long appliedIndex;
    private boolean closed;

    private RocksStateStore(StateFolder files, long memoryBytes, StateDamage damage) throws RocksDBException {
        this.files = files;
        this.damage = damage;
        Cache cache = own(new LRUCache(memoryBytes, 2));
        WriteBufferManager writeBuffers = own(new WriteBufferManager(memoryBytes / 2, cache));
        this.dbOptions = own(new DBOptions())
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setAtomicFlush(true)
                .setAvoidFlushDuringShutdown(true)
                .setMaxOpenFiles(OPEN_FILES_MAX)
                .setMaxBackgroundJobs(2)
                .setWriteBufferManager(writeBuffers)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(2)
                .setMaxLogFileSize(1 << 20)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0)
                .setBytesPerSync(1 << 20)
                .setListeners(List.of(flushListener));
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true)
                .setFilterPolicy(own(new BloomFilter(BLOOM_BITS)))
                .setFormatVersion(5);
        this.familyOptions = own(new ColumnFamilyOptions())
                .setTableFormatConfig(table)
                .setWriteBufferSize(memoryBytes / 4)
                .setArenaBlockSize(256 << 10)
                .setMaxWriteBufferNumber(4)
                .setCompressionType(CompressionType.LZ4_COMPRESSION);
        this.writeOptions = own(new WriteOptions()).setDisableWAL(true);
        this.readOptions = own(new ReadOptions());
        this.persistedOnly = own(new ReadOptions()).setReadTier(ReadTier.PERSISTED_TIER);
        this.handles = new EnumMap<>(Family.class);
        try {
            this.db = openDatabase(handles);
        } catch (RocksDBException e) {
            closeOwned();
            throw e;
        }
        try {
            this.appliedIndex = readDurableIndex();
        } catch (RocksDBException e) {
            close();
            throw e;
        }
    }

    private RocksDB openDatabase(Map<Family, ColumnFamilyHandle> byFamily) throws RocksDBException {
        List<ColumnFamilyHandle> opened = new ArrayList<>();
        RocksDB database = RocksDB.open(dbOptions, files.path().toString(), descriptors(), opened);
        name(opened, byFamily);
        return database;
    }

    private List<ColumnFamilyDescriptor> descriptors() {
        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, familyOptions));
        for (Family family : Family.values()) {
            descriptors.add(new ColumnFamilyDescriptor(family.label().getBytes(StandardCharsets.UTF_8), familyOptions));
        }
        return descriptors;
    }

    /**
     * Called before any flush, those that RocksDB begins by itself too: the log must be durable as far as the state is about
     * to be (D3). On RocksDB's thread.
     */
    public void beforeFlush(Runnable action) {
        beforeFlush = action;
    }

    private final class FlushListener extends AbstractEventListener {

        FlushListener() {
            super(EnabledEventCallback.ON_FLUSH_BEGIN);
        }

        @Override
        public void onFlushBegin(RocksDB flushing, FlushJobInfo info) {
            beforeFlush.run();
        }
    }

    /** RocksDB's own family is not used. */
    private static void name(List<ColumnFamilyHandle> opened, Map<Family, ColumnFamilyHandle> byFamily) {
        opened.get(0).close();
        Iterator<ColumnFamilyHandle> inOrder = opened.subList(1, opened.size()).iterator();
        for (Family family : Family.values()) {
            byFamily.put(family, inOrder.next());
        }
    }

    /**
     * Opens or creates the store; the state is the one of the last flush before the process ended.
     *
     * @param memoryBytes budget of block cache and write buffers together
     * @throws StateStoreException if RocksDB can't open the folder
     */
    public static RocksStateStore open(Path folder, long memoryBytes) {
        return open(new StateFolder(folder, step -> {}), memoryBytes);
    }

    /**
     * As {@link #open(Path, long)}; a folder that is damaged, or was found damaged in an earlier life, is set aside, and the
     * state begins empty.
     *
     * @throws StateStoreException also if it is damaged and cannot be rebuilt
     */
    public static RocksStateStore open(Path folder, long memoryBytes, StateDamage damage) {
        return open(new StateFolder(folder, step -> {}), memoryBytes, damage);
    }

    static RocksStateStore open(StateFolder files, long memoryBytes) {
        return open(files, memoryBytes, StateDamage.REFUSED);
    }

    static RocksStateStore open(StateFolder files, long memoryBytes, StateDamage damage) {
        Path folder = files.path();
        try {
            loadLibrary(folder);
            files.recover();
            Optional<String> noted = files.notedDamage();
            if (noted.isPresent()) {
                beginAnew(files, damage, noted.get());
            }
            try {
                return new RocksStateStore(files, memoryBytes, damage);
            } catch (RocksDBException e) {
                if (!isDamage(e) || !damage.canBeRebuilt().getAsBoolean()) {
                    throw e;
                }
                beginAnew(files, damage, String.valueOf(e.getMessage()));
                return new RocksStateStore(files, memoryBytes, damage);
            }
        } catch (IOException | RocksDBException e) {
            throw new StateStoreException(
                    "cannot open " + folder + ": " + e.getMessage()
                            + (e instanceof RocksDBException r && isDamage(r) ? WAY_OUT : ""),
                    e);
        }
    }

    private static void beginAnew(StateFolder files, StateDamage damage, String why) throws IOException {
        if (!damage.canBeRebuilt().getAsBoolean()) {
            throw new IOException("it is damaged: " + why + WAY_OUT);
        }
        Path aside = files.setAside(damage.clock().instant());
        log.error(
                "the state is damaged: it is set aside and made anew, from the log or from a peer's snapshot folder={}"
                        + " aside={} detail={}",
                files.path(),
                aside,
                why);
    }

    /** Its files are not what was written, or are gone; not: a full disk, a lock, a newer version. */
    private static boolean isDamage(RocksDBException e) {
        Status status = e.getStatus();
        if (status == null) {
            return false;
        }
        return switch (status.getCode()) {
            case Corruption, NotFound -> true;
            case IOError -> String.valueOf(e.getMessage()).contains("No such file");
            default -> false;
        };
    }

    /** Damage stops the replica: what else the files hold can't be trusted, and the next start makes them anew. */
    private StateStoreException failed(String what, RocksDBException e) {
        StateStoreException failure = new StateStoreException(what + ": " + e.getMessage(), e);
        if (isDamage(e)) {
            report(failure);
        }
        return failure;
    }

    private void report(StateStoreException found) {
        if (!damageReported.compareAndSet(false, true)) {
            return;
        }
        boolean rebuilt = damage.canBeRebuilt().getAsBoolean();
        log.error(
                "the state is damaged, the replica stops; {} folder={}",
                rebuilt ? "its next start sets the state aside and makes it anew" : "it cannot be made anew" + WAY_OUT,
                files.path(),
                found);
        if (rebuilt) {
            try {
                files.noteDamage(String.valueOf(found.getMessage()));
            } catch (IOException e) {
                found.addSuppressed(e);
                log.error("the damage could not be noted for the next start folder={}", files.path(), e);
            }
        }
        damage.onDamage().accept(found);
    }

    /** Unpacks the native library beside the store: one in the temporary folder would outlive a kill. */
    private static void loadLibrary(Path folder) throws IOException {
        Path library = folder.resolveSibling("native");
        Files.createDirectories(folder);
        Files.createDirectories(library);
        NativeLibraryLoader.getInstance().loadLibrary(library.toString());
        RocksDB.loadLibrary();
    }

    private <T extends RocksObject> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    private ColumnFamilyHandle handle(Family family) {
        ColumnFamilyHandle handle = handles.get(family);
        if (handle == null) {
            throw new IllegalStateException("no family " + family);
        }
        return handle;
    }

    @Override
    public Optional<byte[]> get(Family family, byte[] key) {
        replacing.readLock().lock();
        try {
            return Optional.ofNullable(db.get(handle(family), readOptions, key));
        } catch (RocksDBException e) {
            throw failed("reading " + family.label() + " failed", e);
        } finally {
            replacing.readLock().unlock();
        }
    }

    @Override
    public void scan(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        replacing.readLock().lock();
        try (RocksIterator iterator = db.newIterator(handle(family), readOptions)) {
            for (iterator.seek(from); iterator.isValid(); iterator.next()) {
                byte[] key = iterator.key();
                if (Arrays.compareUnsigned(key, to) >= 0 || !visitor.test(key, iterator.value())) {
                    return;
                }
            }
            checkEnd(family, iterator);
        } finally {
            replacing.readLock().unlock();
        }
    }

    @Override
    public void scanBackwards(Family family, byte[] from, byte[] to, BiPredicate<byte[], byte[]> visitor) {
        replacing.readLock().lock();
        try (RocksIterator iterator = db.newIterator(handle(family), readOptions)) {
            iterator.seekForPrev(to);
            if (iterator.isValid() && Arrays.equals(iterator.key(), to)) {
                iterator.prev();
            }
            for (; iterator.isValid(); iterator.prev()) {
                byte[] key = iterator.key();
                if (Arrays.compareUnsigned(key, from) < 0 || !visitor.test(key, iterator.value())) {
                    return;
                }
            }
            checkEnd(family, iterator);
        } finally {
            replacing.readLock().unlock();
        }
    }

    /** An iterator that met an error looks like one that met the end. */
    private void checkEnd(Family family, RocksIterator iterator) {
        try {
            iterator.status();
        } catch (RocksDBException e) {
            throw failed("scanning " + family.label() + " failed", e);
        }
    }

    @Override
    public Batch newBatch() {
        return new RocksBatch();
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
                    APPLIED_KEY,
                    ByteBuffer.allocate(8).putLong(appliedIndex).array());
            db.write(writeOptions, changes);
        } catch (RocksDBException e) {
            throw failed("writing the state at index " + appliedIndex + " failed", e);
        }
        this.appliedIndex = appliedIndex;
    }

    @Override
    public void flush() {
        replacing.readLock().lock();
        try (FlushOptions wait = new FlushOptions().setWaitForFlush(true).setAllowWriteStall(true)) {
            db.flush(wait, List.copyOf(handles.values()));
        } catch (RocksDBException e) {
            throw failed("flushing the state at index " + appliedIndex + " failed", e);
        } finally {
            replacing.readLock().unlock();
        }
    }

    @Override
    public long appliedIndex() {
        return appliedIndex;
    }

    /** Read from the files alone: without a log of its own, RocksDB leaves memory aside for such a read. */
    @Override
    public long durableAppliedIndex() {
        replacing.readLock().lock();
        try {
            return readDurableIndex();
        } catch (RocksDBException e) {
            throw failed("reading the durable index failed", e);
        } finally {
            replacing.readLock().unlock();
        }
    }

    private long readDurableIndex() throws RocksDBException {
        byte[] value = db.get(handle(Family.META), persistedOnly, APPLIED_KEY);
        return value == null ? 0 : ByteBuffer.wrap(value).getLong();
    }

    @Override
    public long durableBytes() {
        return liveFiles().values().stream().mapToLong(LiveFileMetaData::size).sum();
    }

    /** By name; files of all families lie in one folder. */
    private SortedMap<String, LiveFileMetaData> liveFiles() {
        replacing.readLock().lock();
        try {
            SortedMap<String, LiveFileMetaData> live = new TreeMap<>();
            for (LiveFileMetaData file : db.getLiveFilesMetaData()) {
                live.put(file.fileName().replace("/", ""), file);
            }
            return live;
        } finally {
            replacing.readLock().unlock();
        }
    }

    @Override
    public Optional<CheckedFile> checkFileAfter(String name) {
        for (Map.Entry<String, LiveFileMetaData> file : liveFiles().entrySet()) {
            if (file.getKey().compareTo(name) > 0) {
                return Optional.of(check(file.getKey(), file.getValue().size()));
            }
        }
        return Optional.empty();
    }

    private CheckedFile check(String name, long sizeBytes) {
        try (Options options = new Options();
                SstFileReader reader = new SstFileReader(options)) {
            reader.open(files.path().resolve(name).toString());
            reader.verifyChecksum();
            return new CheckedFile(name, sizeBytes, Optional.empty());
        } catch (RocksDBException e) {
            if (!liveFiles().containsKey(name)) {
                return new CheckedFile(name, sizeBytes, Optional.empty()); // dropped meanwhile
            }
            if (damage.canBeRebuilt().getAsBoolean()) {
                report(new StateStoreException("table file " + name + " is damaged: " + e.getMessage(), e));
            }
            // Where nobody can make it anew, what is whole of it is served on.
            return new CheckedFile(name, sizeBytes, Optional.of(e.getMessage() + WAY_OUT));
        }
    }

    /** A checkpoint: table files are linked, not copied. Opened once, so that what is handed out is known to be whole. */
    @Override
    public long snapshot(Path target) throws IOException {
        replacing.readLock().lock();
        try (Checkpoint checkpoint = Checkpoint.create(db)) {
            checkpoint.createCheckpoint(target.toString());
        } catch (RocksDBException e) {
            throw new IOException("cannot write a checkpoint to " + target, e);
        } finally {
            replacing.readLock().unlock();
        }
        requireSound(target);
        return appliedIndexOf(target);
    }

    /** What others take over must be what was written; they would find the same damage, and ask here again. */
    private void requireSound(Path copy) throws IOException {
        try (Stream<Path> listed = Files.list(copy)) {
            for (Path file :
                    listed.filter(f -> StateFolder.name(f).endsWith(".sst")).toList()) {
                try (Options options = new Options();
                        SstFileReader reader = new SstFileReader(options)) {
                    reader.open(file.toString());
                    reader.verifyChecksum();
                } catch (RocksDBException e) {
                    StateStoreException found = failed("table file " + StateFolder.name(file) + " is damaged", e);
                    throw new IOException(found.getMessage(), found);
                }
            }
        }
    }

    private static long appliedIndexOf(Path copy) throws IOException {
        List<ColumnFamilyHandle> opened = new ArrayList<>();
        // Options of their own: a look at a copy must not take part in this store's memory budget or write its log.
        try (DBOptions options = new DBOptions()
                        .setInfoLogLevel(InfoLogLevel.FATAL_LEVEL)
                        .setMaxOpenFiles(16);
                ColumnFamilyOptions plain = new ColumnFamilyOptions();
                RocksDB database = RocksDB.openReadOnly(
                        options,
                        copy.toString(),
                        List.of(
                                new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, plain),
                                new ColumnFamilyDescriptor(
                                        Family.META.label().getBytes(StandardCharsets.UTF_8), plain)),
                        opened)) {
            byte[] value = database.get(opened.get(1), APPLIED_KEY);
            opened.forEach(RocksObject::close);
            return value == null ? 0 : ByteBuffer.wrap(value).getLong();
        } catch (RocksDBException e) {
            throw new IOException("cannot read the copy in " + copy, e);
        } finally {
            try (Stream<Path> listed = Files.list(copy)) {
                for (Path file : listed.filter(f -> StateFolder.name(f).startsWith("LOG"))
                        .toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** A crash in between leaves an empty store, which is restored again: see {@link StateFolder}. */
    @Override
    public void restore(Path source) throws IOException {
        replacing.writeLock().lock();
        try {
            handles.values().forEach(RocksObject::close);
            db.close();
            files.replaceBy(source);
            handles = new EnumMap<>(Family.class);
            db = openDatabase(handles);
            appliedIndex = durableAppliedIndex();
            files.replaced();
        } catch (RocksDBException e) {
            throw new IOException("cannot open the state restored from " + source, e);
        } finally {
            replacing.writeLock().unlock();
        }
    }

    /** Does not flush: what is not durable is replayed. Other threads must have stopped using the store. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        handles.values().forEach(RocksObject::close);
        db.close();
        closeOwned();
    }

    private void closeOwned() {
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).close();
        }
        flushListener.close();
    }

    private final class RocksBatch implements Batch {

        private final WriteBatch changes = new WriteBatch();

        @Override
        public void put(Family family, byte[] key, byte[] value) {
            try {
                changes.put(handle(family), key, value);
            } catch (RocksDBException e) {
                throw new StateStoreException("batch refused a key", e);
            }
        }

        @Override
        public void delete(Family family, byte[] key) {
            try {
                changes.delete(handle(family), key);
            } catch (RocksDBException e) {
                throw new StateStoreException("batch refused a key", e);
            }
        }

        @Override
        public void deleteRange(Family family, byte[] from, byte[] to) {
            if (Arrays.compareUnsigned(from, to) >= 0) {
                return; // RocksDB calls it an error
            }
            try {
                changes.deleteRange(handle(family), from, to);
            } catch (RocksDBException e) {
                throw new StateStoreException("batch refused a range", e);
            }
        }

        @Override
        public void close() {
            changes.close();
        }
    }
}
