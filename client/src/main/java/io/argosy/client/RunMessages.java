package io.argosy.client;

import io.argosy.client.internal.FetchedRun;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The messages of one fetched run, made as they are wanted; one thread at a time. */
abstract class RunMessages {

    private static final byte PUBLISH = 1;
    private static final byte PUBLISH_VERSION = 1;

    /** Position of a PUBLISH command's count (2 bytes), and of its table: length (4) and tag hash (4) per message. */
    private static final int PUBLISH_COUNT_AT = 34;

    private static final int PUBLISH_TABLE_AT = 36;
    private static final int PUBLISH_ROW_BYTES = 8;

    /** The bytes are not those that were stored, or in a form that this client does not know. */
    static final class BrokenRunException extends Exception {
        private static final long serialVersionUID = 1L;

        BrokenRunException(String message) {
            super(message, null, false, false);
        }
    }

    /** Checks the bytes. */
    static RunMessages of(FetchedRun run, QueueRef queue) throws BrokenRunException {
        ByteBuffer payload = run.payload();
        byte kind = payload.remaining() > 1 ? payload.get(payload.position()) : 0;
        return switch (kind) {
            case CompactBatch.KIND -> compact(run, queue);
            case PUBLISH -> published(run, queue);
            default -> throw new BrokenRunException("a stored command of kind " + kind);
        };
    }

    /** The next ones, as many as there are. */
    abstract List<ReceivedMessage> next(int count);

    private static RunMessages compact(FetchedRun run, QueueRef queue) throws BrokenRunException {
        if (CompactBatch.check(run.payload()) instanceof CompactBatch.Checked.Sound sound) {
            CompactBatch batch = sound.batch();
            requireInside(run, batch.count());
            ByteBuffer bodies = batch.openBodies()
                    .orElseThrow(() -> new BrokenRunException("the bodies of " + batch + " cannot be opened"))
                    .asReadOnlyBuffer();
            return new Compact(run, new CompactMessage.Shared(batch, bodies, queue, run.timestampMillis()));
        }
        throw new BrokenRunException("a batch fails its checks");
    }

    private static RunMessages published(FetchedRun run, QueueRef queue) throws BrokenRunException {
        ByteBuffer payload = run.payload();
        if (payload.remaining() < PUBLISH_TABLE_AT || payload.get(1) != PUBLISH_VERSION) {
            throw new BrokenRunException("a stored command of " + payload.remaining() + " bytes");
        }
        int count = payload.getShort(PUBLISH_COUNT_AT) & 0xffff;
        requireInside(run, count);
        long end = PUBLISH_TABLE_AT + (long) count * PUBLISH_ROW_BYTES;
        for (int i = 0; i < count && end <= payload.remaining(); i++) {
            end += payload.getInt(PUBLISH_TABLE_AT + i * PUBLISH_ROW_BYTES) & 0xffffffffL;
        }
        if (end != payload.remaining()) {
            throw new BrokenRunException("a stored command of " + payload.remaining() + " bytes instead of " + end);
        }
        return new Published(run, queue, count);
    }

    private static void requireInside(FetchedRun run, int count) throws BrokenRunException {
        if (run.count() < 1 || run.firstOrdinal() < 0 || run.firstOrdinal() > count - run.count()) {
            throw new BrokenRunException("messages " + run.firstOrdinal() + "+" + run.count() + " of " + count);
        }
    }

    private static final class Compact extends RunMessages {

        private final CompactMessage.Shared shared;
        private final CompactCursor cursor;
        private final int endOrdinal;
        private int ordinal;
        private long offset;

        Compact(FetchedRun run, CompactMessage.Shared shared) {
            this.shared = shared;
            this.cursor = shared.batch().cursor();
            this.ordinal = run.firstOrdinal();
            this.endOrdinal = ordinal + run.count();
            this.offset = run.baseOffset();
        }

        @Override
        List<ReceivedMessage> next(int count) {
            int end = Math.min(endOrdinal, ordinal + count);
            List<ReceivedMessage> messages = new ArrayList<>(end - ordinal);
            while (ordinal < end) {
                cursor.moveTo(ordinal++);
                messages.add(new CompactMessage(shared, offset++, cursor));
            }
            return messages;
        }
    }

    private static final class Published extends RunMessages {

        private final ByteBuffer payload;
        private final QueueRef queue;
        private final long timestampMillis;
        private final int endOrdinal;
        private int ordinal;
        private long offset;
        private int position;

        Published(FetchedRun run, QueueRef queue, int countInPayload) {
            this.payload = run.payload();
            this.queue = queue;
            this.timestampMillis = run.timestampMillis();
            this.endOrdinal = run.firstOrdinal() + run.count();
            this.offset = run.baseOffset();
            this.position = PUBLISH_TABLE_AT + countInPayload * PUBLISH_ROW_BYTES;
            while (ordinal < run.firstOrdinal()) {
                position += length(ordinal++);
            }
        }

        private int length(int at) {
            return payload.getInt(PUBLISH_TABLE_AT + at * PUBLISH_ROW_BYTES);
        }

        @Override
        List<ReceivedMessage> next(int count) {
            int end = Math.min(endOrdinal, ordinal + count);
            List<ReceivedMessage> messages = new ArrayList<>(end - ordinal);
            while (ordinal < end) {
                int length = length(ordinal++);
                messages.add(new StoredMessage(queue, offset++, timestampMillis, payload.slice(position, length)));
                position += length;
            }
            return messages;
        }
    }
}
