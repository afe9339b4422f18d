package io.argosy.client.internal;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.Run;
import io.argosy.wire.grpc.AliasingMarshaller;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link FetchResponse} as it came: payloads stay in the one array that the network's bytes were copied to.
 *
 * @param code of the protocol
 * @param nextOffset what to ask for next
 * @param sizeBytes of the whole answer
 */
public record FetchedAnswer(
        long correlation, int code, String message, long nextOffset, List<FetchedRun> runs, int sizeBytes) {

    static FetchedAnswer parse(byte[] bytes) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        long correlation = 0;
        int code = 0;
        String message = "";
        long nextOffset = 0;
        List<FetchedRun> runs = new ArrayList<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case FetchResponse.CORRELATION_FIELD_NUMBER -> correlation = in.readUInt64();
                case FetchResponse.CODE_FIELD_NUMBER -> code = in.readUInt32();
                case FetchResponse.MESSAGE_FIELD_NUMBER -> message = in.readStringRequireUtf8();
                case FetchResponse.NEXT_OFFSET_FIELD_NUMBER -> nextOffset = in.readUInt64();
                case FetchResponse.RUNS_FIELD_NUMBER -> runs.add(run(in, bytes));
                default -> in.skipField(tag);
            }
        }
        return new FetchedAnswer(correlation, code, message, nextOffset, runs, bytes.length);
    }

    private static FetchedRun run(CodedInputStream in, byte[] bytes) throws IOException {
        int outer = in.pushLimit(in.readRawVarint32());
        long baseOffset = 0;
        int firstOrdinal = 0;
        int count = 0;
        long timestampMillis = 0;
        ByteBuffer payload = ByteBuffer.allocate(0);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case Run.BASE_OFFSET_FIELD_NUMBER -> baseOffset = in.readUInt64();
                case Run.FIRST_ORDINAL_FIELD_NUMBER -> firstOrdinal = in.readUInt32();
                case Run.COUNT_FIELD_NUMBER -> count = in.readUInt32();
                case Run.TIMESTAMP_MILLIS_FIELD_NUMBER -> timestampMillis = in.readUInt64();
                case Run.PAYLOAD_FIELD_NUMBER -> {
                    int length = in.readRawVarint32();
                    int position = in.getTotalBytesRead();
                    in.skipRawBytes(length);
                    payload = ByteBuffer.wrap(bytes, position, length).slice();
                }
                default -> in.skipField(tag);
            }
        }
        in.popLimit(outer);
        return new FetchedRun(baseOffset, firstOrdinal, count, timestampMillis, payload);
    }

    /** Incoming only: servers write these in their own way. */
    static final class Marshaller implements MethodDescriptor.Marshaller<FetchedAnswer> {
        @Override
        public InputStream stream(FetchedAnswer answer) {
            throw new UnsupportedOperationException("answers are not sent from here");
        }

        @Override
        public FetchedAnswer parse(InputStream stream) {
            try {
                return FetchedAnswer.parse(AliasingMarshaller.readFully(stream));
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("answer cannot be read")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }
}
