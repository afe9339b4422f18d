package io.argosy.wire.grpc;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;

/**
 * Parses a message over one array that holds its bytes: every {@code ByteString} in the message is a view of that
 * array, so that a payload is copied once, from the network buffer. The price: the smallest field kept alive keeps the
 * whole array alive.
 */
public final class AliasingMarshaller<T extends Message> implements MethodDescriptor.PrototypeMarshaller<T> {

    private final T prototype;
    private final MethodDescriptor.Marshaller<T> encoder;

    public AliasingMarshaller(T prototype) {
        this.prototype = prototype;
        this.encoder = ProtoUtils.marshaller(prototype);
    }

    @Override
    public InputStream stream(T message) {
        return encoder.stream(message);
    }

    @Override
    @SuppressWarnings("unchecked") // The prototype's parser makes messages of the prototype's class.
    public T parse(InputStream stream) {
        try {
            CodedInputStream in = CodedInputStream.newInstance(readFully(stream));
            in.enableAliasing(true);
            T message = (T) prototype.getParserForType().parseFrom(in);
            in.checkLastTagWas(0);
            return message;
        } catch (InvalidProtocolBufferException e) {
            throw Status.INTERNAL
                    .withDescription("Invalid protobuf byte sequence")
                    .withCause(e)
                    .asRuntimeException();
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("message could not be read")
                    .withCause(e)
                    .asRuntimeException();
        }
    }

    /** All bytes of a message in one array, copied once if gRPC knows their number. */
    public static byte[] readFully(InputStream stream) throws IOException {
        if (!(stream instanceof KnownLength)) {
            return stream.readAllBytes();
        }
        byte[] bytes = new byte[stream.available()];
        int read = stream.readNBytes(bytes, 0, bytes.length);
        if (read != bytes.length) {
            throw new IOException("message of " + bytes.length + " bytes ended after " + read);
        }
        return bytes;
    }

    @Override
    public T getMessagePrototype() {
        return prototype;
    }

    @Override
    @SuppressWarnings("unchecked") // The prototype's class is T's.
    public Class<T> getMessageClass() {
        return (Class<T>) prototype.getClass();
    }
}
