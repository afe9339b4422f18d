package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a segment from its first record to its end and tells what is there, what is damaged and what was never
 * finished. The table, at the first record that is not whole (raft-reference 4.4):
 *
 * <ol>
 *   <li>something proves that its place was durable once (a later record that says so, the tail mark, a later
 *       segment): damaged; keep its indexes, go on behind it;
 *   <li>no proof, but its trailer is whole, so it may have been acknowledged: damaged as well;
 *   <li>neither: a torn write, never acknowledged; the log ends here.
 * </ol>
 */
final class SegmentScan {

    private static final Logger log = LoggerFactory.getLogger(SegmentScan.class);

    /** Read at once while hopping from head to head. */
    private static final int HOP_BYTES = 4096;

    private final Source at;
    private final SegmentHeader header;
    private final Proof proof;
    private final long end;
    private final long bodiesFrom;
    private final Window window;
    private final Checksums checksums = new Checksums();

    final SegmentIndex index = new SegmentIndex();
    final List<TermStart> terms = new ArrayList<>();
    final List<ConfigAt> configs = new ArrayList<>();
    final List<Damage> damage = new ArrayList<>();
    /** Of these the head of the record, or its trailer, tells the term for certain. */
    final List<Damage> termsKnown = new ArrayList<>();
    /** Of these nothing proves that they were ever durable; they may have been acknowledged all the same. */
    final List<Damage> doubtful = new ArrayList<>();

    private long position = SegmentHeader.BYTES;
    private long nextIndex;
    private int chain;
    private Batch.Cuts cuts = Batch.Cuts.NONE;
    private boolean endsWithTruncation;
    private boolean garbageBehind;
    private boolean trailerLost;
    private long lostTo;

    /**
     * File and its name in messages.
     *
     * @param proven all of it was durable once, so that a page that cannot be read is one more that is damaged
     */
    record Source(Disk.DiskFile file, String name, boolean proven) {
        Source(Disk.DiskFile file, String name) {
            this(file, name, false);
        }
    }

    /**
     * What is known from outside.
     *
     * @param syncedTo everything before this position was durable
     * @param lastIndex last index at that position; 0 if unknown
     * @param cuts truncations in front of that position
     */
    record Proof(long syncedTo, long lastIndex, Batch.Cuts cuts) {
        static final Proof NONE = new Proof(0, 0, Batch.Cuts.UNKNOWN);
    }

    /**
     * @param end where to stop: the file's size, or less
     * @param bodiesFrom records that end before it are hopped over by their heads; reads check them later
     */
    SegmentScan(Source at, SegmentHeader header, Proof proof, long end, long bodiesFrom) {
        this.at = at;
        this.header = header;
        this.proof = proof;
        this.end = end;
        this.bodiesFrom = bodiesFrom;
        this.window = new Window(at, end);
        this.nextIndex = header.firstIndex();
        this.chain = header.before().chain();
        index.add(nextIndex, position);
    }

    /** Position behind the last record. */
    long position() {
        return position;
    }

    long lastIndex() {
        return nextIndex - 1;
    }

    int chain() {
        return chain;
    }

    Batch.Cuts cuts() {
        return cuts;
    }

    /** The last record truncates; segments that follow and don't chain to it are leftovers. */
    boolean endsWithTruncation() {
        return endsWithTruncation;
    }

    /** Behind the end lies something that is neither a record nor zeros: cut it off before writing there. */
    boolean garbageBehind() {
        return garbageBehind;
    }

    /** Indexes behind {@link #lastIndex()} up to this one were durable and are gone, with nothing behind them. */
    long lostTo() {
        return lostTo;
    }

    /** A record lost its trailer, but nothing else. */
    boolean trailerLost() {
        return trailerLost;
    }

    SegmentScan run() throws IOException {
        while (next()) {
            // All in the condition.
        }
        return this;
    }

    /** Reads one record; false if it was the last. */
    boolean next() throws IOException {
        Optional<Batch> batch = position + Batch.OVERHEAD_BYTES <= end ? head(position) : Optional.empty();
        if (batch.isEmpty() || !follows(batch.get())) {
            return notWhole();
        }
        return switch (batch.get().kind()) {
            case TRUNCATE -> truncate(batch.get());
            case ENTRIES -> entries(batch.get());
        };
    }

    private Optional<Batch> head(long where) throws IOException {
        window.readAheadBytes(where < bodiesFrom ? HOP_BYTES : Window.BYTES);
        ByteBuffer bytes = window.bytes(where, Batch.HEAD_BYTES);
        window.readAheadBytes(Window.BYTES);
        return Batch.decode(bytes, window.offset(where), checksums, header.epoch(), where);
    }

