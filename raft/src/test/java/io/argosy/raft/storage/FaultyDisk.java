package io.argosy.raft.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A disk in memory that breaks as real ones do. {@link #crash} gives the disk as a machine finds it after it lost power:
 * each unsynced 512-byte sector is old, new or garbage; names survive only if their folder was synced, else each change
 * happened or did not. A failed force drops the pages and the next one succeeds (which is why nobody may go on).
 */
public final class FaultyDisk implements Disk {

    public static final int SECTOR_BYTES = 512;

    /** Counted, and where faults strike. Reads are not counted. */
    public enum Operation {
        CREATE,
        WRITE,
        FORCE,
        TRUNCATE,
        RENAME,
        DELETE,
        SYNC_FOLDER
    }

    /** The machine lost power in the middle of an operation; every later one fails the same way. */
    public static final class PowerLostException extends IOException {
        private static final long serialVersionUID = 1L;

        public PowerLostException() {
            super("power lost");
        }
    }

    private static final class Inode {
        byte[] bytes = new byte[0];
        int length;
        byte[] durable = new byte[0];
        int durableLength;
        final BitSet dirty = new BitSet();
        /** Sectors that fail when they are read. */
        final BitSet unreadable = new BitSet();
        /** Dirty sectors that the disk will put elsewhere: sector to sector. */
        final Map<Integer, Integer> misdirected = new TreeMap<>();

        boolean sizeDirty;

        void reserve(int size) {
            if (bytes.length < size) {
                bytes = Arrays.copyOf(bytes, Math.max(size, bytes.length * 2));
            }
        }

        void force() {
            if (durable.length < length) {
                durable = Arrays.copyOf(durable, bytes.length);
            }
            for (int s = dirty.nextSetBit(0); s >= 0; s = dirty.nextSetBit(s + 1)) {
                int from = s * SECTOR_BYTES;
                if (misdirected.isEmpty()) {
                    s = dirty.nextClearBit(s);
                    int to = Math.min(s * SECTOR_BYTES, length);
                    System.arraycopy(bytes, from, durable, from, Math.max(0, to - from));
                } else {
                    forceSector(s, from);
                }
            }
            if (length < durable.length) {
                Arrays.fill(durable, length, durable.length, (byte) 0);
            }
            durableLength = length;
            clean();
        }

        private void forceSector(int sector, int from) {
            int to = Math.min(from + SECTOR_BYTES, length);
            int target = misdirected.getOrDefault(sector, sector) * SECTOR_BYTES;
            if (to > from && target >= 0 && target + to - from <= durable.length) {
                System.arraycopy(bytes, from, durable, target, to - from);
            }
        }

        void clean() {
            dirty.clear();
            misdirected.clear();
            sizeDirty = false;
        }
    }

    /** A change of names that happens as a whole: path to inode, or to nothing. */
    private record NameChange(Map<Path, Optional<Inode>> changes) {}

    private final Map<Path, Inode> names = new TreeMap<>();
    private final Map<Path, Inode> durableNames = new TreeMap<>();
    private final Map<Path, List<NameChange>> pending = new TreeMap<>();
    private final Set<Path> locks = new HashSet<>();
    private final RandomGenerator random;

    private long operations;
    private long failAt = -1;
    private long powerLostAt = -1;
    private boolean powerLost;
    private long quotaBytes = Long.MAX_VALUE;
    private boolean garbage = true;
    private long misdirectAt = -1;
    private int misdirectSectors;
    private boolean misdirects;
    private Consumer<Operation> hook = operation -> {};
    private Runnable readHook = () -> {};

    private long boots;

    public FaultyDisk(RandomGenerator random) {
        this.random = random;
    }

    // Faults

    /** Number of operations so far. */
    public synchronized long operations() {
        return operations;
    }

    /** The n-th operation from now on, counted from 1, fails with an I/O error. */
    public synchronized void failAt(long n) {
        failAt = operations + n;
    }

    /** The power is lost in the n-th operation from now on, counted from 1. */
    public synchronized void losePowerAt(long n) {
        powerLostAt = operations + n;
    }

    public synchronized boolean powerLost() {
        return powerLost;
    }

    /**
     * The n-th operation from now on, counted from 1, if it is a write, lands so many sectors behind its place, or in
     * front of it, in the same file. Whoever reads it back before the power goes finds it where it should be.
     */
    public synchronized void misdirectAt(long n, int sectors) {
        misdirectAt = operations + n;
        misdirectSectors = sectors;
    }

    /** Bytes that all files together may have. */
    public synchronized void quota(long bytes) {
        quotaBytes = bytes;
    }

    /** No more than these bytes can be added. */
    public synchronized void fill(long bytes) {
        quotaBytes = usedBytes() + bytes;
    }

    /** Sectors of one file lie in another place, or in another file, as on a disk that misplaced a write. */
    public synchronized void misplace(Path from, int fromSector, Path to, int toSector, int sectors) {
        byte[] bytes = content(from);
        Inode inode = require(to);
        int at = toSector * SECTOR_BYTES;
        int start = fromSector * SECTOR_BYTES;
        int count = Math.min(sectors * SECTOR_BYTES, Math.min(bytes.length - start, inode.length - at));
        if (count > 0) {
            System.arraycopy(bytes, start, inode.bytes, at, count);
            System.arraycopy(bytes, start, inode.durable, at, Math.min(count, Math.max(0, inode.durable.length - at)));
        }
    }

    /** Whether unsynced sectors may turn into garbage. */
    public synchronized void garbage(boolean wanted) {
        garbage = wanted;
    }

    /** Runs before each operation, outside all locks; may wait, to hang the disk, or throw. */
    public synchronized void hook(Consumer<Operation> wanted) {
        hook = wanted;
    }

    /** Runs before each read, outside all locks. */
    public synchronized void readHook(Runnable wanted) {
        readHook = wanted;
    }

    /** Flips bits of one byte, as it lies on disk. */
    public synchronized void flip(Path file, int position, int mask) {
        Inode inode = require(file);
        inode.bytes[position] ^= (byte) mask;
        if (position < inode.durable.length) {
            inode.durable[position] ^= (byte) mask;
        }
    }

    /** Reads that touch these bytes fail from now on, until they are written anew. */
    public synchronized void unreadable(Path file, int position, int bytes) {
        Inode inode = require(file);
        inode.unreadable.set(position / SECTOR_BYTES, (position + bytes - 1) / SECTOR_BYTES + 1);
    }

    /** Cuts a file from outside. */
    public synchronized void cut(Path file, int sizeBytes) {
        Inode inode = require(file);
        inode.reserve(sizeBytes);
        Arrays.fill(inode.bytes, sizeBytes, inode.bytes.length, (byte) 0);
        inode.length = sizeBytes;
        for (int s = 0; s * SECTOR_BYTES < inode.bytes.length; s++) {
            inode.dirty.set(s);
        }
        inode.force();
    }

    /** Removes a file from outside. */
    public synchronized void lose(Path file) {
        names.remove(file);
        durableNames.remove(file);
    }

    public synchronized byte[] content(Path file) {
        Inode inode = require(file);
        return Arrays.copyOf(inode.bytes, inode.length);
    }

    private Inode require(Path file) {
        Inode inode = names.get(file);
        if (inode == null) {
            throw new IllegalArgumentException("no file " + file);
        }
        return inode;
    }

    /** The same files, all of them durable, without faults or locks. */
    public synchronized FaultyDisk copy() {
        FaultyDisk result = new FaultyDisk(random);
        result.boots = boots;
        names.forEach((path, inode) -> {
            Inode copy = new Inode();
            copy.bytes = inode.bytes.clone();
            copy.length = inode.length;
            copy.durable = inode.bytes.clone();
            copy.durableLength = inode.length;
            result.names.put(path, copy);
            result.durableNames.put(path, copy);
        });
        return result;
    }

    /**
     * The process that used the disk has died, the machine lives on: names, pages and what of them is not synced stay.
     * Returns this disk.
     */
    public synchronized FaultyDisk processDied() {
        powerLost = false;
        powerLostAt = -1;
        failAt = -1;
        locks.clear();
        return this;
    }

    /** The disk after a loss of power. This one must not be used any more. */
    public synchronized FaultyDisk crash() {
        powerLost = true;
        Map<Path, Inode> survivors = new TreeMap<>(durableNames);
        for (List<NameChange> changes : pending.values()) {
            for (NameChange change : changes) {
                if (random.nextBoolean()) {
                    change.changes().forEach((path, inode) -> {
                        if (inode.isPresent()) {
                            survivors.put(path, inode.get());
                        } else {
                            survivors.remove(path);
                        }
                    });
                }
            }
        }
        FaultyDisk result = new FaultyDisk(random);
        result.boots = boots + 1;
        survivors.forEach((path, inode) -> {
            Inode survivor = survivor(inode);
            result.names.put(path, survivor);
            result.durableNames.put(path, survivor);
        });
        return result;
    }

    private Inode survivor(Inode inode) {
        Inode result = new Inode();
        result.length = inode.sizeDirty && random.nextBoolean() ? inode.durableLength : inode.length;
        result.bytes = Arrays.copyOf(inode.durable, Math.max(inode.bytes.length, inode.durable.length));
        // Mostly-new and mostly-old disks as well as mixed ones.
        int newShare = switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> 100;
            case 2 -> 90;
            default -> 50;
        };
        for (int s = inode.dirty.nextSetBit(0); s >= 0; s = inode.dirty.nextSetBit(s + 1)) {
            int from = s * SECTOR_BYTES;
            int to = Math.min(from + SECTOR_BYTES, inode.length);
            if (to <= from) {
                continue;
            }
            if (garbage && newShare == 50 && random.nextInt(8) == 0) {
                for (int i = from; i < to; i++) {
                    result.bytes[i] = (byte) random.nextInt();
                }
            } else if (random.nextInt(100) < newShare) {
                System.arraycopy(inode.bytes, from, result.bytes, from, to - from);
            }
        }
        Arrays.fill(result.bytes, result.length, result.bytes.length, (byte) 0);
        result.durable = result.bytes.clone();
        result.durableLength = result.length;
        return result;
    }

    // Disk

    private void before(Operation operation) throws IOException {
        Consumer<Operation> wanted;
        synchronized (this) {
            wanted = hook;
        }
        wanted.accept(operation);
        synchronized (this) {
            requirePower();
            operations++;
            if (operations == failAt) {
                throw new IOException("Input/output error");
            }
        }
    }

    private void requirePower() throws PowerLostException {
        if (powerLost) {
            throw new PowerLostException();
        }
    }

    /** Called when the operation has happened, as far as it was to happen. */
    private void after() throws IOException {
        if (operations == powerLostAt) {
            powerLost = true;
            throw new PowerLostException();
        }
    }

    private boolean losesPowerNow() {
        return operations == powerLostAt;
    }

    @Override
    public void createFolders(Path folder) {
        // Folders are where files are.
    }

    @Override
    public synchronized List<String> list(Path folder) {
        return names.keySet().stream()
                .filter(p -> folder.equals(p.getParent()))
                .map(p -> String.valueOf(p.getFileName()))
                .sorted()
                .toList();
    }

    @Override
    public synchronized boolean exists(Path file) {
        return names.containsKey(file);
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        synchronized (this) {
            requirePower();
            Inode inode = names.get(file);
            if (inode != null) {
                return new OpenFile(inode);
            }
        }
        if (!create) {
            throw new NoSuchFileException(file.toString());
        }
        before(Operation.CREATE);
        synchronized (this) {
            Inode inode = new Inode();
            change(file, Map.of(file, Optional.of(inode)));
            after();
            return new OpenFile(inode);
        }
    }

    private void change(Path file, Map<Path, Optional<Inode>> changes) {
        changes.forEach((path, inode) -> {
            if (inode.isPresent()) {
                names.put(path, inode.get());
            } else {
                names.remove(path);
            }
        });
        pending.computeIfAbsent(file.getParent(), p -> new ArrayList<>()).add(new NameChange(changes));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        before(Operation.RENAME);
        synchronized (this) {
            Inode inode = names.get(from);
            if (inode == null) {
                throw new NoSuchFileException(from.toString());
            }
            change(to, Map.of(from, Optional.empty(), to, Optional.of(inode)));
            after();
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        before(Operation.DELETE);
        synchronized (this) {
            if (names.containsKey(file)) {
                change(file, Map.of(file, Optional.empty()));
            }
            after();
        }
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        before(Operation.SYNC_FOLDER);
        synchronized (this) {
            if (losesPowerNow() && random.nextBoolean()) {
                after();
            }
            pending.getOrDefault(folder, List.of())
                    .forEach(change -> change.changes().forEach((path, inode) -> {
                        if (inode.isPresent()) {
                            durableNames.put(path, inode.get());
                        } else {
                            durableNames.remove(path);
                        }
                    }));
            pending.remove(folder);
            after();
        }
    }

    @Override
    public synchronized Closeable lock(Path folder) throws IOException {
        if (!locks.add(folder)) {
            throw new StoreLockedException("data folder " + folder + " is in use");
        }
        return () -> {
            synchronized (this) {
                locks.remove(folder);
            }
        };
    }

    /** Changes with each loss of power. */
    @Override
    public Optional<UUID> bootId() {
        return Optional.of(new UUID(1, boots));
    }

    @Override
    public synchronized long usableBytes(Path folder) {
        return quotaBytes == Long.MAX_VALUE ? quotaBytes : Math.max(0, quotaBytes - usedBytes());
    }

    private long usedBytes() {
        return names.values().stream().distinct().mapToLong(i -> i.length).sum();
    }

    private final class OpenFile implements DiskFile {

        private final Inode inode;
        private volatile boolean closed;

        OpenFile(Inode inode) {
            this.inode = inode;
        }

        private void requireOpen() throws IOException {
            if (closed) {
                throw new java.nio.channels.ClosedChannelException();
            }
        }

        @Override
        public long sizeBytes() {
            synchronized (FaultyDisk.this) {
                return inode.length;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            Runnable wanted;
            synchronized (FaultyDisk.this) {
                wanted = readHook;
            }
            wanted.run();
            synchronized (FaultyDisk.this) {
                requirePower();
                requireOpen();
                if (position >= inode.length) {
                    return -1;
                }
                int count = (int) Math.min(target.remaining(), inode.length - position);
                int bad = inode.unreadable.nextSetBit((int) position / SECTOR_BYTES);
                if (count > 0 && bad >= 0 && (long) bad * SECTOR_BYTES < position + count) {
                    throw new IOException("Input/output error");
                }
                target.put(inode.bytes, (int) position, count);
                return count;
            }
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long position) throws IOException {
            before(Operation.WRITE);
            synchronized (FaultyDisk.this) {
                requireOpen();
                misdirects = operations == misdirectAt;
                long at = position;
                for (int i = 0; i < count; i++) {
                    while (sources[i].hasRemaining()) {
                        // In pieces, as a full disk takes some of it.
                        int piece = Math.min(sources[i].remaining(), SECTOR_BYTES);
                        if (quotaBytes != Long.MAX_VALUE
                                && at + piece > inode.length
                                && usedBytes() + at + piece - inode.length > quotaBytes) {
                            throw new DiskFullException("quota of " + quotaBytes + " bytes");
                        }
                        put(sources[i], (int) at, piece);
                        at += piece;
                    }
                }
                after();
            }
        }

        private void put(ByteBuffer source, int at, int bytes) {
            inode.reserve(at + bytes);
            source.get(inode.bytes, at, bytes);
            inode.dirty.set(at / SECTOR_BYTES, (at + bytes - 1) / SECTOR_BYTES + 1);
            inode.unreadable.clear(at / SECTOR_BYTES, (at + bytes - 1) / SECTOR_BYTES + 1);
            for (int sector = at / SECTOR_BYTES; sector <= (at + bytes - 1) / SECTOR_BYTES; sector++) {
                if (misdirects) {
                    inode.misdirected.put(sector, sector + misdirectSectors);
                } else {
                    inode.misdirected.remove(sector);
                }
            }
            if (at + bytes > inode.length) {
                inode.length = at + bytes;
                inode.sizeDirty = true;
            }
        }

        @Override
        public void force() throws IOException {
            try {
                before(Operation.FORCE);
            } catch (PowerLostException e) {
                throw e;
            } catch (IOException e) {
                synchronized (FaultyDisk.this) {
                    inode.clean();
                }
                throw e;
            }
            synchronized (FaultyDisk.this) {
                requireOpen();
                if (losesPowerNow() && random.nextBoolean()) {
                    after();
                }
                inode.force();
                after();
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            before(Operation.TRUNCATE);
            synchronized (FaultyDisk.this) {
                requireOpen();
                if (sizeBytes < inode.length) {
                    int size = (int) sizeBytes;
                    Arrays.fill(inode.bytes, size, inode.length, (byte) 0);
                    inode.dirty.set(size / SECTOR_BYTES, inode.length / SECTOR_BYTES + 1);
                    inode.length = size;
                    inode.sizeDirty = true;
                }
                after();
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
