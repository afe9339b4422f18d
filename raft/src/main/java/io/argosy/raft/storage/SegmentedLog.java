package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log in segments.
 *
 * <p>For maintainers. The writer's thread owns everything that is not volatile; readers see the volatile lists, which
 * are replaced and never changed, and {@link SegmentIndex}, which locks. Truncation appends a record that says so; no
 * byte of a segment is changed in place, except that a torn tail is cut off before anything is written there. A reader
 * that was overtaken by a truncation sees {@link #truncations} move and starts again. Files are dropped only after the
 * tail mark, or the truncation record in an older segment, made the drop durable: so a file that is missing is damage,
 * and one that is there though it should not be is a leftover.
 */
final class SegmentedLog implements RaftLog {

    private static final Logger log = LoggerFactory.getLogger(SegmentedLog.class);

    /** Entries of one record; bounds the memory of recovery and what one damaged head can hide. */
    private static final int BODY_BYTES_MAX = 4 << 20;

    private static final int STAGING_BYTES_MAX = BODY_BYTES_MAX + (64 << 10);
    private static final int STAGING_BYTES_MIN = 64 << 10;
    /** Unsynced bytes are counted in 31 bits on disk. */
    private static final int UNSYNCED_BYTES_MAX = 1 << 30;

    private static final byte[] SECTOR_OF_ZEROS = new byte[Batch.SECTOR_BYTES];

    private final Disk disk;
    private final Path folder;
    private final long segmentBytes;
    private final LongSupplier epochs;
    private final TwoSlotFile tail;
    private final MembershipFile memberships;
    private final Checksums checksums = new Checksums();
    private final ByteBuffer zeros;

    private volatile List<Segment> segments = List.of();
    private volatile List<TermStart> terms = List.of();
    private volatile List<ConfigAt> configs = List.of();
    private volatile List<Damage> damage = List.of();
    /** Damage that hides payloads only: the terms of these entries are known for certain. Grows only. */
    private volatile List<Damage> termsKnown = List.of();
    /** Damage of which nothing proves that it was ever durable. Shrinks only. */
    private volatile List<Damage> doubtful = List.of();

    /** Sealed segments that lost a spare copy of a header or a trailer; to be written anew like damaged ones. */
    private volatile List<Segment> worn = List.of();

    private volatile long firstIndex = 1;
    private volatile long lastIndex;
    private volatile long truncations;
    private volatile ZeroAhead zeroAhead;
    /** What the tail mark should say; the file may lag behind. */
    private volatile TailMark mark;

    private volatile boolean markSaved;
    private volatile Optional<IOException> failure = Optional.empty();
    private volatile Runnable onSynced = () -> {};
    private volatile Runnable onFailed = () -> {};

    /** Where the next record goes, in the last segment. Readers of the last segment stop at its endPosition. */
    private long position;

    /** Everything in front of it in the last segment is durable; {@code syncedPosition <= position}. */
    private long syncedPosition;

    private int chain;
    private ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES_MIN);
    private final ByteBuffer[] stagings = new ByteBuffer[1];
    private final Points points = new Points();

    private SegmentedLog(LogFiles files, LogRecovery.Found found, TwoSlotFile tail, MembershipFile memberships)
            throws IOException {
        this.disk = files.disk();
        this.folder = files.folder();
        this.segmentBytes = files.segmentBytes();
        this.epochs = files.epochs();
        this.tail = tail;
        this.memberships = memberships;
        this.zeros = ZeroAhead.zeros(segmentBytes);
        this.segments = List.copyOf(found.segments());
        this.terms = List.copyOf(found.terms());
        this.configs = List.copyOf(found.configs());
        this.damage = List.copyOf(found.damage());
        this.termsKnown = List.copyOf(found.termsKnown());
        this.doubtful = List.copyOf(found.doubtful());
        this.firstIndex = found.firstIndex();
        this.lastIndex = found.lastIndex();
        Segment active = active();
        this.position = active.endPosition;
        this.syncedPosition = position;
        this.chain = active.chain;
        this.zeroAhead = zeroAhead(active);
        this.mark = currentMark();
    }

    /** Where segments are made. */
    record LogFiles(Disk disk, Path folder, long segmentBytes, LongSupplier epochs) {}

    /** Makes an empty log; the caller makes sure that none is there. */
    static SegmentedLog create(LogFiles files) throws IOException {
        return createBehind(files, 0, 0, SegmentHeader.Predecessor.NONE, Optional.empty());
    }

    /**
     * Makes an empty log that begins behind an index, in place of whatever files of a log are in the folder. Not atomic:
     * after a crash in the middle it must be done again.
     *
     * @param term of the entry at the index
     * @param config the membership as of the index
     */
    static SegmentedLog createBehind(
            LogFiles files, long index, long term, SegmentHeader.Predecessor before, Optional<ConfigAt> config)
            throws IOException {
        for (String name : files.disk().list(files.folder())) {
            if (Segment.firstIndex(name).isPresent() || name.endsWith(Segment.INDEX_SUFFIX)) {
                files.disk().delete(files.folder().resolve(name));
            }
        }
        TwoSlotFile tail = TwoSlotFile.create(
                files.disk(), files.folder().resolve(TailMark.NAME), TailMark.MAGIC, TwoSlotFile.SLOT_BYTES);
        List<ConfigAt> configs = config.map(List::of).orElse(List.of());
        MembershipFile memberships = MembershipFile.create(files.disk(), files.folder(), configs);
        Segment first = LogRecovery.newSegment(files, index + 1, term, before, config);
        SegmentedLog result = new SegmentedLog(
                files,
                new LogRecovery.Found(
                        List.of(first),
                        List.of(new TermStart(index, term)),
                        configs,
                        List.of(),
                        List.of(),
                        List.of(),
                        index + 1,
                        index),
                tail,
                memberships);
        result.saveMark();
        return result;
    }

    /**
     * Opens the log and decides what is torn and what is damaged.
     *
     * @param kept a snapshot that is being taken over, while the log goes on
     */
    static SegmentedLog open(LogFiles files, Optional<SnapshotManifest> kept) throws IOException {
        TwoSlotFile tail = LogRecovery.openTail(files);
        Optional<TailMark> mark = tail.value().flatMap(TailMark::decode);
        Optional<MembershipFile> memberships = MembershipFile.open(files.disk(), files.folder());
        if (memberships.isPresent() && kept.isPresent()) {
            memberships.get().know(kept.get());
        }
        LogRecovery recovery = new LogRecovery(files, mark, memberships.map(MembershipFile::newest));
        LogRecovery.Found found = recovery.run();
        SegmentedLog result = new SegmentedLog(
                files,
                found,
                tail,
                memberships.isPresent()
                        ? memberships.get()
                        : MembershipFile.rebuild(files.disk(), files.folder(), found.configs()));
        kept.filter(snapshot -> snapshot.index() <= result.lastIndex)
                .ifPresent(snapshot -> result.configs = MembershipFile.known(result.configs, snapshot));
        result.saveMark();
        recovery.discardLeftovers();
        return result;
    }

    private ZeroAhead zeroAhead(Segment active) throws IOException {
        return new ZeroAhead(disk.open(active.path, false), position, active.file.sizeBytes(), segmentBytes);
    }

    private Segment active() {
        List<Segment> all = segments;
        return all.get(all.size() - 1);
    }

    @Override
    public long firstIndex() {
        return firstIndex;
    }

    @Override
    public long lastIndex() {
        return lastIndex;
    }

    @Override
    public List<TermStart> terms() {
        return terms;
    }

    /** What lies in front of the snapshot's index is committed, and not truncated any more. */
    void know(SnapshotManifest snapshot) throws IOException {
        configs = MembershipFile.known(configs, snapshot);
        recordMemberships();
    }

    /** What entry 1 says, which may be damaged: a log that starts with it knows its group all the same. */
    void knowFounding(Membership founding) {
        List<ConfigAt> known = configs;
        if (firstIndex == 1 && lastIndex > 0 && (known.isEmpty() || known.get(0).index() > 1)) {
            List<ConfigAt> all = new ArrayList<>(known);
            all.add(0, new ConfigAt(1, founding));
            configs = List.copyOf(all);
        }
    }

    @Override
    public List<ConfigAt> configs() {
        return configs;
    }

    @Override
    public long segmentStart(long index) {
        List<Segment> all = segments;
        return Math.max(firstIndex, all.get(holderOf(all, index)).firstIndex());
    }

    @Override
    public List<Damage> damage() {
        return damage;
    }

    @Override
    public long sizeBytes() {
        long bytes = 0;
        for (Segment segment : segments) {
            bytes += segment.endPosition;
        }
        return bytes;
    }

    // Writing

    @Override
    public void append(List<Entry> entries) throws IOException {
        requireSound();
        if (entries.isEmpty()) {
            return;
        }
        long total = recordsBytes(entries);
        if (position > SegmentHeader.BYTES
                && position + total > segmentBytes
                && active().lastIndex >= active().firstIndex()) {
            roll();
        } else if (position - syncedPosition + total > UNSYNCED_BYTES_MAX) {
            sync();
        }
        long startPosition = position;
        int startChain = chain;
        points.clear();
        try {
            writeRecords(entries);
        } catch (DiskFullException e) {
            position = startPosition;
            chain = startChain;
            rewind();
            throw e;
        } catch (IOException e) {
            throw fail(e);
        }
        publish(entries);
        recordMemberships();
    }

    /** Whatever changed them: before anybody is told that this log holds the entry. */
    void recordMemberships() throws IOException {
        try {
            memberships.save(configs);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    /** Checks the order and adds up the bytes. */
    private long recordsBytes(List<Entry> entries) {
        long next = lastIndex + 1;
        long bytes = 0;
        for (Entry entry : entries) {
            if (entry.index() != next++) {
                throw new IllegalArgumentException("index " + entry.index() + " after " + (next - 2));
            }
            bytes += entry.frameBytes();
        }
        return bytes + Batch.OVERHEAD_BYTES + Batch.SECTOR_BYTES;
    }

    private void writeRecords(List<Entry> entries) throws IOException {
        staging.clear();
        int from = 0;
        while (from < entries.size()) {
            long term = entries.get(from).term();
            int to = from;
            int bodyBytes = 0;
            while (to < entries.size()
                    && entries.get(to).term() == term
                    && (to == from || bodyBytes + entries.get(to).frameBytes() <= BODY_BYTES_MAX)) {
                bodyBytes += entries.get(to++).frameBytes();
            }
            reserve(Batch.padded(bodyBytes + Batch.OVERHEAD_BYTES));
            putRecord(entries, from, to, bodyBytes);
            from = to;
        }
        flushStaging();
    }

    /** Makes room for a record in the staging buffer: payloads are copied there once, so that one write takes all. */
    private void reserve(int recordBytes) throws IOException {
        if (recordBytes <= staging.remaining()) {
            return;
        }
        int wanted = staging.position() + recordBytes;
        if (wanted > STAGING_BYTES_MAX) {
            flushStaging();
            wanted = recordBytes;
        }
        if (wanted > staging.capacity()) {
            int capacity = Math.max(wanted, Math.min(STAGING_BYTES_MAX, Integer.highestOneBit(wanted) * 2));
            ByteBuffer bigger = ByteBuffer.allocateDirect(capacity);
            bigger.put(staging.flip());
            staging = bigger;
        }
    }

    private void putRecord(List<Entry> entries, int from, int to, int bodyBytes) {
        int start = staging.position();
        long recordPosition = position + start;
        int at = start + Batch.HEAD_BYTES;
        boolean hasConfig = false;
        staging.position(at);
        for (int i = from; i < to; i++) {
            Entry entry = entries.get(i);
            hasConfig |= entry.type() == EntryType.CONFIG;
            points.offer(entry.index(), i == from ? recordPosition : position + staging.position());
            entry.encodeHeader(staging);
            staging.put(entry.payload());
        }
        checksums.reset();
        for (int i = from; i < to; i++) {
            checksums.add(staging, at, Entry.HEADER_BYTES);
            at += entries.get(i).frameBytes();
        }
        Entry first = entries.get(from);
        staging.limit(staging.capacity());
        int crc = new Batch(
                        Batch.Kind.ENTRIES,
                        hasConfig,
                        bodyBytes,
                        to - from,
                        first.index(),
                        first.term(),
                        chain,
                        (int) (recordPosition - syncedPosition),
                        checksums.value(),
                        active().cuts,
                        0)
                .encode(staging, start, checksums, active().header.epoch(), recordPosition);
        Batch.encodeTrailer(
                staging,
                at,
                checksums,
                active().header.epoch(),
                position + at,
                bodyBytes + Batch.OVERHEAD_BYTES,
                entries.get(to - 1).index(),
                first.term(),
                crc);
        staging.position(at + Batch.TRAILER_BYTES);
        int padding = Batch.padded(bodyBytes + Batch.OVERHEAD_BYTES) - bodyBytes - Batch.OVERHEAD_BYTES;
        staging.put(SECTOR_OF_ZEROS, 0, padding);
        chain = crc;
    }

    private void flushStaging() throws IOException {
        staging.flip();
        int bytes = staging.remaining();
        if (bytes > 0) {
            stagings[0] = staging;
            zeroAhead.beforeWrite(position + bytes);
            active().file.write(stagings, 1, position);
            position += bytes;
        }
        if (staging.capacity() > STAGING_BYTES_MAX) {
            staging = ByteBuffer.allocateDirect(STAGING_BYTES_MAX);
        }
        staging.clear();
    }

    /** Takes back what a failed append left behind, so that no stale byte lies behind the next one. */
    private void rewind() throws IOException {
        try {
            zeroAhead.beforeTruncate(position);
            active().file.truncate(position);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    private void publish(List<Entry> entries) {
        Segment active = active();
        points.moveTo(active.index);
        for (Entry entry : entries) {
            if (entry.term() != lastTerm()) {
                terms = with(terms, new TermStart(entry.index(), entry.term()));
            }
            if (entry.type() == EntryType.CONFIG) {
                configs = with(configs, new ConfigAt(entry.index(), Membership.decode(entry.payload())));
            }
        }
        long last = entries.get(entries.size() - 1).index();
        active.chain = chain;
        active.lastIndex = last;
        active.endPosition = position;
        lastIndex = last;
    }

    private long lastTerm() {
        List<TermStart> all = terms;
        return all.get(all.size() - 1).term();
    }

    private static <T> List<T> with(List<T> list, T more) {
        List<T> result = new ArrayList<>(list);
        result.add(more);
        return List.copyOf(result);
    }

    @Override
    public void sync() throws IOException {
        requireSound();
        try {
            active().file.force();
        } catch (IOException e) {
            throw fail(e);
        }
        syncedPosition = position;
        mark = currentMark();
        markSaved = false;
        onSynced.run();
    }

    private TailMark currentMark() {
        Segment active = active();
        return new TailMark(
                firstIndex,
                active.firstIndex(),
                active.header.epoch(),
                syncedPosition,
                lastIndex,
                lastTerm(),
                active.cuts,
                doubtful.stream().mapToLong(Damage::fromIndex).min().orElse(0),
                doubtful.stream().mapToLong(Damage::toIndex).max().orElse(0));
    }

    /** Called after each sync, on the writer's thread. */
    void onSynced(Runnable listener) {
        onSynced = listener;
    }

    /** Makes the tail mark durable. Any thread; the lock is there because the writer does it too when it drops files. */
    void saveMark() throws IOException {
        synchronized (tail) {
            // In this order: a sync in between asks for another turn.
            markSaved = true;
            tail.save(mark.encode());
        }
    }

    /** As {@link #saveMark}, in both slots: one that named entries which were truncated would count if the other rots. */
    private void fillMark() throws IOException {
        synchronized (tail) {
            markSaved = true;
            tail.fill(mark.encode());
        }
    }

    /** The tail mark on disk is as new as the last sync. */
    boolean markSaved() {
        return markSaved;
    }

    /** One step of preparing space ahead of the writer; false if there is nothing to do. One thread besides the writer. */
    boolean prepareAhead() throws IOException {
        return zeroAhead.step(zeros, disk.usableBytes(folder));
    }

    private void roll() throws IOException {
        sync();
        Segment sealed = active();
        Segment next;
        try {
            next = LogRecovery.newSegment(files(), lastIndex + 1, lastTerm(), sealed.asPredecessor(), lastConfig());
        } catch (DiskFullException e) {
            throw e;
        } catch (IOException e) {
            throw fail(e);
        }
        try {
            zeroAhead.close();
            sealed.file.truncate(position);
            activate(with(segments, next));
            saveIndex(sealed);
        } catch (IOException e) {
            throw fail(e);
        }
        log.info(
                "segment sealed file={} firstIndex={} lastIndex={}", sealed.fileName(), sealed.firstIndex(), lastIndex);
    }

    private LogFiles files() {
        return new LogFiles(disk, folder, segmentBytes, epochs);
    }

    private Optional<ConfigAt> lastConfig() {
        List<ConfigAt> all = configs;
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** The last of these segments becomes the one that is written, at its end. */
    private void activate(List<Segment> all) throws IOException {
        segments = List.copyOf(all);
        Segment active = active();
        position = active.endPosition;
        syncedPosition = position;
        chain = active.chain;
        zeroAhead = zeroAhead(active);
    }

    private void saveIndex(Segment segment) throws IOException {
        if (hasDamage(segment)) {
            // Without an index the next start scans the segment and finds the damage again.
            return;
        }
        try {
            LogRecovery.saveIndex(disk, folder, segment, terms, configs);
        } catch (DiskFullException e) {
            log.warn("no space for the index of a segment, the next start will be slower file={}", segment.fileName());
        }
    }

    private boolean hasDamage(Segment segment) {
        return damage.stream().anyMatch(d -> d.toIndex() >= segment.firstIndex() && d.fromIndex() <= segment.lastIndex);
    }

    // Dropping

    @Override
    public void truncateFrom(long index) throws IOException {
        truncateFrom(index, termAt(index - 1));
    }

    @Override
    public void truncateFrom(long index, long prevTerm) throws IOException {
        requireSound();
        if (index > lastIndex) {
            return;
        }
        if (index < firstIndex) {
            throw new IllegalArgumentException("truncate from " + index + ", the log starts at " + firstIndex);
        }
        if (position > syncedPosition) {
            sync();
        }
        List<Segment> all = segments;
        int kept = holderOf(all, index);
        try {
            if (index < all.get(kept).firstIndex()) {
                beginAnewFrom(index, prevTerm);
            } else {
                truncate(all, kept, index);
            }
        } catch (DiskFullException e) {
            throw e;
        } catch (IOException e) {
            throw fail(e);
        }
        recordMemberships();
    }

    private void truncate(List<Segment> all, int kept, long index) throws IOException {
        Segment segment = all.get(kept);
        boolean reopened = kept < all.size() - 1;
        if (reopened) {
            disk.delete(folder.resolve(segment.indexFileName()));
            disk.syncFolder(folder);
        }
        if (reopened && !isNextTold(segment, all.get(kept + 1))) {
            deleteFromTheEnd(segment.firstIndex() + 1);
        }
        int recordChain = writeTruncation(segment, index, reopened);
        long nextPosition = segment.endPosition + Batch.SECTOR_BYTES;

        countTruncation();
        lastIndex = index - 1;
        segment.index.truncateFrom(index, nextPosition);
        segment.endPosition = nextPosition;
        segment.lastIndex = index - 1;
        segment.chain = recordChain;
        segment.cuts = segment.cuts.and(index);
        terms = terms.stream().filter(t -> t.firstIndex() < index).toList();
        configs = configs.stream().filter(c -> c.index() < index).toList();
        editDamage(list -> Ranges.cutFrom(list, index));
        editDoubt(list -> Ranges.cutFrom(list, index));
        if (reopened) {
            zeroAhead.close();
            activate(all.subList(0, kept + 1));
        } else {
            position = nextPosition;
            syncedPosition = nextPosition;
            chain = recordChain;
        }
        countTruncation();
        // Before files go: the mark must not name one that is no longer there.
        mark = currentMark();
        fillMark();
        deleteFromTheEnd(segment.firstIndex() + 1);
        for (Segment gone : all.subList(kept + 1, all.size())) {
            gone.release();
        }
    }

    /**
     * The next start would not see from a truncation that the files behind a lost one did not survive it: they go first, and
     * as in {@link #beginAnewFrom} are damage until the mark is saved.
     */
    private static boolean isNextTold(Segment segment, Segment next) {
        return next.header.before().epoch() == segment.header.epoch() || next.firstIndex() == segment.lastIndex + 1;
    }

    /**
     * Drops the index and all behind it where the file is lost that could say so: all that can be read lies behind. The log
     * goes on in a file of its own. Until the mark is saved a crash leaves the log as long as it was, what is gone of it
     * counts as damaged.
     */
    private void beginAnewFrom(long index, long prevTerm) throws IOException {
        List<Segment> all = segments;
        disk.delete(folder.resolve(Segment.name(index) + Segment.INDEX_SUFFIX));
        Segment next = LogRecovery.newSegment(
                files(), index, prevTerm, SegmentHeader.Predecessor.NONE, configInFrontOf(index));
        zeroAhead.close();
        deleteFromTheEnd(index + 1);

        countTruncation();
        lastIndex = index - 1;
        terms = List.of(new TermStart(index - 1, prevTerm));
        configs = configs.stream().filter(c -> c.index() < index).toList();
        editDamage(list -> Ranges.cutFrom(list, index));
        editDoubt(list -> Ranges.cutFrom(list, index));
        activate(List.of(next));
        countTruncation();
        mark = currentMark();
        fillMark();
        for (Segment gone : all) {
            gone.release();
        }
        log.warn("the file that was to be truncated is lost, the log goes on in a new one index={}", index);
    }

    /** Each durably: what a crash leaves must follow what stays without a hole. */
    private void deleteFromTheEnd(long fromIndex) throws IOException {
        List<Long> left = files(fromIndex, Long.MAX_VALUE);
        for (int i = left.size() - 1; i >= 0; i--) {
            deleteFile(left.get(i));
            disk.syncFolder(folder);
        }
    }

    /** First indexes of the files from one index to another, in order; also of those that cannot be read. */
    private List<Long> files(long fromIndex, long toIndex) throws IOException {
        List<Long> firsts = new ArrayList<>();
        for (String name : disk.list(folder)) {
            Segment.firstIndex(name)
                    .filter(first -> first >= fromIndex && first <= toIndex)
                    .ifPresent(firsts::add);
        }
        firsts.sort(Comparator.naturalOrder());
        return firsts;
    }

    private void deleteFile(long first) throws IOException {
        disk.delete(folder.resolve(Segment.name(first) + Segment.INDEX_SUFFIX));
        disk.delete(folder.resolve(Segment.name(first) + Segment.SUFFIX));
    }

    private int writeTruncation(Segment segment, long index, boolean reopened) throws IOException {
        long at = segment.endPosition;
        if (!reopened) {
            zeroAhead.beforeWrite(at + Batch.SECTOR_BYTES);
        }
        long term = termAt(index - 1);
        ByteBuffer record = ByteBuffer.allocate(Batch.SECTOR_BYTES);
        int crc = new Batch(
                        Batch.Kind.TRUNCATE, false, 0, 0, index, term, segment.chain, 0, 0, segment.cuts.and(index), 0)
                .encode(record, 0, checksums, segment.header.epoch(), at);
        Batch.encodeTrailer(
                record,
                Batch.HEAD_BYTES,
                checksums,
                segment.header.epoch(),
                at + Batch.HEAD_BYTES,
                Batch.OVERHEAD_BYTES,
                index - 1,
                term,
                crc);
        try {
            segment.file.write(new ByteBuffer[] {record}, 1, at);
        } catch (DiskFullException e) {
            if (!reopened) {
                zeroAhead.beforeTruncate(at);
            }
            segment.file.truncate(at);
            throw e;
        }
        segment.file.force();
        return crc;
    }

    /** Of an index from {@code firstIndex() - 1} on. Any thread. */
    long termAt(long index) {
        List<TermStart> all = terms;
        long term = all.get(0).term();
        for (TermStart start : all) {
            if (start.firstIndex() <= index) {
                term = start.term();
            }
        }
        return term;
    }

    private static int holderOf(List<Segment> all, long index) {
        int low = 0;
        for (int i = 1; i < all.size(); i++) {
            if (all.get(i).firstIndex() <= index) {
                low = i;
            }
        }
        return low;
    }

    @Override
    public void trim(long upToIndex) throws IOException {
        requireSound();
        List<Segment> all = segments;
        int dropped = -1;
        for (int i = 0; i < all.size() && all.get(i).firstIndex() - 1 <= upToIndex; i++) {
            // The header of the first file says which term was in front of the log, and which membership was in force.
            // A
            // wrong one is written anew first.
            Optional<Segment> inFront = i == 0 ? Optional.empty() : Optional.of(all.get(i - 1));
            if (!guessesItsPredecessor(all.get(i)) && !isGuessBehindAGap(inFront, all.get(i))) {
                dropped = i;
            }
        }
        // The first that can be read may have lost ones in front of it.
        if (dropped < 0 || all.get(dropped).firstIndex() <= firstIndex) {
            return;
        }
        Segment first = all.get(dropped);
        long from = first.firstIndex();
        try {
            firstIndex = from;
            mark = currentMark();
            saveMark();
            segments = List.copyOf(all.subList(dropped, all.size()));
            List<TermStart> left = new ArrayList<>();
            left.add(new TermStart(from - 1, termAt(from - 1)));
            terms.stream().filter(t -> t.firstIndex() >= from).forEach(left::add);
            terms = List.copyOf(left);
            configs = LogRecovery.configsFrom(from, configs);
            editDamage(list -> Ranges.cutBelow(list, from));
            for (long old : files(0, from - 1)) {
                deleteFile(old);
            }
            disk.syncFolder(folder);
            for (Segment gone : all.subList(0, dropped)) {
                gone.release();
            }
        } catch (IOException e) {
            throw fail(e);
        }
        log.info("segments trimmed count={} firstIndex={}", dropped, from);
    }

    /**
     * Drops everything and begins behind the index of a snapshot. Not atomic: the published snapshot says that it must
     * be done again after a crash.
     */
    void resetBehind(long index, long term, Optional<ConfigAt> config) throws IOException {
        requireSound();
        List<Segment> all = segments;
        try {
            countTruncation();
            firstIndex = index + 1;
            lastIndex = index;
            terms = List.of(new TermStart(index, term));
            configs = config.map(List::of).orElse(List.of());
            editDamage(List::clear);
            editDoubt(List::clear);
            zeroAhead.close();
            for (long first : files(0, Long.MAX_VALUE)) {
                deleteFile(first);
            }
            disk.syncFolder(folder);
            activate(List.of(LogRecovery.newSegment(files(), index + 1, term, SegmentHeader.Predecessor.NONE, config)));
            mark = currentMark();
            saveMark();
            recordMemberships();
            countTruncation();
            for (Segment segment : all) {
                segment.release();
            }
        } catch (IOException e) {
            throw fail(e);
        }
        log.info("log begins anew behind a snapshot index={} term={}", index, term);
    }

    /**
     * Indexes up to this one were there once and cannot be found: they count as damaged, and the log goes on behind
     * them in a new segment, so that the next start sees the gap.
     */
    void loseUpTo(long index, String detail) throws IOException {
        requireSound();
        if (index <= lastIndex) {
            return;
        }
        if (memberships.isRebuilt()) {
            throw MembershipFile.unreadable(folder);
        }
        long lostFrom = lastIndex + 1;
        List<ConfigAt> known = new ArrayList<>(configs);
        memberships.newest().stream()
                .filter(c -> c.index() >= lostFrom && c.index() <= index)
                .forEach(known::add);
        configs = List.copyOf(known);
        Damage lost = new Damage(active().fileName(), lastIndex + 1, index, detail);
        Segment next = LogRecovery.newSegment(files(), index + 1, lastTerm(), active().asPredecessor(), lastConfig());
        report(lost);
        lastIndex = index;
        zeroAhead.close();
        activate(with(segments, next));
        mark = currentMark();
        saveMark();
    }

    // Repair

    private void knowTerms(Damage known) {
        if (!termsKnown.contains(known)) {
            termsKnown = with(termsKnown, known);
        }
    }

    @Override
    public boolean termKnown(long index) {
        return index >= firstIndex
                && index <= lastIndex
                && (!Ranges.covers(damage, index) || Ranges.covers(termsKnown, index));
    }

    @Override
    public boolean isDoubtful(long index) {
        return Ranges.covers(doubtful, index) && Ranges.covers(damage, index);
    }

    private void editDoubt(Consumer<List<Damage>> edit) {
        List<Damage> list = new ArrayList<>(doubtful);
        edit.accept(list);
        doubtful = List.copyOf(list);
    }

    /**
     * Files to write anew, from the front: that of a segment together with what is lost behind it, or that of a gap
     * between two; last those that lost a spare copy, or whose header names another term or membership in front than there
     * was.
     */
    @Override
    public List<IndexRange> patchRanges() {
        List<Segment> all = segments;
        List<IndexRange> ranges = new ArrayList<>();
        List<Damage> found = new ArrayList<>(damage);
        found.sort(Comparator.comparingLong(Damage::fromIndex));
        for (Damage lost : found) {
            Optional<IndexRange> range = patchRangeOf(all, lost.fromIndex());
            while (range.isPresent()) {
                if (!ranges.contains(range.get())) {
                    ranges.add(range.get());
                }
                long next = range.get().to() + 1;
                range = next <= lost.toIndex() ? patchRangeOf(all, next) : Optional.empty();
            }
        }
        List<Segment> spare = worn;
        for (Segment segment : all.subList(0, all.size() - 1)) {
            boolean empty = segment.lastIndex < segment.firstIndex();
            if ((spare.contains(segment) || guessesItsPredecessor(segment)) && !empty && !hasDamage(segment)) {
                ranges.add(new IndexRange(segment.firstIndex(), segment.lastIndex));
            }
        }
        return ranges;
    }

    /** Empty for the segment that is written: it must be sealed first. */
    private Optional<IndexRange> patchRangeOf(List<Segment> all, long index) {
        if (index < all.get(0).firstIndex()) {
            return Optional.of(new IndexRange(firstIndex, all.get(0).firstIndex() - 1));
        }
        int at = holderOf(all, index);
        if (at == all.size() - 1) {
            return Optional.empty();
        }
        Segment holder = all.get(at);
        long to = all.get(at + 1).firstIndex() - 1;
        return Optional.of(new IndexRange(index <= holder.lastIndex ? holder.firstIndex() : holder.lastIndex + 1, to));
    }

    /**
     * It was begun behind a gap, or while one was in front of it, whose entries are back: their last was of another term, or
     * they changed the membership.
     */
    private boolean guessesItsPredecessor(Segment segment) {
        long before = segment.firstIndex() - 1;
        return termKnown(before)
                && (segment.header.prevTerm() != termAt(before) || namesAnotherMembership(segment.header));
    }

    /**
     * It was begun behind entries whose terms are lost still, and not in time: then it would name a predecessor that is lost
     * with them, or one that went further than what is left of it.
     */
    private boolean isGuessBehindAGap(Optional<Segment> inFront, Segment segment) {
        SegmentHeader header = segment.header;
        if (header.writtenWhole() || termKnown(header.firstIndex() - 1)) {
            return false;
        }
        boolean directlyBehind = inFront.filter(i -> header.before().epoch() == i.header.epoch()
                        && header.before().chain() == i.chain
                        && i.lastIndex < header.firstIndex() - 1)
                .isPresent();
        return header.before().equals(SegmentHeader.Predecessor.NONE)
                || directlyBehind
                || inFront.filter(i -> i.header.writtenWhole()).isPresent();
    }

    /** Older log that was fetched may name none: what was in front of it is in no hollow log. */
    private boolean namesAnotherMembership(SegmentHeader header) {
        boolean namesNone = header.writtenWhole() && header.config().isEmpty();
        return !namesNone && !header.config().equals(configInFrontOf(header.firstIndex()));
    }

    private Optional<ConfigAt> configInFrontOf(long index) {
        return LogRecovery.configInFrontOf(index, configs);
    }

    /** The segment that is written can't be patched: if it is damaged, goes on in a new one. On the writer's thread. */
    void sealDamaged() throws IOException {
        requireSound();
        Segment active = active();
        if (hasDamage(active) && active.lastIndex >= active.firstIndex()) {
            roll();
        }
    }

    @Override
    public List<String> worn() {
        List<Segment> all = segments;
        return worn.stream().filter(all::contains).map(Segment::fileName).toList();
    }

    LogPatch beginPatch(IndexRange range, long prevTerm) throws IOException {
        return LogPatch.begin(files(), range, prevTerm, configInFrontOf(range.from()), truncations);
    }

    /** Ends a log that is a patch: its file is as it will be for good. */
    void seal() throws IOException {
        sync();
        zeroAhead.close();
        active().file.truncate(position);
        active().file.force();
    }

    /**
     * Puts a patch into its place. On the writer's thread; durable on return.
     *
     * @return false if the log changed meanwhile, or the patch doesn't fit what lies around it
     */
    boolean insert(LogPatch patch) throws IOException {
        requireSound();
        SegmentedLog made = patch.log();
        long from = patch.range().from();
        long to = patch.range().to();
        boolean prepends = to == firstIndex - 1;
        boolean fits = prepends
                || (noTruncationSince(patch.truncationsBefore())
                        && patchRanges().contains(patch.range()));
        // Of a lost entry the term is only known to be no lower than that of one in front of it.
        long termBehind = termKnown(to + 1) ? termAt(to + 1) : Math.max(termAt(to + 1), made.lastTerm());
        if (!fits || !termsFit(made, from, to) || made.lastIndex != to) {
            return false;
        }
        // As for a truncation: what a reader concludes from the file before it no longer counts.
        countTruncation();
        try {
            insert(made, from, to, termBehind);
            recordMemberships();
        } catch (IOException e) {
            throw fail(e);
        } finally {
            countTruncation();
        }
        log.info("log file put in place file={} fromIndex={} toIndex={}", Segment.name(from), from, to);
        return true;
    }

    /** Where a term is lost, there is nothing to compare with: what a header behind a gap says of it may be a guess. */
    private boolean termsFit(SegmentedLog made, long from, long to) {
        long knownFrom = terms.get(0).firstIndex();
        if (to == firstIndex - 1) {
            return knownFrom > to || made.lastTerm() == termAt(to);
        }
        boolean front = knownFrom >= from
                || !isTermKnownInFrontOf(from)
                || made.terms.get(0).term() == termAt(from - 1);
        boolean end =
                termKnown(to) ? made.lastTerm() == termAt(to) : !termKnown(to + 1) || made.lastTerm() <= termAt(to + 1);
        long next = firstTermKnownBehind(to);
        return front && end && (next > lastIndex || made.lastTerm() <= termAt(next));
    }

    private long firstTermKnownBehind(long index) {
        long next = index + 1;
        while (next <= lastIndex && !termKnown(next)) {
            next++;
        }
        return next;
    }

    @Override
    public boolean isTermKnownInFrontOf(long index) {
        return index == 1 || (index == firstIndex ? terms.get(0).firstIndex() == index - 1 : termKnown(index - 1));
    }

    private void insert(SegmentedLog made, long from, long to, long termBehind) throws IOException {
        Segment aside = made.active();
        Path path = folder.resolve(Segment.name(from) + Segment.SUFFIX);
        // Whose header is lost, it is part of a gap: it must not be found behind the file that fills this.
        List<Long> unreadable = files(from + 1, to);
        for (long first : unreadable) {
            deleteFile(first);
        }
        if (!unreadable.isEmpty()) {
            disk.syncFolder(folder);
        }
        disk.delete(folder.resolve(Segment.name(from) + Segment.INDEX_SUFFIX));
        disk.rename(aside.path, path);
        disk.syncFolder(folder);
        Segment segment = new Segment(path, disk.open(path, false), aside.header, aside.index);
        segment.endPosition = aside.endPosition;
        segment.lastIndex = to;
        segment.chain = aside.chain;
        segment.cuts = aside.cuts;
        Optional<Segment> replaced =
                segments.stream().filter(s -> s.firstIndex() == from).findFirst();
        List<Segment> after = new ArrayList<>(segments);
        after.removeIf(s -> s.firstIndex() == from);
        after.add(segment);
        after.sort(Comparator.comparingLong(Segment::firstIndex));
        terms = spliced(made.terms, from, to, termBehind);
        List<ConfigAt> all = new ArrayList<>(configs);
        all.removeIf(c -> c.index() >= from && c.index() <= to);
        made.configs.stream().filter(c -> c.index() >= from).forEach(all::add);
        all.sort(Comparator.comparingLong(ConfigAt::index));
        configs = List.copyOf(all);
        segments = List.copyOf(after);
        editDamage(list -> Ranges.remove(list, from, to));
        if (from < firstIndex || Ranges.covers(doubtful, from, to)) {
            firstIndex = Math.min(firstIndex, from);
            editDoubt(list -> Ranges.remove(list, from, to));
            mark = currentMark();
            saveMark();
        }
        saveIndex(segment);
        if (replaced.isPresent()) {
            forgetWorn(replaced.get());
            replaced.get().release();
        }
    }

    private synchronized void forgetWorn(Segment gone) {
        worn = worn.stream().filter(w -> w != gone).toList();
    }

    private List<TermStart> spliced(List<TermStart> made, long from, long to, long termBehind) {
        List<TermStart> result = new ArrayList<>();
        terms.stream().filter(t -> t.firstIndex() < from).forEach(t -> addTerm(result, t));
        if (result.isEmpty()) {
            result.addAll(made);
        } else {
            made.stream().filter(t -> t.firstIndex() >= from).forEach(t -> addTerm(result, t));
        }
        if (to < lastIndex) {
            addTerm(result, new TermStart(to + 1, termBehind));
        }
        terms.stream().filter(t -> t.firstIndex() > to + 1).forEach(t -> addTerm(result, t));
        return List.copyOf(result);
    }

    private static void addTerm(List<TermStart> list, TermStart start) {
        if (list.isEmpty() || list.get(list.size() - 1).term() < start.term()) {
            list.add(start);
        }
    }

    /** No write failed so far. */
    boolean isSound() {
        return failure.isEmpty();
    }

    void requireSound() throws IOException {
        if (failure.isPresent()) {
            throw new IOException("the log failed before and takes no more writes", failure.get());
        }
    }

    /** Remembers the first failure: whatever comes after it must fail too (R30). */
    synchronized IOException fail(IOException e) {
        if (failure.isEmpty()) {
            // First: whoever else finds the log failed may end the process.
            onFailed.run();
            failure = Optional.of(e);
        }
        return e;
    }

    /** Called once, at the first failure, by the thread that it befell. */
    void onFailed(Runnable listener) {
        onFailed = listener;
    }

    // Reading

    @Override
    public List<Entry> read(long fromIndex, int bytesMax) throws IOException {
        while (true) {
            long before = truncations;
            if (fromIndex < firstIndex) {
                throw new TrimmedException("index " + fromIndex + " was trimmed, the log starts at " + firstIndex);
            }
            if (fromIndex > lastIndex) {
                throw new IllegalArgumentException("index " + fromIndex + " is behind the last, " + lastIndex);
            }
            if (Ranges.covers(damage, fromIndex)) {
                throw new DamagedEntryException("index " + fromIndex + " is damaged");
            }
            List<Segment> all = segments;
            Segment segment = all.get(holderOf(all, fromIndex));
            if (fromIndex < segment.firstIndex() || !segment.acquire()) {
                continue;
            }
            try {
                List<Entry> entries = readFrom(segment, fromIndex, bytesMax, before);
                if (noTruncationSince(before)) {
                    return entries;
                }
            } catch (DamagedEntryException e) {
                if (noTruncationSince(before)) {
                    throw e;
                }
            } finally {
                segment.release();
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public List<Entry> read(long[] indexes, int from, int to, ByteBuffer room) throws IOException {
        long before = truncations;
        long first = indexes[from];
        if (first >= firstIndex && first <= lastIndex) {
            List<Segment> all = segments;
            Segment segment = all.get(holderOf(all, first));
            if (first >= segment.firstIndex() && first <= segment.lastIndex && segment.acquire()) {
                try {
                    List<Entry> entries = new SegmentReader(segment).read(indexes, from, to, room.clear(), damage);
                    if (!entries.isEmpty() && noTruncationSince(before)) {
                        return entries;
                    }
                } finally {
                    segment.release();
                }
            }
        }
        // Too large for the room, or something is wrong: the careful way knows what.
        return read(first, 1).subList(0, 1);
    }

    private List<Entry> readFrom(Segment segment, long fromIndex, int bytesMax, long before) throws IOException {
        if (fromIndex > segment.lastIndex) {
            throw new DamagedEntryException("index " + fromIndex + " is lost behind " + segment.fileName());
        }
        SegmentReader reader = new SegmentReader(segment);
        List<Entry> entries = readOrNothing(reader, segment, fromIndex, bytesMax);
        if (entries.isEmpty()) {
            // Look at the segment as a whole: the damage may be smaller than it seems from here, or larger; and a flip
            // on the way from the disk is not damage on the disk.
            verify(segment);
            entries = Ranges.covers(damage, fromIndex) ? List.of() : reader.read(fromIndex, bytesMax, damage);
        }
        if (entries.isEmpty()) {
            String detail = "fails its checksum, " + reader.problem();
            Damage found = new Damage(segment.fileName(), fromIndex, fromIndex, detail);
            if (unlessTruncatedSince(before, () -> report(found))) {
                disk.delete(folder.resolve(segment.indexFileName()));
            }
            throw new DamagedEntryException("index " + fromIndex + " is damaged in " + segment.fileName());
        }
        return entries;
    }

    /** A place of the disk that cannot be read is damage, unless nothing can be read. */
    private List<Entry> readOrNothing(SegmentReader reader, Segment segment, long fromIndex, int bytesMax)
            throws IOException {
        try {
            return reader.read(fromIndex, bytesMax, damage);
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            verify(segment);
            if (!Ranges.covers(damage, fromIndex)) {
                throw e;
            }
            return List.of();
        }
    }

    private void report(Damage found) {
        editDamage(list -> {
            // What was trimmed since it was read is no loss.
            for (long index = Math.max(firstIndex, found.fromIndex()); index <= found.toIndex(); index++) {
                if (!Ranges.covers(list, index)) {
                    log.error(
                            "log entries damaged file={} fromIndex={} toIndex={} detail={}",
                            found.file(),
                            found.fromIndex(),
                            found.toIndex(),
                            found.detail());
                    list.add(found);
                    return;
                }
            }
        });
    }

    /** Twice per truncation: odd while one is under way. */
    private synchronized void countTruncation() {
        truncations = truncations + 1;
    }

    private boolean noTruncationSince(long before) {
        return (before & 1) == 0 && before == truncations;
    }

    /**
     * Runs what a reader concludes from what it read, unless a truncation may have changed it under the reader's eyes;
     * none begins before it is done.
     */
    private synchronized boolean unlessTruncatedSince(long before, Runnable conclusion) {
        if (!noTruncationSince(before)) {
            return false;
        }
        conclusion.run();
        return true;
    }

    /** Readers report damage while the writer edits it, hence the lock. */
    private synchronized void editDamage(Consumer<List<Damage>> edit) {
        List<Damage> list = new ArrayList<>(damage);
        edit.accept(list);
        damage = List.copyOf(list);
    }

    @Override
    public void verify() throws IOException {
        for (Segment segment : segments) {
            if (segment.acquire()) {
                try {
                    verify(segment);
                } finally {
                    segment.release();
                }
            }
        }
    }

    private void verify(Segment segment) throws IOException {
        long before = truncations;
        SegmentScan scan = SegmentCheck.scanOf(segment).run();
        List<Damage> found = SegmentCheck.found(segment, scan);
        if (unlessTruncatedSince(before, () -> learn(segment, scan, found)) && !found.isEmpty()) {
            disk.delete(folder.resolve(segment.indexFileName()));
        }
    }

    private void learn(Segment segment, SegmentScan scan, List<Damage> found) {
        segment.index.learn(scan.index);
        scan.termsKnown.forEach(this::knowTerms);
        found.forEach(this::report);
    }

    /** Begins to read the first segment that begins behind the index; empty if there is none. */
    Optional<SegmentCheck> beginCheckBehind(long firstIndex) {
        for (Segment segment : segments) {
            if (segment.firstIndex() > firstIndex && segment.acquire()) {
                return Optional.of(new SegmentCheck(segment));
            }
        }
        return Optional.empty();
    }

    /** Takes over what a reading found; false if a truncation changed the segment meanwhile. */
    boolean conclude(SegmentCheck check) throws IOException {
        Segment segment = check.segment();
        SegmentScan scan = check.scan();
        List<Damage> found = SegmentCheck.found(segment, scan);
        boolean spareLost = !check.isSpareWhole();
        boolean believed;
        // As in unlessTruncatedSince; but a reading takes long, and only what befell this segment matters.
        synchronized (this) {
            if (!segments.contains(segment)) {
                return true; // dropped, or replaced: there is nothing to conclude
            }
            believed = (truncations & 1) == 0 && check.isCurrent();
            if (believed) {
                learn(segment, scan, found);
                if (spareLost && segment != active() && !worn.contains(segment)) {
                    log.warn("a spare copy in a log file is damaged, it is written anew file={}", segment.fileName());
                    worn = with(worn, segment);
                }
            }
        }
        if (believed && !found.isEmpty()) {
            disk.delete(folder.resolve(segment.indexFileName()));
        }
        return believed;
    }

    /** Name of the segment's index if it should be there and cannot be read. */
    Optional<String> badIndex(Segment segment) throws IOException {
        boolean wanted = segment != active() && segments.contains(segment) && !hasDamage(segment);
        return wanted
                        && SealedIndex.load(disk, folder.resolve(segment.indexFileName()))
                                .filter(index -> index.epoch() == segment.header.epoch())
                                .isEmpty()
                ? Optional.of(segment.indexFileName())
                : Optional.empty();
    }

    /** On the writer's thread: writes indexes anew; returns those that it wrote. */
    List<String> renewIndexes(List<String> names) throws IOException {
        List<String> renewed = new ArrayList<>();
        for (Segment segment : segments) {
            if (segment != active() && !hasDamage(segment) && names.contains(segment.indexFileName())) {
                saveIndex(segment);
                renewed.add(segment.indexFileName());
            }
        }
        return renewed;
    }

    /** Reads both slots of the tail mark back; writes them anew if need be, and then returns true. */
    boolean renewedMark() throws IOException {
        synchronized (tail) {
            if (tail.isAsWritten()) {
                return false;
            }
            tail.fill(mark.encode());
            return true;
        }
    }

    /** Reads both slots of the file with the newest memberships back; writes them anew if need be, and then returns true. */
    boolean renewedMemberships() throws IOException {
        return memberships.renewed();
    }

    @Override
    public void close() throws IOException {
        try {
            if (failure.isEmpty()) {
                if (position > syncedPosition) {
                    sync();
                }
                saveMark();
            }
        } finally {
            zeroAhead.close();
            for (Segment segment : segments) {
                segment.release();
            }
            tail.close();
            memberships.close();
        }
    }

    /** Points of an append, kept aside until all of it is written. */
    private static final class Points {
        private long[] indexes = new long[64];
        private long[] positions = new long[64];
        private int count;

        void clear() {
            count = 0;
        }

        void offer(long index, long position) {
            if (count > 0 && position - positions[count - 1] < SegmentIndex.POINT_BYTES) {
                return;
            }
            if (count == indexes.length) {
                indexes = Arrays.copyOf(indexes, count * 2);
                positions = Arrays.copyOf(positions, count * 2);
            }
            indexes[count] = index;
            positions[count++] = position;
        }

        void moveTo(SegmentIndex index) {
            for (int i = 0; i < count; i++) {
                index.offer(indexes[i], positions[i]);
            }
        }
    }
}
