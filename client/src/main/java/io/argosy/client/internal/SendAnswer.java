package io.argosy.client.internal;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SendResultEntry;
import io.argosy.proto.v2.Status;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The answer to a batch: a status for the whole and an offset or a status per message. Read by hand, because the
 * generated classes cost six objects per message and the ids in them are known anyway.
 */
public final class SendAnswer {

    private static final Status OK = Status.newBuilder().setCode(Code.OK).build();

    private Status status = Status.getDefaultInstance();
    private int count;
    private long[] offsets = new long[8];
    /** Statuses of entries that are not OK; shorter than count if the last ones are. */
    private final List<Status> failures = new ArrayList<>(0);

    private SendAnswer() {}

    public Status status() {
        return status;
    }

    /** Entries, one per message if the server accepted the request as a whole. */
    public int count() {
        return count;
    }

    public long offset(int entry) {
        return offsets[entry];
    }

    public Status status(int entry) {
        return entry < failures.size() ? failures.get(entry) : OK;
    }

    static SendAnswer parse(CodedInputStream in) throws IOException {
        SendAnswer answer = new SendAnswer();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == SendMessageResponse.STATUS_FIELD_NUMBER) {
                answer.status = readStatus(in);
            } else if (field == SendMessageResponse.ENTRIES_FIELD_NUMBER) {
                answer.readEntry(in);
            } else {
                in.skipField(tag);
            }
        }
        return answer;
    }

    private void readEntry(CodedInputStream in) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        Status entryStatus = OK;
        long offset = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == SendResultEntry.STATUS_FIELD_NUMBER) {
                entryStatus = readStatus(in);
            } else if (field == SendResultEntry.OFFSET_FIELD_NUMBER) {
                offset = in.readInt64();
            } else {
                in.skipField(tag);
            }
        }
        in.popLimit(limit);
        add(entryStatus, offset);
    }

    private void add(Status entryStatus, long offset) {
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, count * 2);
        }
        offsets[count] = offset;
        if (entryStatus.getCode() != Code.OK) {
            while (failures.size() < count) {
                failures.add(OK);
            }
            failures.add(entryStatus);
        }
        count++;
    }

    /** The shared OK for every status that says so: its text is of no use. */
    private static Status readStatus(CodedInputStream in) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        int code = 0;
        String message = "";
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == Status.CODE_FIELD_NUMBER) {
                code = in.readEnum();
            } else if (field == Status.MESSAGE_FIELD_NUMBER && code != Code.OK_VALUE) {
                message = in.readStringRequireUtf8();
            } else {
                in.skipField(tag);
            }
        }
        in.popLimit(limit);
        return code == Code.OK_VALUE
                ? OK
                : Status.newBuilder().setCodeValue(code).setMessage(message).build();
    }

    static final class Marshaller implements MethodDescriptor.Marshaller<SendAnswer> {

        @Override
        public InputStream stream(SendAnswer answer) {
            throw new UnsupportedOperationException("answers are not written by the client");
        }

        @Override
        public SendAnswer parse(InputStream stream) {
            try {
                byte[] bytes = stream instanceof KnownLength ? new byte[stream.available()] : stream.readAllBytes();
                if (stream instanceof KnownLength && stream.readNBytes(bytes, 0, bytes.length) != bytes.length) {
                    throw new IOException("answer ended early");
                }
                return SendAnswer.parse(CodedInputStream.newInstance(bytes));
            } catch (IOException e) {
                throw io.grpc.Status.INTERNAL
                        .withDescription("the answer to a send could not be read")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }
}
