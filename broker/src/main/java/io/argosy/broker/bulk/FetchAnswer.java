package io.argosy.broker.bulk;

import com.google.protobuf.CodedOutputStream;
import io.argosy.broker.queue.MessageRun;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.Run;
import io.argosy.proto.v2.Code;
import io.argosy.raft.Entry;
import io.argosy.wire.grpc.WrittenStream;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link FetchResponse} on its way out. Serialized as the generated class would, except that stored commands go from
 * their entries straight into the network buffer: once gRPC's sendMessage has returned, the entries are not needed.
 */
final class FetchAnswer {

    private static final int LENGTH_DELIMITED = 2;
    private static final int SCRATCH_BYTES = 8 << 10;

    private final byte[] head;
    private final List<Part> parts;
    private final int sizeBytes;

    @SuppressWarnings("ArrayRecordComponent") // written once, never compared
    private record Part(byte[] head, Entry entry) {}

    private FetchAnswer(byte[] head, List<Part> parts, int sizeBytes) {
        this.head = head;
        this.parts = parts;
        this.sizeBytes = sizeBytes;
    }

    /** An answer without messages. */
    static FetchAnswer empty(long correlation, Code code, String message, long nextOffset, Bounds bounds) {
        byte[] bytes = head(correlation, code, message, nextOffset, bounds);
        return new FetchAnswer(bytes, List.of(), bytes.length);
    }

    /** Of the queue when it was looked at. */
    record Bounds(long minOffset, long maxOffset) {
        static final Bounds NONE = new Bounds(0, 0);
    }

    private static byte[] head(long correlation, Code code, String message, long nextOffset, Bounds bounds) {
        return FetchResponse.newBuilder()
                .setCorrelation(correlation)
                .setCode(code.getNumber())
                .setMessage(message)
                .setNextOffset(nextOffset)
                .setMinOffset(bounds.minOffset)
                .setMaxOffset(bounds.maxOffset)
                .build()
                .toByteArray();
    }

    int sizeBytes() {
        return sizeBytes;
    }

    /** Collects runs that follow each other. */
    static final class Builder {

        private final List<Part> parts = new ArrayList<>();
        private long nextOffset;
        private int partsBytes;
        private int payloadBytes;

        void add(MessageRun run, Entry entry) {
            int fieldsBytes = CodedOutputStream.computeUInt64Size(Run.BASE_OFFSET_FIELD_NUMBER, run.baseOffset())
                    + CodedOutputStream.computeUInt32Size(Run.FIRST_ORDINAL_FIELD_NUMBER, run.firstOrdinal())
                    + CodedOutputStream.computeUInt32Size(Run.COUNT_FIELD_NUMBER, run.count())
                    + CodedOutputStream.computeUInt64Size(Run.TIMESTAMP_MILLIS_FIELD_NUMBER, run.timestampMillis())
                    + CodedOutputStream.computeTagSize(Run.PAYLOAD_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt32SizeNoTag(entry.payloadBytes());
            int runBytes = fieldsBytes + entry.payloadBytes();
            byte[] head = new byte
                    [CodedOutputStream.computeTagSize(FetchResponse.RUNS_FIELD_NUMBER)
                            + CodedOutputStream.computeUInt32SizeNoTag(runBytes)
                            + fieldsBytes];
            CodedOutputStream out = CodedOutputStream.newInstance(head);
            try {
                out.writeTag(FetchResponse.RUNS_FIELD_NUMBER, LENGTH_DELIMITED);
                out.writeUInt32NoTag(runBytes);
                out.writeUInt64(Run.BASE_OFFSET_FIELD_NUMBER, run.baseOffset());
                out.writeUInt32(Run.FIRST_ORDINAL_FIELD_NUMBER, run.firstOrdinal());
                out.writeUInt32(Run.COUNT_FIELD_NUMBER, run.count());
                out.writeUInt64(Run.TIMESTAMP_MILLIS_FIELD_NUMBER, run.timestampMillis());
                out.writeTag(Run.PAYLOAD_FIELD_NUMBER, LENGTH_DELIMITED);
                out.writeUInt32NoTag(entry.payloadBytes());
                out.checkNoSpaceLeft();
            } catch (IOException e) {
                throw new IllegalStateException("writing to memory failed", e);
            }
            parts.add(new Part(head, entry));
            partsBytes = Math.addExact(partsBytes, head.length + entry.payloadBytes());
            payloadBytes += entry.payloadBytes();
            nextOffset = run.endOffset();
        }

        boolean isEmpty() {
            return parts.isEmpty();
        }

        int runs() {
            return parts.size();
        }

        int payloadBytes() {
            return payloadBytes;
        }

        FetchAnswer build(long correlation, Bounds bounds) {
            byte[] head = head(correlation, Code.OK, "", nextOffset, bounds);
            return new FetchAnswer(head, parts, Math.addExact(head.length, partsBytes));
        }
    }

    private void writeTo(OutputStream target) throws IOException {
        target.write(head);
        if (parts.isEmpty()) {
            return;
        }
        byte[] scratch = new byte[Math.min(SCRATCH_BYTES, sizeBytes)];
        for (Part part : parts) {
            target.write(part.head);
            part.entry.writePayload(target, scratch);
        }
    }

    /** Outgoing only: clients read these in their own way. */
    static final class Marshaller implements MethodDescriptor.Marshaller<FetchAnswer> {
        @Override
        public InputStream stream(FetchAnswer answer) {
            return new WrittenStream(answer.sizeBytes(), answer::writeTo);
        }

        @Override
        public FetchAnswer parse(InputStream stream) {
            throw new UnsupportedOperationException("answers are not received here");
        }
    }
}