    private Optional<Batch.Trailer> trailer(long where) throws IOException {
        if (where + Batch.TRAILER_BYTES > end) {
            return Optional.empty();
        }
        ByteBuffer bytes = window.bytes(where, Batch.TRAILER_BYTES);
        return Batch.Trailer.decode(bytes, window.offset(where), checksums, header.epoch(), where);
    }

    private boolean follows(Batch batch) {
        if (position + batch.unpaddedBytes() > end || batch.prevChain() != chain) {
            return false;
        }
        return batch.kind() == Batch.Kind.TRUNCATE
                ? batch.firstIndex() >= header.firstIndex()
                : batch.firstIndex() == nextIndex;
    }

    private boolean truncate(Batch batch) {
        forgetWhatHiddenCutsDropped(batch.cuts(), 1);
        cuts = batch.cuts();
        // The log may have lost its end before this truncation shortened what was left of it.
        damaged(batch.firstIndex() - 1, "lost in front of the truncation at position " + position);
        nextIndex = Math.max(nextIndex, batch.firstIndex());
        forgetFrom(batch.firstIndex(), position + batch.recordBytes());
        passed(batch);
        endsWithTruncation = true;
        return true;
    }

    private void forgetFrom(long from, long nextPosition) {
        index.truncateFrom(from, nextPosition);
        terms.removeIf(t -> t.firstIndex() >= from);
        configs.removeIf(c -> c.index() >= from);
        Ranges.cutFrom(damage, from);
        Ranges.cutFrom(doubtful, from);
        nextIndex = from;
    }

    private void passed(Batch batch) {
        position += batch.recordBytes();
        nextIndex = batch.lastIndex() + 1;
        chain = batch.crc();
        endsWithTruncation = false;
    }

    private void term(long firstIndex, long term) {
        long last = terms.isEmpty()
                ? header.prevTerm()
                : terms.get(terms.size() - 1).term();
        if (term != last) {
            terms.add(new TermStart(firstIndex, term));
        }
    }

    private void damaged(long toIndex, String detail) {
        damaged(nextIndex, toIndex, detail);
    }

    private void damaged(long fromIndex, long toIndex, String detail) {
        if (fromIndex <= toIndex) {
            damage.add(new Damage(at.name(), fromIndex, toIndex, detail));
        }
    }

    private boolean entries(Batch batch) throws IOException {
        if (position + batch.recordBytes() <= bodiesFrom && !batch.hasConfig()) {
            index.offer(batch.firstIndex(), position);
            term(batch.firstIndex(), batch.term());
            passed(batch);
            return true;
        }
        List<Damage> bad = new ArrayList<>(0);
        List<ConfigAt> found = new ArrayList<>(0);
        boolean followed = body(batch, bad, found);
        boolean trailer = trailer(position + batch.trailerOffset()).isPresent();
        if (!bad.isEmpty()) {
            boolean synced = synced(batch.recordBytes());
            if (!trailer && !synced) {
                return torn();
            }
            if (!synced) {
                doubtful.addAll(bad);
            }
            damage.addAll(bad);
            termsKnown.addAll(bad);
        }
        configs.addAll(found);
        term(batch.firstIndex(), batch.term());
        passed(batch);
        trailerLost |= bad.isEmpty() && !trailer;
        if (!followed || !trailer) {
            // A reader that comes from in front would not find the next record.
            index.breakAt(nextIndex, position);
        }
        return true;
    }

