package io.argosy.wire.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Messages as the bytes they are on the wire, for calls that are relayed or scanned without being parsed. */
public final class RawBytesMarshaller implements MethodDescriptor.Marshaller<ByteString> {

    public static final RawBytesMarshaller INSTANCE = new RawBytesMarshaller();

    private RawBytesMarshaller() {}

    @Override
    public InputStream stream(ByteString message) {
        return new RawStream(message);
    }

    @Override
    public ByteString parse(InputStream stream) {
        if (stream instanceof RawStream raw && raw.untouched()) {
            return raw.message;
        }
        try {
            // Nobody else has the array, so that wrapping it is safe.
            return UnsafeByteOperations.unsafeWrap(AliasingMarshaller.readFully(stream));
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("message could not be read")
                    .withCause(e)
                    .asRuntimeException();
        }
    }

    /** gRPC asks such a stream for its length and lets it write itself: no copy in between. */
    private static final class RawStream extends InputStream implements Drainable, KnownLength {

        private static final InputStream DRAINED = new ByteArrayInputStream(new byte[0]);

        private final ByteString message;
        private InputStream rest;
        private boolean read;

        RawStream(ByteString message) {
            this.message = message;
            this.rest = message.newInput();
        }

        boolean untouched() {
            return rest != DRAINED && !read;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int size = rest.available();
            if (size == message.size()) {
                message.writeTo(target);
            } else {
                rest.transferTo(target);
            }
            rest = DRAINED;
            return size;
        }

        @Override
        public int read() throws IOException {
            read = true;
            return rest.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            read = true;
            return rest.read(target, offset, length);
        }

        @Override
        public int available() throws IOException {
            return rest.available();
        }
    }
}
