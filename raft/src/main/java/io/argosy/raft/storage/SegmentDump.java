package io.argosy.raft.storage;

import io.argosy.raft.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads one segment file as it lies there, for people; needs no store and changes nothing. */
public final class SegmentDump {

    /** One thing found in the file, in order of position. */
    public sealed interface Item {
        long position();
    }

    /** The head of the segment. */
    public record Segment(long position, long firstIndex, long epoch, long prevTerm) implements Item {}

    /** A record's head; its entries follow. */
    public record RecordHead(long position, long firstIndex, long lastIndex, long term, int bytes) implements Item {}

    /** Entries from this index on, written before, count no longer. */
    public record Truncation(long position, long fromIndex) implements Item {}

    /** @param entry whole and undamaged */
    public record Found(long position, Entry entry) implements Item {}

    /** Something that is neither whole nor zero. */
    public record Damaged(long position, String detail) implements Item {}

    private static final int WINDOW_BYTES = 1 << 20;

    private final Disk.DiskFile file;
    private final Consumer<Item> sink;
    private final Checksums checksums = new Checksums();
    private final long end;

    private SegmentDump(Disk.DiskFile file, Consumer<Item> sink) throws IOException {
        this.file = file;
        this.sink = sink;
        this.end = file.sizeBytes();
    }

    /** Hands everything in the file to the sink. */
    public static void read(Disk disk, Path file, Consumer<Item> sink) throws IOException {
        try (Disk.DiskFile open = disk.open(file, false)) {
            new SegmentDump(open, sink).run();
        }
    }

    private void run() throws IOException {
        Optional<SegmentHeader> header = SegmentHeader.read(file);
        if (header.isEmpty()) {
            sink.accept(
                    new Damaged(0, "segment header is unreadable in both copies: not a segment, or beyond reading"));
            return;
        }
        long epoch = header.get().epoch();
        sink.accept(
                new Segment(0, header.get().firstIndex(), epoch, header.get().prevTerm()));
        int chain = header.get().before().chain();
        long position = SegmentHeader.BYTES;
        while (position + Batch.OVERHEAD_BYTES <= end) {
            Optional<Batch> batch = head(position, epoch);
            if (batch.isEmpty() || position + batch.get().unpaddedBytes() > end) {
                long next = nextHead(position + Batch.SECTOR_BYTES, epoch);
                noteDamage(position, next);
                position = next;
                if (position < end) {
                    chain = head(position, epoch).orElseThrow().prevChain();
                }
                continue;
            }
            if (batch.get().prevChain() != chain) {
                sink.accept(new Damaged(position, "does not follow the record in front of it"));
            }
            chain = batch.get().crc();
            record(position, batch.get());
            position += batch.get().recordBytes();
        }
    }

    private Optional<Batch> head(long position, long epoch) throws IOException {
        return Batch.decode(load(position, Batch.HEAD_BYTES), 0, checksums, epoch, position);
    }

    private ByteBuffer load(long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        Checksums.readFully(file, buffer, position);
        return buffer.clear();
    }

    private void record(long position, Batch batch) throws IOException {
        if (batch.kind() == Batch.Kind.TRUNCATE) {
            sink.accept(new Truncation(position, batch.firstIndex()));
            return;
        }
        sink.accept(new RecordHead(position, batch.firstIndex(), batch.lastIndex(), batch.term(), batch.recordBytes()));
        long bodyPosition = position + Batch.HEAD_BYTES;
        ByteBuffer body = load(bodyPosition, batch.bodyBytes());
        while (body.hasRemaining()) {
            int frame = body.position();
            Entry.Decoded decoded = Entry.decode(body);
            if (decoded instanceof Entry.Decoded.Whole whole) {
                sink.accept(new Found(bodyPosition + frame, whole.entry()));
            } else if (decoded instanceof Entry.Decoded.BadPayload bad) {
                sink.accept(new Damaged(
                        bodyPosition + frame,
                        "payload of index " + bad.index() + " at term " + bad.term() + " fails its checksum, "
                                + bad.payloadBytes() + " bytes"));
                body.position(frame + Entry.HEADER_BYTES + bad.payloadBytes());
            } else {
                sink.accept(new Damaged(
                        bodyPosition + frame,
                        "the rest of this record, up to index " + batch.lastIndex() + ", cannot be followed"));
                return;
            }
        }
    }

    private long nextHead(long from, long epoch) throws IOException {
        for (long position = from; position + Batch.HEAD_BYTES <= end; position += Batch.SECTOR_BYTES) {
            if (head(position, epoch).isPresent()) {
                return position;
            }
        }
        return end;
    }

    /** Zeros at the end are space that was prepared ahead. */
    private void noteDamage(long from, long to) throws IOException {
        for (long at = from; at < to; at += WINDOW_BYTES) {
            ByteBuffer bytes = load(at, (int) Math.min(WINDOW_BYTES, to - at));
            while (bytes.hasRemaining()) {
                if (bytes.get() != 0) {
                    sink.accept(new Damaged(from, "no whole record up to position " + to));
                    return;
                }
            }
        }
    }
}