    /** Checks every entry; false if they could not be followed to the end. */
    private boolean body(Batch batch, List<Damage> bad, List<ConfigAt> found) throws IOException {
        long bodyStart = position + Batch.HEAD_BYTES;
        ByteBuffer bytes = window.bytes(bodyStart, batch.bodyBytes());
        int start = window.offset(bodyStart);
        ByteBuffer body = bytes.duplicate().limit(start + batch.bodyBytes()).position(start);
        List<Long> points = new ArrayList<>();
        checksums.reset();
        long expected = batch.firstIndex();
        while (expected <= batch.lastIndex()) {
            int frame = body.position();
            Entry.Decoded decoded = Entry.decode(body);
            if (decoded instanceof Entry.Decoded.Whole whole
                    && whole.entry().index() == expected
                    && whole.entry().term() == batch.term()) {
                if (whole.entry().type() == EntryType.CONFIG) {
                    found.add(new ConfigAt(
                            expected, Membership.decode(whole.entry().payload())));
                }
            } else if (decoded instanceof Entry.Decoded.BadPayload payload
                    && payload.index() == expected
                    && payload.term() == batch.term()) {
                bad.add(new Damage(
                        at.name(),
                        expected,
                        expected,
                        "payload fails its checksum at position " + (bodyStart + frame - start)));
                body.position(frame + Entry.HEADER_BYTES + payload.payloadBytes());
            } else {
                bad.add(new Damage(
                        at.name(),
                        expected,
                        batch.lastIndex(),
                        "entry header fails its checksum at position " + (bodyStart + frame - start)));
                place(batch, points, bodyStart);
                return false;
            }
            checksums.add(bytes, frame, Entry.HEADER_BYTES);
            points.add((long) (frame - start));
            expected++;
        }
        if (bad.isEmpty() && (checksums.value() != batch.headersCrc() || body.hasRemaining())) {
            bad.add(new Damage(
                    at.name(),
                    batch.firstIndex(),
                    batch.lastIndex(),
                    "entries of another record at position " + bodyStart));
            return false;
        }
        place(batch, points, bodyStart);
        return true;
    }

    private void place(Batch batch, List<Long> offsets, long bodyStart) {
        index.offer(batch.firstIndex(), position);
        for (int i = 0; i < offsets.size(); i++) {
            index.offer(batch.firstIndex() + i, bodyStart + offsets.get(i));
        }
    }

    /** Is there proof that the bytes from the current position on, at least some, were durable once? */
    private boolean synced(long skipBytes) throws IOException {
        return proof.syncedTo() > position || behind(position + skipBytes).syncedTo() > position;
    }

    private boolean torn() throws IOException {
        garbageBehind = true;
        return false;
    }

    private boolean notWhole() throws IOException {
        Behind behind = behind(position);
        if (!behind.anything() && proof.syncedTo() <= position) {
            return false;
        }
        if (behind.ownTrailer().isPresent()) {
            Batch.Trailer trailer = behind.ownTrailer().get();
            if (trailer.lastIndex() >= nextIndex) {
                term(nextIndex, trailer.term());
                damaged(trailer.lastIndex(), "head of a record is damaged at position " + position);
                termsKnown.add(damage.get(damage.size() - 1));
                if (behind.syncedTo() <= position && proof.syncedTo() <= position) {
                    doubtful.add(damage.get(damage.size() - 1));
                }
                nextIndex = trailer.lastIndex() + 1;
                position += trailer.recordBytes();
                index.breakAt(nextIndex, position);
            } else {
                // The damaged record was a truncation, its trailer says to where.
                position += trailer.recordBytes();
                forgetFrom(trailer.lastIndex() + 1, position);
                cuts = cuts.and(nextIndex);
                endsWithTruncation = true;
            }
            chain = trailer.headCrc();
            return true;
        }
        if (behind.first().isPresent() && (behind.syncedTo() > position || proof.syncedTo() > position)) {
            Batch next = behind.first().get();
            forgetWhatHiddenCutsDropped(next.cuts(), next.kind() == Batch.Kind.TRUNCATE ? 1 : 0);
            cuts = next.cuts();
            long from = next.firstIndex();
            if (from > nextIndex) {
                damaged(from - 1, "damaged between positions " + position + " and " + behind.firstPosition());
                nextIndex = from;
                index.breakAt(from, behind.firstPosition());
            } else {
                forgetFrom(from, behind.firstPosition());
            }
            position = behind.firstPosition();
            chain = next.prevChain();
            return true;
        }
        if (proof.syncedTo() > position) {
            lostTo = proof.lastIndex();
            forgetWhatHiddenCutsDropped(proof.cuts(), 0);
            if (proof.lastIndex() < lastIndex()) {
                forgetFrom(proof.lastIndex() + 1, position);
            }
            garbageBehind = behind.anything();
            return false;
        }
        return torn();
    }

    /** A truncation that is damaged or lost itself leaves entries standing that are no longer true. */
    private void forgetWhatHiddenCutsDropped(Batch.Cuts known, int seenNext) {
        if (known.count() - seenNext > cuts.count() && known.lowestIndex() < nextIndex) {
            forgetFrom(Math.max(known.lowestIndex(), header.firstIndex()), position);
        }
    }

    /**
     * What lies behind a position.
     *
     * @param anything not only zeros
     * @param ownTrailer a trailer whose record starts at the current position
     * @param first the first whole head, at {@code firstPosition}
     * @param syncedTo the highest position before which everything was durable, as the heads tell
     */
    private record Behind(
            boolean anything,
            Optional<Batch.Trailer> ownTrailer,
            Optional<Batch> first,
            long firstPosition,
            long syncedTo) {}

