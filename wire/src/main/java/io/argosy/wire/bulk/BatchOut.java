package io.argosy.wire.bulk;

import com.google.protobuf.CodedOutputStream;
import io.argosy.proto.v1.ProduceRequest;
import io.argosy.wire.batch.CompactBatchBuilder.Sealed;
import io.argosy.wire.grpc.WrittenStream;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

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

    private void writeTo(OutputStream target) throws IOException {
        target.write(prefix);
        target.write(batch.head());
        target.write(batch.bodies(), 0, batch.bodiesBytes());
    }

    static final class Marshaller implements MethodDescriptor.Marshaller<BatchOut> {

        @Override
        public InputStream stream(BatchOut request) {
            return new WrittenStream(request.sizeBytes(), request::writeTo);
        }

        @Override
        public BatchOut parse(InputStream stream) {
            throw new UnsupportedOperationException("a client does not receive batches to store");
        }
    }
}
