package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.StoreIdentity.Adoption;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The store on one disk. */
public final class LocalStore implements ReplicaStore {

    private static final Logger logger = LoggerFactory.getLogger(LocalStore.class);

    private static final UUID NO_BOOT = new UUID(0, 0);

    private final Disk disk;
    private final Path folder;
    private final Closeable lock;
    private final HardStateFile hardState;
    private final SegmentedLog log;
    private final Optional<LogKeeper> keeper;
    private final Optional<SnapshotManifest> published;
    private volatile StoreIdentity identity;

    private LocalStore(
            Disk disk,
            Path folder,
            Closeable lock,
            StoreIdentity identity,
            HardStateFile hardState,
            SegmentedLog log,
            Optional<SnapshotManifest> published,
            boolean attended) {
        this.disk = disk;
        this.folder = folder;
        this.lock = lock;
        this.identity = identity;
        this.hardState = hardState;
        this.log = log;
        this.published = published;
        log.onFailed(this::recordThatMoreMayBeLost);
        this.keeper = attended ? Optional.of(LogKeeper.start(log, folder)) : Optional.empty();
    }

    /**
     * Opens the folder, or makes a store in it if it is empty, and starts a thread that keeps the tail mark and the space
     * ahead of the writer.
     *
     * @param uuids random ones
     * @throws Disk.StoreLockedException if another replica uses the folder
     * @throws DamagedStoreException if the replica must not start
     */
    public static LocalStore open(Disk disk, Path folder, RaftConfig.Storage config, Supplier<UUID> uuids)
            throws IOException {
        return open(disk, folder, config, uuids, true);
    }

    /** As {@link #open}, without a thread: whoever simulates time calls {@link #maintain}. */
    public static LocalStore openStepped(Disk disk, Path folder, RaftConfig.Storage config, Supplier<UUID> uuids)
            throws IOException {
        return open(disk, folder, config, uuids, false);
    }

