package io.argosy.wire.grpc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A message on its way out that knows its size and writes itself: gRPC asks for the length and drains it straight into
 * the network's buffers. Whoever reads it instead, as transports inside a process do, gets a copy.
 */
public final class WrittenStream extends InputStream implements Drainable, KnownLength {

    private static final InputStream DRAINED = new ByteArrayInputStream(new byte[0]);

    /** What is written, once. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream target) throws IOException;
    }

    private final int sizeBytes;
    private final Content content;
    // Made only if somebody reads instead of draining.
    private InputStream bytes = DRAINED;
    private boolean started;

    /** @param sizeBytes exactly what the content writes */
    public WrittenStream(int sizeBytes, Content content) {
        this.sizeBytes = sizeBytes;
        this.content = content;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        if (started) {
            return (int) bytes.transferTo(target);
        }
        started = true;
        content.writeTo(target);
        return sizeBytes;
    }

    @Override
    public int read() throws IOException {
        return bytes().read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return bytes().read(target, offset, length);
    }

    @Override
    public int available() throws IOException {
        return started ? bytes.available() : sizeBytes;
    }

    private InputStream bytes() throws IOException {
        if (!started) {
            started = true;
            ByteArrayOutputStream out = new ByteArrayOutputStream(sizeBytes);
            content.writeTo(out);
            bytes = new ByteArrayInputStream(out.toByteArray());
        }
        return bytes;
    }
}
