package io.argosy.raft.storage;

import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the segments of a folder back together. Writes nothing that it could not write again after a crash. */
final class LogRecovery {

    private static final Logger log = LoggerFactory.getLogger(LogRecovery.class);

    /** Records in front of the tail mark that are read in full; older ones are hopped over by their heads. */
    private static final long CHECKED_BYTES = 64L << 20;

    private final SegmentedLog.LogFiles files;
    private final Disk disk;
    private final Path folder;
    private final Optional<TailMark> mark;
    private final Optional<List<ConfigAt>> recorded;

    private final List<Segment> segments = new ArrayList<>();
    private final List<TermStart> terms = new ArrayList<>();
    private final List<ConfigAt> configs = new ArrayList<>();
    private final List<Damage> damage = new ArrayList<>();
    private final List<Damage> termsKnown = new ArrayList<>();
    private final List<Damage> doubtful = new ArrayList<>();
    private final List<Candidate> leftovers = new ArrayList<>();
    private long firstIndex;
    private long nextIndex;
    private boolean writable;
    /** The last segment that could be read, with the truncations that anybody knows of. */
    private SegmentHeader.Predecessor last = SegmentHeader.Predecessor.NONE;

    /** @param recorded the newest memberships as the file beside the log names them; empty if it cannot be read */
    LogRecovery(SegmentedLog.LogFiles files, Optional<TailMark> mark, Optional<List<ConfigAt>> recorded) {
        this.files = files;
        this.disk = files.disk();
        this.folder = files.folder();
        this.mark = mark;
        this.recorded = recorded;
    }

    /** What the log starts from; the last segment is written on at its end position. */
    record Found(
            List<Segment> segments,
            List<TermStart> terms,
            List<ConfigAt> configs,
            List<Damage> damage,
            List<Damage> termsKnown,
            List<Damage> doubtful,
            long firstIndex,
            long lastIndex) {}

    /** A file of the log; no header if both copies are unreadable. */
    private record Candidate(String name, long firstIndex, Disk.DiskFile file, Optional<SegmentHeader> header) {}

    static TwoSlotFile openTail(SegmentedLog.LogFiles files) throws IOException {
        Path path = files.folder().resolve(TailMark.NAME);
        if (files.disk().exists(path)) {
            TwoSlotFile tail = TwoSlotFile.open(files.disk(), path, TailMark.MAGIC, TwoSlotFile.SLOT_BYTES);
            if (tail.value().isPresent()) {
                // Segments are deleted on its word, and it may be in the page cache only.
                tail.save(tail.value().get());
                return tail;
            }
            tail.close();
        }
        log.error("tail mark is missing or unreadable, the end of the log cannot be cross-checked file={}", path);
        TwoSlotFile tail = TwoSlotFile.create(files.disk(), path, TailMark.MAGIC, TwoSlotFile.SLOT_BYTES);
        files.disk().syncFolder(files.folder());
        return tail;
    }

    Found run() throws IOException {
        List<Candidate> all = candidates();
        firstIndex = mark.map(TailMark::firstIndex)
                .orElse(all.isEmpty() ? 1 : all.get(0).firstIndex());
        nextIndex = firstIndex;
        boolean truncated = false;
        for (int i = 0; i < all.size() && !truncated; i++) {
            truncated = take(all, i);
            if (truncated) {
                leftovers.addAll(all.subList(i + 1, all.size()));
            }
        }
        if (!truncated) {
            checkMark();
        }
        knowLostConfigs();
        if (!writable) {
            startBehindTheGap();
        }
        // This very log may have written on behind them, which proves nothing about them.
        mark.ifPresent(m -> damage.stream()
                .filter(d -> m.doubtFrom() != 0 && d.fromIndex() >= m.doubtFrom() && d.toIndex() <= m.doubtTo())
                .filter(d -> !doubtful.contains(d))
                .forEach(doubtful::add));
        damage.forEach(d -> log.error(
                "log entries damaged file={} fromIndex={} toIndex={} detail={}",
                d.file(),
                d.fromIndex(),
                d.toIndex(),
                d.detail()));
        if (terms.isEmpty()) {
            terms.add(new TermStart(firstIndex - 1, 0));
        }
        return new Found(segments, terms, configs, damage, termsKnown, doubtful, firstIndex, nextIndex - 1);
    }