    private static LocalStore open(
            Disk disk, Path folder, RaftConfig.Storage config, Supplier<UUID> uuids, boolean attended)
            throws IOException {
        disk.createFolders(folder);
        Closeable lock = disk.lock(folder);
        try {
            SegmentedLog.LogFiles files = new SegmentedLog.LogFiles(
                    disk, folder, config.segmentBytes(), () -> uuids.get().getLeastSignificantBits());
            Optional<StoreIdentity> identity = StoreIdentity.load(disk, folder);
            if (identity.isEmpty()) {
                return create(files, lock, uuids.get(), attended);
            }
            // Names too may be known to this machine only until its next loss of power.
            disk.syncFolder(folder);
            HardStateFile hardState = HardStateFile.open(disk, folder);
            IncomingSnapshot.deleteFolder(disk, folder.resolve(OutgoingSnapshot.FOLDER));
            IncomingSnapshot.deleteFolder(disk, folder.resolve(LogPatch.FOLDER));
            Optional<SnapshotManifest> published = IncomingSnapshot.recover(disk, folder);
            // From the publication on the log is void, unless it is kept: nothing was appended to it since.
            SegmentedLog log = published.isPresent() && !IncomingSnapshot.keepsLog(disk, folder)
                    ? SegmentedLog.createBehind(
                            files,
                            published.get().index(),
                            published.get().term(),
                            SegmentHeader.Predecessor.NONE,
                            published.get().config())
                    : SegmentedLog.open(files, published);
            if (hardState.unsyncedSince().isPresent() && !disk.bootId().equals(hardState.unsyncedSince())) {
                // What the page cache held is gone, and may have been acknowledged (D3).
                hardState.save(hardState.state().withUnknownEnd());
            }
            if (hardState.unsyncedSince().isPresent()) {
                hardState.unsyncedSince(Optional.empty()); // opening has made durable what it found
            }
            LocalStore store = new LocalStore(disk, folder, lock, identity.get(), hardState, log, published, attended);
            store.finishAdoption();
            store.founding().ifPresent(log::knowFounding);
            return store;
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** The identity comes last: a folder without it holds nothing of value and is made anew. */
    private static LocalStore create(SegmentedLog.LogFiles files, Closeable lock, UUID storeUuid, boolean attended)
            throws IOException {
        Disk disk = files.disk();
        Path folder = files.folder();
        for (String name : disk.list(folder)) {
            if (Segment.firstIndex(name).filter(first -> first != 1).isPresent()
                    || name.endsWith(Segment.INDEX_SUFFIX)) {
                throw new DamagedStoreException(folder.resolve(StoreIdentity.NAME)
                        + " is missing, but the folder holds a" + " log: restore the file, or use an empty folder.");
            }
        }
        Path first = folder.resolve(Segment.name(1) + Segment.SUFFIX);
        if (disk.exists(first)) {
            try (Disk.DiskFile file = disk.open(first, false)) {
                if (file.sizeBytes() > SegmentHeader.BYTES) {
                    throw new DamagedStoreException(folder.resolve(StoreIdentity.NAME) + " is missing, but the folder"
                            + " holds a log: restore the file, or use an empty folder.");
                }
            }
            disk.delete(first);
        }
        HardStateFile hardState = HardStateFile.create(disk, folder);
        SegmentedLog log = SegmentedLog.create(files);
        StoreIdentity identity = new StoreIdentity(storeUuid, Optional.empty(), 0);
        identity.save(disk, folder);
        return new LocalStore(disk, folder, lock, identity, hardState, log, Optional.empty(), attended);
    }

    @Override
    public UUID storeUuid() {
        return identity.storeUuid();
    }

    @Override
    public Optional<UUID> groupUuid() {
        return identity.adoption().map(a -> a.membership().groupUuid());
    }

    @Override
    public Optional<Membership> founding() {
        return identity.adoption().map(Adoption::membership);
    }

    /** In force as the log on disk has it, committed or not. Any thread. */
    public Optional<Membership> membership() {
        List<ConfigAt> configs = log.configs();
        return configs.isEmpty()
                ? Optional.empty()
                : Optional.of(configs.get(configs.size() - 1).membership());
    }

    /** Name of the group at adoption, for people. */
    public Optional<String> groupName() {
        return identity.adoption().map(Adoption::groupName);
    }

    @Override
    public HardState hardState() {
        return hardState.state();
    }

    @Override
    public void saveHardState(HardState state) throws IOException {
        log.requireSound();
        try {
            hardState.save(state);
        } catch (IOException e) {
            // A replica whose vote may or may not be on disk must do nothing more (R2).
            throw log.fail(e);
        }
    }

    @Override
    public void allowUnsynced(boolean allowed) throws IOException {
        try {
            if (!allowed) {
                log.sync();
            }
            // Where nobody can tell starts of the machine apart, each start of the replica counts as one.
            hardState.unsyncedSince(allowed ? Optional.of(disk.bootId().orElse(NO_BOOT)) : Optional.empty());
        } catch (IOException e) {
            throw log.fail(e);
        }
    }

    /**
     * After a failed force the page cache may have let go of what the disk never held, and the machine goes on: the next
     * start finds it gone though its boot is the same. As far as the disk still takes it.
     */
    private void recordThatMoreMayBeLost() {
        if (hardState.unsyncedSince().isEmpty()) {
            return;
        }
        try {
            hardState.unsyncedSince(Optional.of(NO_BOOT));
        } catch (IOException e) {
            logger.error("cannot record that unsynced entries may be lost: replace this replica folder={}", folder, e);
        }
    }

    @Override
    public RaftLog log() {
        return log;
    }

    @Override
    public RestoredState restored(long appliedIndex) throws IOException {
        log.loseUpTo(appliedIndex, "applied by the state machine, but not in the log");
        // Not before it is known how far the log went: until then an older list may name what is lost.
        log.recordMemberships();
        List<TermStart> terms = log.terms();
        return new RestoredState(
                hardState.state(),
                log.configs(),
                log.firstIndex(),
                log.lastIndex(),
                terms,
                appliedIndex,
                log.damage().isEmpty());
    }

    @Override
    public long recoveryEpoch() {
        return identity.recoveryEpoch();
    }

    /**
     * From now on this store belongs to the group as it is after a recovery by force: replicas of an older epoch do not
     * talk to it any more. Durable on return; offline only.
     */
    public void beginEpoch(long recoveryEpoch) throws IOException {
        if (recoveryEpoch <= identity.recoveryEpoch()) {
            throw new IllegalArgumentException(
                    "recovery epoch " + recoveryEpoch + " after " + identity.recoveryEpoch());
        }
        StoreIdentity recovered = new StoreIdentity(identity.storeUuid(), identity.adoption(), recoveryEpoch);
        recovered.save(disk, folder);
        identity = recovered;
    }

    @Override
    public void adopt(String groupName, Membership membership) throws IOException {
        adopt(groupName, membership, 0);
    }

    @Override
    public void adopt(String groupName, Membership membership, long recoveryEpoch) throws IOException {
        Adoption adoption = new Adoption(groupName, membership);
        if (identity.adoption().isPresent()) {
            Adoption before = identity.adoption().get();
            if (!before.membership().equals(membership)) {
                throw new IllegalStateException("store " + identity.storeUuid() + " belongs to group "
                        + before.membership().groupUuid() + " (" + before.groupName() + ") already");
            }
            return;
        }
        if (log.lastIndex() > 0) {
            throw new IllegalStateException("store " + identity.storeUuid() + " holds entries of a group already");
        }
        StoreIdentity adopted = new StoreIdentity(identity.storeUuid(), Optional.of(adoption), recoveryEpoch);
        adopted.save(disk, folder);
        identity = adopted;
        finishAdoption();
    }

    /** The identity is the adoption; entry 1 follows from it, if need be after a crash. */
    private void finishAdoption() throws IOException {
        if (identity.adoption().isEmpty() || log.lastIndex() > 0) {
            return;
        }
        ByteBuffer payload = identity.adoption().get().membership().encode();
        log.append(List.of(Entry.of(1, 0, EntryType.CONFIG, payload)));
        log.sync();
    }

    @Override
    public Optional<SnapshotManifest> publishedSnapshot() {
        return published;
    }

    @Override
    public Path snapshotFolder() {
        return folder.resolve(IncomingSnapshot.FOLDER);
    }

    @Override
    public IncomingSnapshot receiveSnapshot(SnapshotManifest manifest) throws IOException {
        return IncomingSnapshot.begin(disk, folder, manifest);
    }

    @Override
    public void resetLog(SnapshotManifest snapshot) throws IOException {
        log.resetBehind(snapshot.index(), snapshot.term(), snapshot.config());
    }

    @Override
    public void keepLog(SnapshotManifest snapshot) throws IOException {
        log.know(snapshot);
    }

    @Override
    public void discardSnapshot() throws IOException {
        IncomingSnapshot.discard(disk, folder);
    }

    @Override
    public LogPatch beginPatch(IndexRange range, long prevTerm) throws IOException {
        return log.beginPatch(range, prevTerm);
    }

    @Override
    public boolean insert(LogPatch patch) throws IOException {
        return log.insert(patch);
    }

    @Override
    public void sealDamaged() throws IOException {
        log.sealDamaged();
    }

    @Override
    public StoreCheck beginCheck() {
        return new StoreCheck(log);
    }

    @Override
    public List<String> renewSmallFiles(List<String> indexes) throws IOException {
        List<String> renewed = new ArrayList<>(log.renewIndexes(indexes));
        if (!identity.isOn(disk, folder)) {
            identity.save(disk, folder);
            renewed.add(StoreIdentity.NAME);
        }
        try {
            if (hardState.renewed()) {
                renewed.add(HardStateFile.NAME);
            }
        } catch (IOException e) {
            throw log.fail(e);
        }
        if (log.renewedMark()) {
            renewed.add(TailMark.NAME);
        }
        if (log.renewedMemberships()) {
            renewed.add(MembershipFile.NAME);
        }
        return renewed;
    }

    @Override
    public Path checkpointFolder() throws IOException {
        Path checkpoint = folder.resolve(OutgoingSnapshot.FOLDER);
        IncomingSnapshot.deleteFolder(disk, checkpoint);
        return checkpoint;
    }

    @Override
    public OutgoingSnapshot offerSnapshot(long index) throws IOException {
        if (index < log.firstIndex() - 1 || index > log.lastIndex()) {
            throw new IOException("the log does not know the term of index " + index + " of the snapshot");
        }
        Optional<ConfigAt> config = LogRecovery.configInFrontOf(index + 1, log.configs());
        return OutgoingSnapshot.of(disk, folder.resolve(OutgoingSnapshot.FOLDER), index, log.termAt(index), config);
    }

    /**
     * Does what the thread of {@link #open} does: makes the tail mark as new as the last sync, and zeroes one stretch
     * ahead of the writer. Not together with other calls that write.
     */
    public void maintain() throws IOException {
        if (!log.markSaved()) {
            log.saveMark();
        }
        log.prepareAhead();
    }

    @Override
    public void close() throws IOException {
        keeper.ifPresent(LogKeeper::close);
        try (lock;
                hardState;
                log) {
            // Closed in reverse order, the lock last, whatever fails.
            if (hardState.unsyncedSince().isPresent() && log.isSound()) {
                allowUnsynced(false);
            }
        }
    }
}
