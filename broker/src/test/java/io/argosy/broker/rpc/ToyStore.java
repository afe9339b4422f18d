package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.AckMessageResultEntry;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Digest;
import io.argosy.proto.v2.DigestType;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SendResultEntry;
import io.argosy.wire.protocol.Statuses;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** What three toy replicas replicate by sharing it: messages in order of arrival, duplicates recognised by id. */
final class ToyStore {

    private final Map<String, Message> byId = new LinkedHashMap<>();
    private final Deque<Message> undelivered = new ArrayDeque<>();

    /** Calls that some leader took and never answered, because it was told to stall. */
    final List<ResponseSink> stalled = new CopyOnWriteArrayList<>();

    synchronized List<String> messageIds() {
        return List.copyOf(byId.keySet());
    }

    synchronized List<String> bodies() {
        return byId.values().stream().map(m -> m.getBody().toStringUtf8()).toList();
    }

    private synchronized int append(Message message) {
        if (byId.putIfAbsent(message.getSystemProperties().getMessageId(), message) == null) {
            undelivered.add(message);
        }
        return new ArrayList<>(byId.keySet())
                .indexOf(message.getSystemProperties().getMessageId());
    }

    private synchronized List<Message> take(int max) {
        List<Message> taken = new ArrayList<>();
        while (taken.size() < max && !undelivered.isEmpty()) {
            taken.add(undelivered.poll());
        }
        return taken;
    }

    void send(ByteString bytes, ResponseSink sink) {
        SendMessageRequest request = parsed(() -> SendMessageRequest.parseFrom(bytes));
        SendMessageResponse.Builder response = SendMessageResponse.newBuilder().setStatus(Statuses.OK);
        for (Message message : request.getMessagesList()) {
            int offset = append(message);
            String id = message.getSystemProperties().getMessageId();
            response.addEntries(SendResultEntry.newBuilder()
                    .setStatus(Statuses.OK)
                    .setMessageId(id)
                    .setTransactionId(id)
                    .setOffset(offset));
        }
        sink.next(response.build().toByteString());
        sink.complete();
    }

    void receive(ByteString bytes, ResponseSink sink) {
        ReceiveMessageRequest request = parsed(() -> ReceiveMessageRequest.parseFrom(bytes));
        List<Message> messages = take(request.getBatchSize());
        sink.next(ReceiveMessageResponse.newBuilder()
                .setStatus(messages.isEmpty() ? Statuses.of(Code.MESSAGE_NOT_FOUND) : Statuses.OK)
                .build()
                .toByteString());
        for (Message message : messages) {
            sink.next(ReceiveMessageResponse.newBuilder()
                    .setMessage(delivered(message))
                    .build()
                    .toByteString());
        }
        sink.next(ReceiveMessageResponse.newBuilder()
                .setDeliveryTimestamp(Timestamp.newBuilder().setSeconds(1))
                .build()
                .toByteString());
        sink.complete();
    }

    void ack(ByteString bytes, ResponseSink sink) {
        AckMessageRequest request = parsed(() -> AckMessageRequest.parseFrom(bytes));
        AckMessageResponse.Builder response = AckMessageResponse.newBuilder().setStatus(Statuses.OK);
        request.getEntriesList()
                .forEach(entry -> response.addEntries(AckMessageResultEntry.newBuilder()
                        .setMessageId(entry.getMessageId())
                        .setReceiptHandle(entry.getReceiptHandle())
                        .setStatus(Statuses.OK)));
        sink.next(response.build().toByteString());
        sink.complete();
    }

    private static Message delivered(Message message) {
        Message.Builder builder = message.toBuilder();
        builder.getSystemPropertiesBuilder()
                .setReceiptHandle("handle")
                .setDeliveryAttempt(1)
                .setBodyDigest(Digest.newBuilder().setType(DigestType.MD5).setChecksum(md5(message.getBody())));
        return builder.build();
    }

    private static String md5(ByteString body) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(body.toByteArray());
            return HexFormat.of().formatHex(digest).toUpperCase(Locale.ROOT);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private interface Parser<T> {
        T parse() throws InvalidProtocolBufferException;
    }

    private static <T> T parsed(Parser<T> parser) {
        try {
            return parser.parse();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
