package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import io.argosy.raft.RaftStatus.Damage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Reads a run of entries from one segment; every entry passes both of its checksums and carries the index asked for. */
final class SegmentReader {

    private static final int FIRST_READ_BYTES_MIN = SegmentIndex.POINT_BYTES;

    /** A trailer, its padding and a head. */
    private static final int EDGE_BYTES_MAX = Batch.TRAILER_BYTES + Batch.SECTOR_BYTES + Batch.HEAD_BYTES;

    /** Entries that lie this far apart are read together, with what lies between them. */
    private static final long GAP_BYTES_MAX = 64 << 10;

    /** To the next known place: longer ways are looked at more closely. */
    private static final long COARSE_BYTES = 4L * SegmentIndex.POINT_BYTES;

    private static final int WINDOW_BYTES = 16 << 10;

    private final Segment segment;
    private String problem = "";

    SegmentReader(Segment segment) {
        this.segment = segment;
    }

    /** Why the last read came back empty. */
    String problem() {
        return problem;
    }

    /** Empty if the first entry is damaged. The entries share one buffer. */
    List<Entry> read(long fromIndex, int bytesMax, List<Damage> damage) throws IOException {
        // In this order: the index may already know more than the end.
        long lastIndex = segment.lastIndex;
        long end = segment.endPosition;
        SegmentIndex.Place place = segment.index.locate(fromIndex);
        long endIndex = Math.min(lastIndex + 1, place.endIndex());
        long at = place.position();
        long expected = place.index();
        List<Entry> result = new ArrayList<>();
        int bytes = 0;
        int wanted = Math.max(FIRST_READ_BYTES_MIN, Math.min(bytesMax, 64 << 20)) + SegmentIndex.POINT_BYTES;
        ByteBuffer buffer = load(at, wanted, end);
        while (expected < endIndex && (result.isEmpty() || bytes < bytesMax)) {
            int skipped = skipRecordEdges(buffer, at);
            at += skipped;
            int need = frameBytes(buffer);
            if (need > buffer.remaining()) {
                if (!result.isEmpty()) {
                    break;
                }
                if (at + buffer.remaining() >= end) {
                    problem = "an entry reaches beyond the end of the segment at position " + at;
                    break;
                }
                int ask = (int) Math.min(Math.max(need, wanted), end - at);
                buffer = load(at, ask, end);
                if (buffer.remaining() < ask) {
                    problem = "the file ends inside an entry at position " + at;
                    break;
                }
                continue;
            }
            int frame = buffer.position();
            if (expected < fromIndex) {
                if (!headIs(buffer, expected)) {
                    problem = "header at position " + at;
                    break;
                }
                buffer.position(frame + need);
            } else {
                if (!(Entry.decode(buffer) instanceof Entry.Decoded.Whole whole)
                        || whole.entry().index() != expected) {
                    problem = "entry at position " + at;
                    break;
                }
                if (Ranges.covers(damage, expected)) {
                    break;
                }
                result.add(whole.entry());
                bytes += need;
            }
            at += need;
            expected++;
        }
        return result;
    }

    /**
     * Entries at ascending indexes, as many from the first on as are in this segment, have room and are whole; perhaps
     * none. Their payloads are views of the room.
     */
    List<Entry> read(long[] indexes, int from, int to, ByteBuffer room, List<Damage> damage) throws IOException {
        // In this order: the index may already know more than the end.
        long lastIndex = segment.lastIndex;
        long end = segment.endPosition;
        List<Entry> result = new ArrayList<>(Math.min(to - from, 64));
        int next = from;
        while (next < to) {
            SegmentIndex.Place place = near(segment.index.locate(indexes[next]), indexes[next], end);
            long endIndex = Math.min(lastIndex + 1, place.endIndex());
            long groupEnd = Math.min(end, place.nextPosition());
            int groupTo = next;
            for (SegmentIndex.Place last = place; indexes[groupTo] < endIndex; ) {
                groupEnd = Math.min(end, last.nextPosition());
                groupTo++;
                if (groupTo == to || indexes[groupTo] >= endIndex) {
                    break;
                }
                last = segment.index.locate(indexes[groupTo]);
                if (last.position() - groupEnd > GAP_BYTES_MAX
                        || Math.min(end, last.nextPosition()) - place.position() > room.remaining()) {
                    break;
                }
            }
            if (groupTo == next) {
                break;
            }
            if (groupEnd - place.position() > room.remaining()) {
                if (!result.isEmpty()) {
                    break;
                }
                // A long way to the next known place: as many as come whole.
                groupEnd = place.position() + room.remaining();
                while (groupTo < to && indexes[groupTo] < endIndex) {
                    groupTo++;
                }
            }
            int wanted = groupTo - next;
            int found = result.size();
            ByteBuffer bytes = room.slice(room.position(), (int) (groupEnd - place.position()));
            Checksums.readFully(segment.file, bytes, place.position());
            room.position(room.position() + bytes.capacity());
            pick(bytes.flip(), place, indexes, next, groupTo, damage, result);
            if (result.size() - found < wanted) {
                break;
            }
            next = groupTo;
        }
        return result;
    }

