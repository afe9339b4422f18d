package io.argosy.raft.transport;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.BulkRefusal;
import io.argosy.proto.v1.BulkRequest;
import io.argosy.proto.v1.BulkResponse;
import io.argosy.proto.v1.LogPart;
import io.argosy.proto.v1.OpenSnapshot;
import io.argosy.proto.v1.ReadLog;
import io.argosy.proto.v1.ReadSnapshot;
import io.argosy.proto.v1.SnapshotOpened;
import io.argosy.proto.v1.SnapshotPart;
import io.argosy.proto.v1.StreamOpen;
import io.argosy.raft.Entry;
import io.argosy.raft.transport.FrameCodec.BadFrameException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** {@link Bulk} on the wire. */
final class BulkCodec {

    private BulkCodec() {}

    static BulkRequest encode(StreamOpen open, Bulk.Request request) {
        BulkRequest.Builder out = BulkRequest.newBuilder().setOpen(open);
        if (request instanceof Bulk.OpenSnapshot) {
            out.setOpenSnapshot(OpenSnapshot.getDefaultInstance());
        } else if (request instanceof Bulk.ReadSnapshot r) {
            out.setReadSnapshot(ReadSnapshot.newBuilder()
                    .setSnapshotId(r.snapshot())
                    .setFile(r.file())
                    .setOffset(r.offset())
                    .setBytes(r.bytes()));
        } else if (request instanceof Bulk.ReadLog r) {
            out.setReadLog(ReadLog.newBuilder()
                    .setFromIndex(r.fromIndex())
                    .setToIndex(r.toIndex())
                    .setBytesMax(r.bytesMax()));
        } else {
            throw new AssertionError(request);
        }
        return out.build();
    }

    static Bulk.Request decode(BulkRequest in) throws BadFrameException {
        return switch (in.getRequestCase()) {
            case OPEN_SNAPSHOT -> new Bulk.OpenSnapshot();
            case READ_SNAPSHOT -> {
                ReadSnapshot r = in.getReadSnapshot();
                if (r.getBytes() < 0 || r.getBytes() > Bulk.PART_BYTES_MAX || r.getFile() < 0 || r.getOffset() < 0) {
                    throw new BadFrameException("part of " + r.getBytes() + " bytes at " + r.getOffset());
                }
                yield new Bulk.ReadSnapshot(r.getSnapshotId(), r.getFile(), r.getOffset(), r.getBytes());
            }
            case READ_LOG -> {
                ReadLog r = in.getReadLog();
                if (r.getBytesMax() < 0
                        || r.getBytesMax() > Bulk.PART_BYTES_MAX
                        || r.getFromIndex() < 1
                        || r.getToIndex() < r.getFromIndex()) {
                    throw new BadFrameException("log from " + r.getFromIndex() + " to " + r.getToIndex());
                }
                yield new Bulk.ReadLog(r.getFromIndex(), r.getToIndex(), r.getBytesMax());
            }
            case REQUEST_NOT_SET -> throw new BadFrameException("an empty or unknown bulk request");
        };
    }

    static BulkResponse encode(Bulk.Answer answer) {
        BulkResponse.Builder out = BulkResponse.newBuilder();
        if (answer instanceof Bulk.Snapshot a) {
            out.setSnapshot(SnapshotOpened.newBuilder()
                    .setSnapshotId(a.id())
                    .setManifest(ByteString.copyFrom(a.manifest().duplicate())));
        } else if (answer instanceof Bulk.Part a) {
            out.setPart(SnapshotPart.newBuilder()
                    .setBytes(ByteString.copyFrom(a.bytes().duplicate()))
                    .setCrc(a.crc()));
        } else if (answer instanceof Bulk.LogPart a) {
            ByteBuffer entries = ByteBuffer.allocate(
                    a.entries().stream().mapToInt(Entry::frameBytes).sum());
            for (Entry entry : a.entries()) {
                entry.encodeHeader(entries);
                entries.put(entry.payload());
            }
            out.setLog(LogPart.newBuilder()
                    .setPrevTerm(a.prevTerm())
                    .setFirstIndex(a.firstIndex())
                    .setCommittedIndex(a.committedIndex())
                    .setEntries(ByteString.copyFrom(entries.flip())));
        } else if (answer instanceof Bulk.Refused a) {
            out.setRefused(BulkRefusal.newBuilder()
                    .setReason(
                            switch (a.reason()) {
                                case GONE -> BulkRefusal.Reason.GONE;
                                case TRIMMED -> BulkRefusal.Reason.TRIMMED;
                                case NEVER_HAD -> BulkRefusal.Reason.NEVER_HAD;
                                case DAMAGED -> BulkRefusal.Reason.DAMAGED;
                                case LATER -> BulkRefusal.Reason.LATER;
                            })
                    .setText(a.text()));
        } else {
            throw new AssertionError(answer);
        }
        return out.build();
    }

    static Bulk.Answer decode(BulkResponse in) throws BadFrameException {
        return switch (in.getAnswerCase()) {
            case SNAPSHOT ->
                new Bulk.Snapshot(
                        in.getSnapshot().getSnapshotId(),
                        in.getSnapshot().getManifest().asReadOnlyByteBuffer());
            case PART ->
                new Bulk.Part(
                        in.getPart().getBytes().asReadOnlyByteBuffer(),
                        in.getPart().getCrc());
            case LOG -> {
                LogPart part = in.getLog();
                yield new Bulk.LogPart(
                        part.getPrevTerm(),
                        part.getFirstIndex(),
                        part.getCommittedIndex(),
                        entries(part.getEntries().asReadOnlyByteBuffer()));
            }
            case REFUSED ->
                new Bulk.Refused(
                        switch (in.getRefused().getReason()) {
                            case GONE -> Bulk.Reason.GONE;
                            case TRIMMED -> Bulk.Reason.TRIMMED;
                            case NEVER_HAD -> Bulk.Reason.NEVER_HAD;
                            case DAMAGED -> Bulk.Reason.DAMAGED;
                            case LATER, UNRECOGNIZED -> Bulk.Reason.LATER;
                        },
                        in.getRefused().getText());
            case ANSWER_NOT_SET -> throw new BadFrameException("an empty or unknown bulk answer");
        };
    }

    /** Each frame has its own checksums. */
    private static List<Entry> entries(ByteBuffer frames) throws BadFrameException {
        List<Entry> entries = new ArrayList<>();
        while (frames.hasRemaining()) {
            if (!(Entry.decode(frames) instanceof Entry.Decoded.Whole whole)) {
                throw new BadFrameException("entry " + entries.size() + " of a log part is damaged");
            }
            entries.add(whole.entry());
        }
        return entries;
    }
}
