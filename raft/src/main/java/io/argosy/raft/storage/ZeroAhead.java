package io.argosy.raft.storage;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * Keeps a stretch in front of the writer filled with zeros that are already on disk, so that a small force has no file
 * size and no block map to write (D13; measured: half the latency). Never in the writer's way: it works far ahead of
 * the write position, through a file handle of its own (an I/O error of its force must not use up the writer's), and
 * gives up on what a fast writer has overtaken.
 *
 * <p>The lock guards one claim, the chunk that is being written: a writer that arrives there nevertheless waits for
 * it. A queue cannot say "not there, not now".
 */
final class ZeroAhead implements Closeable {

    private static final int CHUNK_BYTES_MIN = 4 << 10;
    private static final int CHUNK_BYTES_MAX = 1 << 20;
    /** Distance to the writer below which nothing is zeroed, in chunks: 4 MiB for segments of 1 GiB. */
    private static final int LEAD_CHUNKS = 4;
    /** Length of the stretch, in chunks. */
    private static final int AHEAD_CHUNKS = 32;
    /** A writer is fast that writes more between two steps, which is 10 MiB/s. */
    private static final int FAST_BYTES = 1 << 20;
    /** So many steps later it is slow again, if it wrote no such amount meanwhile: half a second. */
    private static final int REST_STEPS = 5;
    /** Zeros must not take the last space from the entries. */
    private static final long USABLE_BYTES_MIN = 512L << 20;

    private final Disk.DiskFile file;
    private final long limit;
    private final long chunkBytes;
    private long zeroedTo;
    private long writtenTo;
    private long seenAt;
    private int restSteps;
    private long claimFrom = -1;
    private boolean closed;

    /** @param file a second handle of the segment, closed with this object */
    ZeroAhead(Disk.DiskFile file, long writtenTo, long zeroedTo, long limit) {
        this.file = file;
        this.writtenTo = writtenTo;
        this.seenAt = writtenTo;
        this.zeroedTo = Math.max(writtenTo, zeroedTo);
        this.limit = limit;
        this.chunkBytes = chunkBytes(limit);
    }

    /** The writer is about to write up to the position. */
    synchronized void beforeWrite(long to) throws IOException {
        awaitClaim(to);
        writtenTo = Math.max(writtenTo, to);
        zeroedTo = Math.max(zeroedTo, to);
    }

    /** The file is about to be cut at the position. */
    synchronized void beforeTruncate(long to) throws IOException {
        awaitClaim(Long.MAX_VALUE);
        writtenTo = to;
        zeroedTo = to;
    }

    /**
     * Writes one chunk if the stretch is too short and the writer is slow: one that has moved far since the last step
     * makes large forces, which gain little from zeros, and each of its bytes would be written twice.
     *
     * @return false if there is nothing to do before the writer goes on
     */
    boolean step(ByteBuffer zeros, long usableBytes) throws IOException {
        long from;
        synchronized (this) {
            restSteps = writtenTo - seenAt > FAST_BYTES ? REST_STEPS : Math.max(0, restSteps - 1);
            seenAt = writtenTo;
            if (restSteps > 0) {
                return true;
            }
            from = zeroedTo > writtenTo ? zeroedTo : align(writtenTo + LEAD_CHUNKS * chunkBytes);
            if (closed
                    || from - writtenTo >= AHEAD_CHUNKS * chunkBytes
                    || from + chunkBytes > limit
                    || usableBytes < USABLE_BYTES_MIN) {
                return false;
            }
            if (from - writtenTo < LEAD_CHUNKS * chunkBytes) {
                from = align(writtenTo + LEAD_CHUNKS * chunkBytes);
            }
            claimFrom = from;
        }
        try {
            file.write(new ByteBuffer[] {zeros.duplicate().clear().limit((int) chunkBytes)}, 1, from);
            file.force();
        } finally {
            synchronized (this) {
                zeroedTo = Math.max(zeroedTo, from + chunkBytes);
                claimFrom = -1;
                notifyAll();
            }
        }
        return true;
    }

    static ByteBuffer zeros(long segmentBytes) {
        return ByteBuffer.allocateDirect(chunkBytes(segmentBytes));
    }

    private static int chunkBytes(long segmentBytes) {
        return (int) Math.max(CHUNK_BYTES_MIN, Math.min(CHUNK_BYTES_MAX, segmentBytes >> 10));
    }

    private long align(long position) {
        return (position + chunkBytes - 1) / chunkBytes * chunkBytes;
    }

    /** Waits until no chunk is being written before the position. */
    private synchronized void awaitClaim(long to) throws IOException {
        while (claimFrom >= 0 && to > claimFrom) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while a segment was being prepared");
            }
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            awaitClaim(Long.MAX_VALUE);
            closed = true;
        }
        file.close();
    }
}