    /**
     * A log that was opened again knows where records begin, not where their entries do. Goes from head to head, without
     * what lies between them, as near to the index as that is worth it.
     */
    private SegmentIndex.Place near(SegmentIndex.Place place, long index, long end) throws IOException {
        long stop = Math.min(end, place.nextPosition());
        long at = place.position();
        long expected = place.index();
        boolean exact = expected == index && place.nextIndex() == index + 1;
        if (exact || stop - at <= COARSE_BYTES) {
            return place;
        }
        ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
        while (at < stop) {
            window.clear().limit((int) Math.min(WINDOW_BYTES, stop - at));
            Checksums.readFully(segment.file, window, at);
            window.flip();
            long seen = expected;
            while (true) {
                int edges = skipRecordEdges(window, at);
                int need = frameBytes(window);
                if (window.remaining() < Entry.HEADER_BYTES || !headIs(window, expected)) {
                    break;
                }
                if (expected == index) {
                    return new SegmentIndex.Place(index, at, place.endIndex(), index + 1, at + edges + need);
                }
                at += edges + need;
                expected++;
                if (need > window.remaining()) {
                    break;
                }
                window.position(window.position() + need);
            }
            if (expected == seen) {
                break;
            }
        }
        return place; // Something is wrong: whoever reads from there finds out what.
    }

    /** Adds the wanted entries in the buffer up to the first that is not whole. */
    private static void pick(
            ByteBuffer buffer,
            SegmentIndex.Place place,
            long[] indexes,
            int from,
            int to,
            List<Damage> damage,
            List<Entry> result) {
        int next = from;
        for (long expected = place.index(); next < to; expected++) {
            skipRecordEdges(buffer, place.position() + buffer.position());
            int need = frameBytes(buffer);
            if (need > buffer.remaining()) {
                return;
            }
            if (expected < indexes[next]) {
                if (!headIs(buffer, expected)) {
                    return;
                }
                buffer.position(buffer.position() + need);
                continue;
            }
            if (!(Entry.decode(buffer) instanceof Entry.Decoded.Whole whole)
                    || whole.entry().index() != expected
                    || Ranges.covers(damage, expected)) {
                return;
            }
            result.add(whole.entry());
            next++;
        }
    }

    private ByteBuffer load(long position, int bytes, long end) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.max(0, Math.min(bytes, end - position)));
        Checksums.readFully(segment.file, buffer, position);
        return buffer.flip();
    }

    /**
     * Heads and trailers of records begin with a negative number, entries do not; behind a trailer comes padding. What is
     * not whole in the buffer stays, for {@link #frameBytes} to ask for more.
     */
    private static int skipRecordEdges(ByteBuffer buffer, long at) {
        int start = buffer.position();
        while (buffer.remaining() >= 4) {
            int edge = 0;
            int magic = buffer.getInt(buffer.position());
            if (magic == Batch.HEAD_MAGIC) {
                edge = Batch.HEAD_BYTES;
            } else if (magic == Batch.TRAILER_MAGIC) {
                int inSector = (int) ((at + buffer.position() - start + Batch.TRAILER_BYTES) % Batch.SECTOR_BYTES);
                edge = Batch.TRAILER_BYTES + (inSector == 0 ? 0 : Batch.SECTOR_BYTES - inSector);
            }
            if (edge == 0 || edge > buffer.remaining()) {
                break;
            }
            buffer.position(buffer.position() + edge);
        }
        return buffer.position() - start;
    }

    /** Bytes of the frame at the buffer's position, as far as its unchecked length can be believed. */
    private static int frameBytes(ByteBuffer buffer) {
        if (buffer.remaining() < Entry.HEADER_BYTES) {
            return EDGE_BYTES_MAX;
        }
        int payloadBytes = buffer.getInt(buffer.position());
        if (payloadBytes == Batch.HEAD_MAGIC || payloadBytes == Batch.TRAILER_MAGIC) {
            return EDGE_BYTES_MAX;
        }
        return payloadBytes < 0 || payloadBytes > Entry.PAYLOAD_BYTES_MAX
                ? Entry.HEADER_BYTES
                : Entry.HEADER_BYTES + payloadBytes;
    }

    private static boolean headIs(ByteBuffer buffer, long index) {
        int start = buffer.position();
        return buffer.getLong(start + 4) == index
                && buffer.getInt(start + Entry.HEADER_BYTES - 4) == Checksums.of(buffer, start, Entry.HEADER_BYTES - 4);
    }
}
