package io.argosy.wire.bulk;

import com.google.protobuf.CodedInputStream;
import io.argosy.proto.v1.ProduceRequest;
import io.argosy.wire.grpc.AliasingMarshaller;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/** A ProduceRequest as a broker reads it: the batch stays in the array that it came in, which is the receiver's own. */
public final class BatchIn {

    private final byte[] bytes;
    private final long correlation;
    private final String topic;
    private final int batchAt;
    private final int batchBytes;

    private BatchIn(byte[] bytes, long correlation, String topic, int batchAt, int batchBytes) {
        this.bytes = bytes;
        this.correlation = correlation;
        this.topic = topic;
        this.batchAt = batchAt;
        this.batchBytes = batchBytes;
    }

    public long correlation() {
        return correlation;
    }

    public String topic() {
        return topic;
    }

    /** The whole request; not a copy. */
    public byte[] bytes() {
        return bytes;
    }

    /** Where the batch begins. */
    public int batchAt() {
        return batchAt;
    }

    /** 0 if the request has none. */
    public int batchBytes() {
        return batchBytes;
    }

    static BatchIn read(byte[] bytes) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        long correlation = 0;
        String topic = "";
        int batchAt = 0;
        int batchBytes = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag >>> 3) {
                case ProduceRequest.CORRELATION_FIELD_NUMBER -> correlation = in.readUInt64();
                case ProduceRequest.TOPIC_FIELD_NUMBER -> topic = in.readStringRequireUtf8();
                case ProduceRequest.BATCH_FIELD_NUMBER -> {
                    batchBytes = in.readRawVarint32();
                    batchAt = in.getTotalBytesRead();
                    in.skipRawBytes(batchBytes);
                }
                default -> in.skipField(tag);
            }
        }
        return new BatchIn(bytes, correlation, topic, batchAt, batchBytes);
    }

    static final class Marshaller implements MethodDescriptor.Marshaller<BatchIn> {

        @Override
        public InputStream stream(BatchIn request) {
            throw new UnsupportedOperationException("a broker does not send batches");
        }

        @Override
        public BatchIn parse(InputStream stream) {
            try {
                return read(AliasingMarshaller.readFully(stream));
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("Invalid protobuf byte sequence")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }
}