    /** Opens all segments in order, finishing a trim and a segment creation that were interrupted. */
    private List<Candidate> candidates() throws IOException {
        List<String> names = new ArrayList<>();
        boolean cleaned = false;
        for (String name : disk.list(folder)) {
            if (Segment.firstIndex(name).isPresent()) {
                names.add(name);
            } else if (name.endsWith(Segment.SUFFIX + AtomicFile.ASIDE)
                    || name.endsWith(Segment.INDEX_SUFFIX + AtomicFile.ASIDE)) {
                disk.delete(folder.resolve(name));
                cleaned = true;
            }
        }
        Optional<ByteBuffer> rewrite = Rewrite.interrupted(disk, folder);
        List<Candidate> result = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            long first = Segment.firstIndex(names.get(i)).orElseThrow();
            boolean trimmed = mark.isPresent()
                    && first < mark.get().firstIndex()
                    && i + 1 < names.size()
                    && Segment.firstIndex(names.get(i + 1)).orElseThrow()
                            <= mark.get().firstIndex();
            if (trimmed) {
                disk.delete(folder.resolve(Segment.name(first) + Segment.INDEX_SUFFIX));
                disk.delete(folder.resolve(names.get(i)));
                cleaned = true;
                continue;
            }
            Disk.DiskFile file = disk.open(folder.resolve(names.get(i)), false);
            Optional<SegmentHeader> header = SegmentHeader.read(file).filter(h -> h.firstIndex() == first);
            if (rewrite.isPresent() && header.isPresent()) {
                Rewrite.finish(rewrite.get(), file, header.get().epoch());
            }
            result.add(new Candidate(names.get(i), first, file, header));
        }
        if (disk.exists(folder.resolve(Rewrite.NAME))) {
            Rewrite.discard(disk, folder);
        }
        if (cleaned) {
            disk.syncFolder(folder);
        }
        return result;
    }

    /** Takes one segment; true if it ends with a truncation that the segments behind it did not survive. */
    private boolean take(List<Candidate> all, int at) throws IOException {
        Candidate candidate = all.get(at);
        Optional<Candidate> next = at + 1 < all.size() ? Optional.of(all.get(at + 1)) : Optional.empty();
        writable = false;
        if (candidate.firstIndex() < nextIndex && !segments.isEmpty()) {
            throw new DamagedStoreException(folder.resolve(candidate.name()) + " starts before the segment in front of"
                    + " it ends at " + (nextIndex - 1) + ": files of two logs are mixed. Restore the folder.");
        }
        if (candidate.firstIndex() > nextIndex) {
            damaged(candidate.name(), candidate.firstIndex() - 1, "segments are missing in front of this one");
        }
        if (candidate.header().isEmpty()) {
            candidate.file().close();
            last = SegmentHeader.Predecessor.NONE;
            if (next.isPresent()) {
                damaged(candidate.name(), next.get().firstIndex() - 1, "segment header is unreadable");
            } else {
                long last = mark.map(TailMark::lastIndex).orElse(0L);
                damaged(candidate.name(), Math.max(last, candidate.firstIndex()), "segment header is unreadable");
            }
            return false;
        }
        SegmentHeader header = candidate.header().get();
        prevTerm(header);
        // Also where the entry that said so is damaged: who knows no membership knows nobody to repair it from.
        header.config()
                .filter(c -> c.index() > lastConfigIndex() && isLost(c.index()) && !isOutdated(c))
                .ifPresent(configs::add);
        if (next.isPresent()) {
            Optional<SealedIndex> index = sealedIndex(candidate, next.get());
            if (index.isPresent()) {
                takeIndexed(candidate, index.get());
                return false;
            }
        }
        return takeScanned(candidate, next);
    }

    /** What the log does not show any more. A whole entry is no change of the membership, if the log does not say so. */
    private boolean isLost(long index) {
        return index < firstIndex || Ranges.covers(damage, index);
    }

    /** It was recorded when the file was begun: if it no longer is, the entry was truncated, or never committed. */
    private boolean isOutdated(ConfigAt config) {
        List<ConfigAt> newest = recorded.orElse(List.of());
        return !newest.isEmpty() && config.index() > newest.get(0).index() && !newest.contains(config);
    }

    private long lastConfigIndex() {
        return configs.isEmpty() ? -1 : configs.get(configs.size() - 1).index();
    }

    /** Where the entry in front of the file was lost when the file was begun, its header may name too low a term. */
    private void prevTerm(SegmentHeader header) {
        long before = header.firstIndex() - 1;
        if (terms.isEmpty()) {
            terms.add(new TermStart(before, header.prevTerm()));
            return;
        }
        boolean known = !Ranges.covers(damage, before) || Ranges.covers(termsKnown, before);
        if (!known && header.prevTerm() > terms.get(terms.size() - 1).term()) {
            terms.add(new TermStart(before, header.prevTerm()));
        }
    }

    private Optional<SealedIndex> sealedIndex(Candidate candidate, Candidate next) throws IOException {
        SegmentHeader header = candidate.header().orElseThrow();
        Optional<SealedIndex> index =
                SealedIndex.load(disk, folder.resolve(Segment.name(candidate.firstIndex()) + Segment.INDEX_SUFFIX));
        long sizeBytes = candidate.file().sizeBytes();
        return index.filter(i -> i.epoch() == header.epoch()
                && i.endPosition() <= sizeBytes
                && i.lastIndex() + 1 == next.firstIndex()
                && (header.writtenWhole()
                        || next.header()
                                .map(h -> h.writtenWhole()
                                        || (h.before().epoch() == i.epoch()
                                                && h.before().chain() == i.chain()))
                                .orElse(false)));
    }

    private void takeIndexed(Candidate candidate, SealedIndex index) {
        Segment segment =
                segment(candidate, index.index(), index.endPosition(), index.lastIndex(), index.chain(), index.cuts());
        segments.add(segment);
        last = segment.asPredecessor();
        addTerms(index.terms());
        configs.addAll(index.configs());
        nextIndex = index.lastIndex() + 1;
    }

    private void addTerms(List<TermStart> more) {
        for (TermStart start : more) {
            if (terms.get(terms.size() - 1).term() != start.term()) {
                terms.add(start);
            }
        }
    }

    private Segment segment(
            Candidate from, SegmentIndex index, long endPosition, long lastIndex, int chain, Batch.Cuts cuts) {
        Segment segment = new Segment(
                folder.resolve(from.name()), from.file(), from.header().orElseThrow(), index);
        segment.endPosition = endPosition;
        segment.lastIndex = lastIndex;
        segment.chain = chain;
        segment.cuts = cuts;
        return segment;
    }

    private boolean takeScanned(Candidate candidate, Optional<Candidate> next) throws IOException {
        SegmentHeader header = candidate.header().orElseThrow();
        long sizeBytes = candidate.file().sizeBytes();
        SegmentScan.Proof proof = SegmentScan.Proof.NONE;
        long bodiesFrom = 0;
        if (next.isPresent()) {
            // A segment is made only when the one before it is durable.
            proof = new SegmentScan.Proof(
                    Long.MAX_VALUE,
                    next.get().firstIndex() - 1,
                    next.get()
                            .header()
                            .map(SegmentHeader::before)
                            .filter(b -> b.epoch() == header.epoch())
                            .map(SegmentHeader.Predecessor::cuts)
                            .orElse(Batch.Cuts.UNKNOWN));
        } else if (mark.isPresent() && mark.get().epoch() == header.epoch()) {
            proof = new SegmentScan.Proof(
                    mark.get().position(), mark.get().lastIndex(), mark.get().cuts());
            bodiesFrom = mark.get().position() - CHECKED_BYTES;
        }
        SegmentScan scan = new SegmentScan(
                        new SegmentScan.Source(candidate.file(), candidate.name()),
                        header,
                        proof,
                        sizeBytes,
                        bodiesFrom)
                .run();
        Batch.Cuts cuts = proof.cuts().count() > scan.cuts().count() ? proof.cuts() : scan.cuts();
        Segment segment = segment(candidate, scan.index, scan.position(), scan.lastIndex(), scan.chain(), cuts);
        last = segment.asPredecessor();
        segments.add(segment);
        addTerms(scan.terms);
        configs.addAll(scan.configs);
        damage.addAll(scan.damage);
        termsKnown.addAll(scan.termsKnown);
        doubtful.addAll(scan.doubtful);
        nextIndex = scan.lastIndex() + 1;
        // A segment that was made before the truncation counts fewer of them in its predecessor.
        boolean truncated = scan.endsWithTruncation()
                && next.flatMap(Candidate::header)
                        .map(h -> h.before().epoch() == header.epoch()
                                && h.before().cuts().count() < scan.cuts().count())
                        .orElse(false);
        if (scan.lostTo() >= nextIndex && !truncated) {
            damaged(candidate.name(), scan.lostTo(), "the file ends too early, at position " + scan.position());
            return false;
        }
        if (next.isEmpty() || truncated) {
            writable = true;
            if (scan.garbageBehind()) {
                log.warn(
                        "torn write cut off file={} position={} lastIndex={}",
                        candidate.name(),
                        scan.position(),
                        scan.lastIndex());
                candidate.file().truncate(scan.position());
            }
            // What was read may be in the page cache only: an earlier life died before its force, or saw the force
            // fail, after which pages pass for clean that never reached the disk. The log counts what it holds as
            // durable, so it must be.
            Rewrite.run(
                    disk,
                    folder,
                    candidate.file(),
                    header.epoch(),
                    Math.max(proof.syncedTo(), SegmentHeader.BYTES),
                    scan.position());
        } else if (scan.damage.isEmpty()) {
            saveIndex(disk, folder, segment, terms, configs);
        }
        return truncated;
    }

    private void damaged(String file, long toIndex, String detail) {
        if (toIndex >= nextIndex) {
            damage.add(new Damage(file, nextIndex, toIndex, detail));
            nextIndex = toIndex + 1;
        }
    }

    /** Deletes what a truncation left behind; only once a new tail mark is durable, the old one may name it. */
    void discardLeftovers() throws IOException {
        // From the end, each durably: what a crash leaves must follow the truncated segment without a hole.
        for (int i = leftovers.size() - 1; i >= 0; i--) {
            Candidate leftover = leftovers.get(i);
            log.info("segment dropped, a truncation had begun to file={}", leftover.name());
            leftover.file().close();
            disk.delete(folder.resolve(Segment.name(leftover.firstIndex()) + Segment.INDEX_SUFFIX));
            disk.delete(folder.resolve(leftover.name()));
            disk.syncFolder(folder);
        }
    }

    /** The mark may name a segment that is no longer there. */
    private void checkMark() {
        if (mark.isEmpty()) {
            return;
        }
        TailMark tail = mark.get();
        boolean there = segments.stream().anyMatch(s -> s.header.epoch() == tail.epoch());
        if (!there && tail.lastIndex() >= nextIndex) {
            writable = false;
            damaged(
                    Segment.name(tail.segmentIndex()) + Segment.SUFFIX,
                    tail.lastIndex(),
                    "the last segment is missing");
        }
    }

    /** Memberships whose entries are lost, and with them maybe all headers that named them, are in force all the same. */
    private void knowLostConfigs() throws IOException {
        if (recorded.isEmpty() && !damage.isEmpty()) {
            throw MembershipFile.unreadable(folder);
        }
        for (ConfigAt config : recorded.orElse(List.of())) {
            boolean known = configs.stream().anyMatch(c -> c.index() == config.index());
            if (!known && isLost(config.index()) && config.index() < nextIndex) {
                configs.add(config);
            }
        }
        configs.sort(Comparator.comparingLong(ConfigAt::index));
        configs.retainAll(configsFrom(firstIndex, configs));
    }

    /** Whatever the last file holds, it cannot be written on: the log goes on in a new one. */
    private void startBehindTheGap() throws IOException {
        long term = terms.isEmpty() ? 0 : terms.get(terms.size() - 1).term();
        if (mark.isPresent() && mark.get().lastIndex() == nextIndex - 1) {
            term = mark.get().lastTerm();
        }
        Optional<ConfigAt> config = configs.isEmpty() ? Optional.empty() : Optional.of(configs.get(configs.size() - 1));
        Segment segment = newSegment(files, nextIndex, term, last, config);
        segments.add(segment);
        if (terms.isEmpty()) {
            terms.add(new TermStart(nextIndex - 1, term)); // which term is in front of what is lost, nobody here knows
        } else if (terms.get(terms.size() - 1).term() != term) {
            terms.add(new TermStart(nextIndex - 1, term));
        }
    }

    // Shared with the log

    /** Makes an empty segment; it has its name only once its header is durable. */
    static Segment newSegment(
            SegmentedLog.LogFiles files,
            long firstIndex,
            long prevTerm,
            SegmentHeader.Predecessor before,
            Optional<ConfigAt> config)
            throws IOException {
        SegmentHeader header = new SegmentHeader(files.epochs().getAsLong(), firstIndex, prevTerm, before, config);
        String name = Segment.name(firstIndex) + Segment.SUFFIX;
        ByteBuffer bytes = header.encode();
        try {
            AtomicFile.replace(files.disk(), files.folder(), name, bytes);
        } catch (DiskFullException e) {
            files.disk().delete(files.folder().resolve(name + AtomicFile.ASIDE));
            throw e;
        }
        Path path = files.folder().resolve(name);
        SegmentIndex index = new SegmentIndex();
        index.add(firstIndex, SegmentHeader.BYTES);
        Segment segment = new Segment(path, files.disk().open(path, false), header, index);
        segment.endPosition = SegmentHeader.BYTES;
        segment.lastIndex = firstIndex - 1;
        segment.chain = before.chain();
        return segment;
    }

    static void saveIndex(Disk disk, Path folder, Segment segment, List<TermStart> terms, List<ConfigAt> configs)
            throws IOException {
        SealedIndex index = new SealedIndex(
                segment.header.epoch(),
                segment.lastIndex,
                segment.endPosition,
                segment.chain,
                segment.cuts,
                terms.stream()
                        .filter(t -> t.firstIndex() >= segment.firstIndex() && t.firstIndex() <= segment.lastIndex)
                        .toList(),
                configs.stream()
                        .filter(c -> c.index() >= segment.firstIndex() && c.index() <= segment.lastIndex)
                        .toList(),
                segment.index);
        AtomicFile.replace(disk, folder, segment.indexFileName(), index.encode());
    }

    /** The membership in force before the index, and those from there on. */
    static List<ConfigAt> configsFrom(long index, List<ConfigAt> all) {
        List<ConfigAt> result = new ArrayList<>();
        configInFrontOf(index, all).ifPresent(result::add);
        all.stream().filter(c -> c.index() >= index).forEach(result::add);
        return List.copyOf(result);
    }

    static Optional<ConfigAt> configInFrontOf(long index, List<ConfigAt> all) {
        return all.stream().filter(c -> c.index() < index).reduce((older, newer) -> newer);
    }
}
