package io.argosy.raft.storage;

import io.argosy.raft.RaftStatus.Damage;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The reading of one segment as far as it was written when the reading began. Keeps the segment from being closed. */
final class SegmentCheck implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(SegmentCheck.class);

    private final Segment segment;
    private final Batch.Cuts cutsBefore;
    private final SegmentScan scan;
    private boolean done;

    /** @param acquired from now on this check's to release */
    SegmentCheck(Segment acquired) {
        this.segment = acquired;
        // In this order: the end may already be behind the truncation, never the other way round.
        this.cutsBefore = acquired.cuts;
        this.scan = scanOf(acquired);
    }

    static SegmentScan scanOf(Segment segment) {
        // In this order: the writer moves the end last, so all entries up to this index lie in front of that end.
        long last = segment.lastIndex;
        long end = segment.endPosition;
        return new SegmentScan(
                new SegmentScan.Source(segment.file, segment.fileName(), true),
                segment.header,
                new SegmentScan.Proof(end, last, segment.cuts),
                end,
                0);
    }

    /** What a finished reading found, lost entries at the end included. */
    static List<Damage> found(Segment segment, SegmentScan scan) {
        List<Damage> found = new ArrayList<>(scan.damage);
        if (scan.lostTo() > scan.lastIndex()) {
            String detail = "nothing whole follows position " + scan.position();
            found.add(new Damage(segment.fileName(), scan.lastIndex() + 1, scan.lostTo(), detail));
        }
        return found;
    }

    Segment segment() {
        return segment;
    }

    SegmentScan scan() {
        return scan;
    }

    boolean isDone() {
        return done;
    }

    /** Whether the segment is still what was read. */
    boolean isCurrent() {
        return segment.cuts.equals(cutsBefore);
    }

    /** Returns the bytes that were read. */
    long step(int bytesMax) throws IOException {
        long before = scan.position();
        while (!done && scan.position() - before < bytesMax) {
            done = !scan.next();
        }
        return scan.position() - before;
    }

    /** Both copies of the header and all trailers are there. */
    boolean isSpareWhole() {
        try {
            return !scan.trailerLost() && SegmentHeader.copiesWhole(segment.file);
        } catch (IOException e) {
            log.warn("a header of a log file cannot be read file={}", segment.fileName(), e);
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        segment.release();
    }
}
