package io.argosy.broker.consume;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Timestamp;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Status;

/** Response messages, encoded. */
final class Answers {

    private static final ByteString RECEIVE_OK = ReceiveMessageResponse.newBuilder()
            .setStatus(status(Code.OK))
            .build()
            .toByteString();
    private static final ByteString PULL_OK =
            PullMessageResponse.newBuilder().setStatus(status(Code.OK)).build().toByteString();

    private Answers() {}

    static Status status(Code code) {
        return status(code, code.name());
    }

    static Status status(Code code, String message) {
        return Status.newBuilder().setCode(code).setMessage(message).build();
    }

    /** Status, messages, time: in this order (client-plane 6). */
    static void received(ResponseSink sink, Iterable<ByteString> messages, long nowMillis) {
        sink.next(RECEIVE_OK);
        messages.forEach(sink::next);
        sink.next(deliveryTimestamp(nowMillis));
        sink.complete();
    }

    static void notReceived(ResponseSink sink, Code code, String message, long nowMillis) {
        sink.next(ReceiveMessageResponse.newBuilder()
                .setStatus(status(code, message))
                .build()
                .toByteString());
        sink.next(deliveryTimestamp(nowMillis));
        sink.complete();
    }

    static void pulled(ResponseSink sink, Iterable<ByteString> messages, long nextOffset) {
        sink.next(PULL_OK);
        messages.forEach(sink::next);
        sink.next(nextOffset(nextOffset));
        sink.complete();
    }

    static void notPulled(ResponseSink sink, Code code, String message) {
        sink.next(PullMessageResponse.newBuilder()
                .setStatus(status(code, message))
                .build()
                .toByteString());
        sink.complete();
    }

    /** @param nextOffset where the consumer can go on */
    static void notPulled(ResponseSink sink, Code code, String message, long nextOffset) {
        sink.next(PullMessageResponse.newBuilder()
                .setStatus(status(code, message))
                .build()
                .toByteString());
        sink.next(nextOffset(nextOffset));
        sink.complete();
    }

    static void unary(ResponseSink sink, MessageLite response) {
        sink.next(response.toByteString());
        sink.complete();
    }

    private static ByteString deliveryTimestamp(long nowMillis) {
        return ReceiveMessageResponse.newBuilder()
                .setDeliveryTimestamp(Timestamp.newBuilder()
                        .setSeconds(Math.floorDiv(nowMillis, 1000L))
                        .setNanos(Math.floorMod(nowMillis, 1000) * 1_000_000))
                .build()
                .toByteString();
    }

    private static ByteString nextOffset(long offset) {
        return PullMessageResponse.newBuilder().setNextOffset(offset).build().toByteString();
    }
}