    /** Checksums are seeded with epoch and place, so what is found here was written as a record at this very place. */
    private Behind behind(long from) throws IOException {
        boolean anything = false;
        Optional<Batch.Trailer> own = Optional.empty();
        Optional<Batch> first = Optional.empty();
        long firstPosition = 0;
        long syncedTo = 0;
        for (long where = from; where < end; ) {
            int length = (int) Math.min(Window.BYTES, end - where);
            ByteBuffer bytes = window.bytes(where, length);
            int start = window.offset(where);
            int scanned = length == end - where ? length : length - Batch.HEAD_BYTES;
            for (int i = 0; i < scanned; i++) {
                byte b = bytes.get(start + i);
                if (b == 0) {
                    continue;
                }
                anything = true;
                if (b != (byte) (Batch.HEAD_MAGIC >>> 24) || i + Batch.TRAILER_BYTES > length) {
                    continue;
                }
                long candidate = where + i;
                if (own.isEmpty()) {
                    own = Batch.Trailer.decode(bytes, start + i, checksums, header.epoch(), candidate)
                            .filter(t -> candidate + Batch.TRAILER_BYTES - t.unpaddedBytes() == position);
                }
                if (candidate > position && candidate % Batch.SECTOR_BYTES == 0 && i + Batch.HEAD_BYTES <= length) {
                    Optional<Batch> head = Batch.decode(bytes, start + i, checksums, header.epoch(), candidate);
                    if (head.isPresent()) {
                        syncedTo = Math.max(syncedTo, candidate - head.get().unsyncedBytes());
                        if (first.isEmpty()) {
                            first = head;
                            firstPosition = candidate;
                        }
                        if (syncedTo > position) {
                            return new Behind(true, own, first, firstPosition, syncedTo);
                        }
                    }
                }
            }
            where += scanned;
        }
        return new Behind(anything, own, first, firstPosition, syncedTo);
    }

    /** A stretch of the file in memory. */
    private static final class Window {

        static final int BYTES = 1 << 20;

        private static final int PAGE_BYTES = 4096;

        private final Source source;
        private final long end;
        private ByteBuffer buffer;
        private long start;
        private int length;
        private int readAheadBytes = BYTES;

        Window(Source source, long end) {
            this.source = source;
            this.end = end;
            this.buffer = ByteBuffer.allocate((int) Math.min(BYTES, end));
        }

        void readAheadBytes(int bytes) {
            readAheadBytes = bytes;
        }

        /** A buffer that holds the range, at {@link #offset}; valid until the next call. */
        ByteBuffer bytes(long position, int count) throws IOException {
            if (position < start || position + count > start + length) {
                if (count > buffer.capacity()) {
                    buffer = ByteBuffer.allocate(count);
                }
                buffer.clear().limit((int) Math.min(Math.max(count, readAheadBytes), end - position));
                start = position;
                length = read(position);
                // Behind the end of a file that is shorter than it was: zeros, which no checksum accepts.
                while (length < count) {
                    buffer.put(length++, (byte) 0);
                }
                buffer.clear();
            }
            return buffer;
        }

        private int read(long position) throws IOException {
            try {
                return Checksums.readFully(source.file(), buffer, position);
            } catch (IOException e) {
                if (!source.proven() || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                // A disk that reads nothing at all is not damaged here or there, it has failed.
                Checksums.readFully(source.file(), ByteBuffer.allocate(PAGE_BYTES), 0);
                return readPages(position, e);
            }
        }

        /** What cannot be read is left as zeros, which no checksum accepts. */
        private int readPages(long position, IOException failure) {
            int wanted = buffer.limit();
            int lost = 0;
            int from = 0;
            while (from < wanted) {
                int to = (int) Math.min(wanted, from + PAGE_BYTES - (position + from) % PAGE_BYTES);
                buffer.limit(to).position(from);
                try {
                    Checksums.readFully(source.file(), buffer, position + from);
                } catch (IOException e) {
                    lost++;
                }
                for (int i = buffer.position(); i < to; i++) {
                    buffer.put(i, (byte) 0);
                }
                from = to;
            }
            log.error(
                    "pages of the log cannot be read file={} fromPosition={} bytes={} pages={}",
                    source.name(),
                    position,
                    wanted,
                    lost,
                    failure);
            return wanted;
        }

        int offset(long position) {
            return (int) (position - start);
        }
    }
}
