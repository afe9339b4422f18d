package io.argosy.client.internal;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Encoded messages that together are one SendMessageRequest; written to the network without another copy. */
public final class OutgoingBatch {

    private final List<MessageEncoder.Encoded> messages;
    private final int sizeBytes;

    public OutgoingBatch(List<MessageEncoder.Encoded> messages) {
        this.messages = messages;
        int size = 0;
        for (MessageEncoder.Encoded message : messages) {
            size += message.bytes().length;
        }
        this.sizeBytes = size;
    }

    public int count() {
        return messages.size();
    }

    /** Only writes: a client never reads what it sends. */
    static final class Marshaller implements MethodDescriptor.Marshaller<OutgoingBatch> {

        @Override
        public InputStream stream(OutgoingBatch batch) {
            return new Content(batch);
        }

        @Override
        public OutgoingBatch parse(InputStream stream) {
            throw new UnsupportedOperationException("requests are not parsed by the client");
        }
    }

    /** gRPC asks for the length and lets the content write itself; the in-process transport reads it byte-wise. */
    private static final class Content extends InputStream implements Drainable, KnownLength {
        private final OutgoingBatch batch;
        private int message;
        private int offset;
        private int left;

        Content(OutgoingBatch batch) {
            this.batch = batch;
            this.left = batch.sizeBytes;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int drained = left;
            while (message < batch.messages.size()) {
                byte[] bytes = batch.messages.get(message).bytes();
                target.write(bytes, offset, bytes.length - offset);
                next();
            }
            left = 0;
            return drained;
        }

        @Override
        public int read() {
            if (left == 0) {
                return -1;
            }
            byte[] bytes = batch.messages.get(message).bytes();
            int value = bytes[offset++] & 0xff;
            left--;
            if (offset == bytes.length) {
                next();
            }
            return value;
        }

        @Override
        public int read(byte[] target, int at, int length) {
            if (left == 0) {
                return length == 0 ? 0 : -1;
            }
            byte[] bytes = batch.messages.get(message).bytes();
            int count = Math.min(length, bytes.length - offset);
            System.arraycopy(bytes, offset, target, at, count);
            offset += count;
            left -= count;
            if (offset == bytes.length) {
                next();
            }
            return count;
        }

        @Override
        public int available() {
            return left;
        }

        private void next() {
            message++;
            offset = 0;
        }
    }
}
