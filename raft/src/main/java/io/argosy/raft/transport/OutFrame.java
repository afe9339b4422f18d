package io.argosy.raft.transport;

import com.google.protobuf.CodedOutputStream;
import io.argosy.proto.v1.RaftFrame;
import io.argosy.raft.Entry;
import io.argosy.raft.core.Message;
import io.argosy.wire.grpc.WrittenStream;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A {@link RaftFrame} on its way out. Serialized as the generated class would, except that the entries of an append
 * go from their payload buffers straight into the network buffer.
 */
final class OutFrame {

    private static final int SCRATCH_BYTES_MAX = 8 << 10;

    private final byte[] prefix;
    private final List<Entry> entries;
    private final int sizeBytes;

    private OutFrame(byte[] prefix, List<Entry> entries, int entriesBytes) {
        this.prefix = prefix;
        this.entries = entries;
        this.sizeBytes = prefix.length + entriesBytes;
    }

    static OutFrame of(RaftFrame frame) {
        return new OutFrame(frame.toByteArray(), List.of(), 0);
    }

    static OutFrame of(Message message) {
        return message instanceof Message.AppendRequest append ? append(append) : of(FrameCodec.encode(message));
    }

    private static OutFrame append(Message.AppendRequest append) {
        int entriesBytes = 0;
        for (Entry entry : append.entries()) {
            entriesBytes = Math.addExact(entriesBytes, entry.frameBytes());
        }
        byte[] fields = FrameCodec.encodeWithoutEntries(append).toByteArray();
        int entriesField = io.argosy.proto.v1.AppendRequest.ENTRIES_FIELD_NUMBER;
        int innerBytes = fields.length
                + CodedOutputStream.computeTagSize(entriesField)
                + CodedOutputStream.computeUInt32SizeNoTag(entriesBytes)
                + entriesBytes;
        ByteArrayOutputStream prefix = new ByteArrayOutputStream(fields.length + 16);
        CodedOutputStream out = CodedOutputStream.newInstance(prefix);
        try {
            out.writeUInt32NoTag(RaftFrame.APPEND_REQUEST_FIELD_NUMBER << 3 | 2);
            out.writeUInt32NoTag(innerBytes);
            out.writeRawBytes(fields);
            out.writeUInt32NoTag(entriesField << 3 | 2);
            out.writeUInt32NoTag(entriesBytes);
            out.flush();
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return new OutFrame(prefix.toByteArray(), append.entries(), entriesBytes);
    }

    int sizeBytes() {
        return sizeBytes;
    }

    private void writeTo(OutputStream target) throws IOException {
        target.write(prefix);
        if (entries.isEmpty()) {
            return;
        }
        int payloadBytesMax = 0;
        for (Entry entry : entries) {
            payloadBytesMax = Math.max(payloadBytesMax, entry.payloadBytes());
        }
        byte[] scratch = new byte[Math.min(SCRATCH_BYTES_MAX, Entry.HEADER_BYTES + payloadBytesMax)];
        for (Entry entry : entries) {
            entry.encodeHeader(ByteBuffer.wrap(scratch));
            ByteBuffer payload = entry.payload();
            int filled = Entry.HEADER_BYTES;
            do {
                int copied = Math.min(scratch.length - filled, payload.remaining());
                payload.get(scratch, filled, copied);
                target.write(scratch, 0, filled + copied);
                filled = 0;
            } while (payload.hasRemaining());
        }
    }

    /** Outgoing only: whoever calls a peer sends these and receives {@link RaftFrame}s. */
    static final class OutFrameMarshaller implements MethodDescriptor.Marshaller<OutFrame> {
        @Override
        public InputStream stream(OutFrame frame) {
            return new WrittenStream(frame.sizeBytes(), frame::writeTo);
        }

        @Override
        public OutFrame parse(InputStream stream) {
            throw new UnsupportedOperationException("frames are received as generated messages");
        }
    }
}
