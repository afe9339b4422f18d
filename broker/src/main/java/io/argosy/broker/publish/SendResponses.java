package io.argosy.broker.publish;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.Status;
import io.argosy.wire.protocol.Statuses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The bytes of SendMessageResponse, written without message objects: this is the answer to every message sent. */
final class SendResponses {

    private static final int LENGTH_DELIMITED = 2;

    // SendMessageResponse
    private static final int STATUS = 1;
    private static final int ENTRIES = 2;

    // SendResultEntry
    private static final int ENTRY_STATUS = 1;
    private static final int ENTRY_MESSAGE_ID = 2;
    private static final int ENTRY_TRANSACTION_ID = 3;
    private static final int ENTRY_OFFSET = 4;

    private static final byte[] OK = Statuses.OK.toByteArray();

    private SendResponses() {}

    /** The whole request is refused: there are no entries. */
    static ByteString refused(Refusal refusal) {
        return SendMessageResponse.newBuilder()
                .setStatus(status(refusal))
                .build()
                .toByteString();
    }

    /**
     * One entry per message, in order; message_id is echoed, and transaction_id is the same.
     *
     * @param refusals null where the message is stored
     */
    static ByteString of(
            ByteBuffer request,
            int count,
            int[] idPositions,
            int[] idLengths,
            long[] offsets,
            @Nullable Refusal[] refusals) {
        byte[][] statuses = new byte[count][];
        int responseBytes = 0;
        int[] entryBytes = new int[count];
        for (int i = 0; i < count; i++) {
            Refusal refusal = refusals[i];
            byte[] status = refusal == null ? OK : status(refusal).toByteArray();
            statuses[i] = status;
            entryBytes[i] = lengthDelimited(ENTRY_STATUS, status.length)
                    + lengthDelimited(ENTRY_MESSAGE_ID, idLengths[i])
                    + lengthDelimited(ENTRY_TRANSACTION_ID, idLengths[i])
                    + (refusal == null ? CodedOutputStream.computeInt64Size(ENTRY_OFFSET, offsets[i]) : 0);
            responseBytes += lengthDelimited(ENTRIES, entryBytes[i]);
        }
        byte[] top = common(count, refusals, statuses);
        responseBytes += lengthDelimited(STATUS, top.length);
        byte[] response = new byte[responseBytes];
        CodedOutputStream out = CodedOutputStream.newInstance(response);
        ByteBuffer view = request.duplicate();
        try {
            out.writeByteArray(STATUS, top);
            for (int i = 0; i < count; i++) {
                out.writeTag(ENTRIES, LENGTH_DELIMITED);
                out.writeUInt32NoTag(entryBytes[i]);
                out.writeByteArray(ENTRY_STATUS, statuses[i]);
                writeBytes(
                        out,
                        ENTRY_MESSAGE_ID,
                        view.limit(idPositions[i] + idLengths[i]).position(idPositions[i]));
                writeBytes(out, ENTRY_TRANSACTION_ID, view.position(idPositions[i]));
                if (refusals[i] == null) {
                    out.writeInt64(ENTRY_OFFSET, offsets[i]);
                }
            }
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array of our own size: cannot happen
        }
        // Nobody else has the array, so that wrapping it is safe.
        return UnsafeByteOperations.unsafeWrap(response);
    }

    /** Consumes the value. */
    private static void writeBytes(CodedOutputStream out, int field, ByteBuffer value) throws IOException {
        out.writeTag(field, LENGTH_DELIMITED);
        out.writeUInt32NoTag(value.remaining());
        out.write(value);
    }

    private static int lengthDelimited(int field, int length) {
        return CodedOutputStream.computeTagSize(field) + CodedOutputStream.computeUInt32SizeNoTag(length) + length;
    }

    /** The status all entries share; MULTIPLE_RESULTS if their codes differ. */
    private static byte[] common(int count, @Nullable Refusal[] refusals, byte[][] statuses) {
        for (int i = 1; i < count; i++) {
            if (code(refusals[i]) != code(refusals[0])) {
                return Statuses.of(Code.MULTIPLE_RESULTS).toByteArray();
            }
        }
        return statuses[0];
    }

    private static Code code(@Nullable Refusal refusal) {
        return refusal == null ? Code.OK : refusal.code();
    }

    private static Status status(Refusal refusal) {
        return Statuses.of(refusal.code(), refusal.reason());
    }
}
