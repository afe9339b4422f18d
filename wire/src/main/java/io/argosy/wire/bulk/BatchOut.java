package io.argosy.wire.bulk;

import com.google.protobuf.CodedOutputStream;
import io.argosy.proto.v1.ProduceRequest;
import io.argosy.wire.batch.CompactBatchBuilder.Sealed;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;

/**
 * A ProduceRequest as a client writes it: from the batch's own arrays straight into the network's buffers. Once gRPC has
 * taken it ({@code sendMessage} has returned) the arrays are not read any more.
 */
public final class BatchOut {

    private final byte[] prefix;
    private final Sealed batch;

    public BatchOut(long correlation, String topic, Sealed batch) {
        this.batch = batch;
        byte[] name = topic.getBytes(StandardCharsets.UTF_8);
        int size = CodedOutputStream.computeUInt64Size(ProduceRequest.CORRELATION_FIELD_NUMBER, correlation)
                + CodedOutputStream.computeByteArraySize(ProduceRequest.TOPIC_FIELD_NUMBER, name)
                + CodedOutputStream.computeTagSize(ProduceRequest.BATCH_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(batch.sizeBytes());
        prefix = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(prefix);
        try {
            out.writeUInt64(ProduceRequest.CORRELATION_FIELD_NUMBER, correlation);
            out.writeByteArray(ProduceRequest.TOPIC_FIELD_NUMBER, name);
            out.writeTag(ProduceRequest.BATCH_FIELD_NUMBER, 2);
            out.writeUInt32NoTag(batch.sizeBytes());
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new AssertionError("a computed size was wrong", e);
        }
    }

    public int sizeBytes() {
        return prefix.length + batch.sizeBytes();
    }

    static final class Marshaller implements MethodDescriptor.Marshaller<BatchOut> {

        @Override
        public InputStream stream(BatchOut request) {
            return new Content(request);
        }

        @Override
        public BatchOut parse(InputStream stream) {
            throw new UnsupportedOperationException("a client does not receive batches to store");
        }
    }

    /** gRPC asks for the length and lets the content write itself; other transports read it. */
    private static final class Content extends InputStream implements Drainable, KnownLength {

        private final BatchOut request;
        private final InputStream rest;
        private int left;

        Content(BatchOut request) {
            this.request = request;
            this.left = request.sizeBytes();
            this.rest = new SequenceInputStream(Collections.enumeration(List.of(
                    new ByteArrayInputStream(request.prefix),
                    new ByteArrayInputStream(request.batch.head()),
                    new ByteArrayInputStream(request.batch.bodies(), 0, request.batch.bodiesBytes()))));
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int drained = left;
            if (drained == request.sizeBytes()) {
                target.write(request.prefix);
                target.write(request.batch.head());
                target.write(request.batch.bodies(), 0, request.batch.bodiesBytes());
            } else {
                rest.transferTo(target);
            }
            left = 0;
            return drained;
        }

        @Override
        public int read() throws IOException {
            if (left == 0) {
                return -1;
            }
            left--;
            return rest.read();
        }

        @Override
        public int read(byte[] target, int at, int length) throws IOException {
            if (left == 0) {
                return length == 0 ? 0 : -1;
            }
            int count = rest.read(target, at, length);
            left -= Math.max(0, count);
            return count;
        }

        @Override
        public int available() {
            return left;
        }
    }
}
