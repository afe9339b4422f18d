package io.argosy.raft.transport;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.proto.v1.BulkResponse;
import java.util.OptionalInt;

/** Answers as they come out at the other end of a connection: for the simulator, which has no connections. */
public final class BulkOnTheWire {

    private BulkOnTheWire() {}

    /** What came is not what was sent, and was noticed. */
    public static final class NoticedException extends Exception {
        private static final long serialVersionUID = 1L;

        NoticedException(Exception cause) {
            super(cause);
        }
    }

    /**
     * Encodes and decodes.
     *
     * @param flippedBit of the file's or the log's bytes, counted from their beginning and round again; none if empty
     */
    public static Bulk.Answer carry(Bulk.Answer answer, OptionalInt flippedBit) throws NoticedException {
        BulkResponse sent = BulkCodec.encode(answer);
        try {
            BulkResponse.Builder arrived = BulkResponse.parseFrom(sent.toByteString()).toBuilder();
            if (flippedBit.isPresent()) {
                int bit = flippedBit.getAsInt();
                if (arrived.hasPart()) {
                    arrived.getPartBuilder().setBytes(flip(arrived.getPart().getBytes(), bit));
                } else if (arrived.hasLog()) {
                    arrived.getLogBuilder().setEntries(flip(arrived.getLog().getEntries(), bit));
                }
            }
            return BulkCodec.decode(arrived.build());
        } catch (InvalidProtocolBufferException | FrameCodec.BadFrameException e) {
            throw new NoticedException(e);
        }
    }

    private static ByteString flip(ByteString bytes, int bit) {
        if (bytes.isEmpty()) {
            return bytes;
        }
        byte[] copy = bytes.toByteArray();
        int at = Math.floorMod(bit, copy.length * 8);
        copy[at / 8] ^= (byte) (1 << at % 8);
        return ByteString.copyFrom(copy);
    }
}
