package io.argosy.chaos;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.MessagingServiceGrpc.MessagingServiceBlockingStub;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SystemProperties;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Speaks the client plane without any client in between, so that requests can be as wrong as a test wants. */
final class RawClient implements AutoCloseable {

    private static final Metadata.Key<String> CLIENT_ID =
            Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> LANGUAGE =
            Metadata.Key.of("x-mq-language", Metadata.ASCII_STRING_MARSHALLER);
    private static final int SECONDS_MAX = 10;

    private final ManagedChannel channel;
    private final String clientId;

    RawClient(String address, String clientId) {
        this.channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
        this.clientId = clientId;
    }

    MessagingServiceBlockingStub stub() {
        Metadata headers = new Metadata();
        headers.put(CLIENT_ID, clientId);
        // Of a client that says nothing the server does not know whether queue 0 is a choice or a default.
        headers.put(LANGUAGE, "JAVA");
        return anonymousStub().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    MessagingServiceBlockingStub anonymousStub() {
        return MessagingServiceGrpc.newBlockingStub(channel).withDeadlineAfter(SECONDS_MAX, TimeUnit.SECONDS);
    }

    static Resource resource(String name) {
        return Resource.newBuilder().setName(name).build();
    }

    /** A legal message; tests spoil what they are about. */
    static Message.Builder message(String topic, String id, String body) {
        return Message.newBuilder()
                .setTopic(resource(topic))
                .setSystemProperties(SystemProperties.newBuilder()
                        .setMessageId(id)
                        .setMessageType(MessageType.NORMAL)
                        .setQueueId(0))
                .setBody(ByteString.copyFromUtf8(body));
    }

    SendMessageResponse send(Message message) {
        return stub().sendMessage(
                        SendMessageRequest.newBuilder().addMessages(message).build());
    }

    /** Everything in one queue, from its first offset. */
    List<Message> readQueue(String topic, int queueId) {
        List<Message> messages = new ArrayList<>();
        long offset = 0;
        while (true) {
            Iterator<PullMessageResponse> answer = stub().pullMessage(PullMessageRequest.newBuilder()
                    .setGroup(resource("reader"))
                    .setMessageQueue(io.argosy.proto.v2.MessageQueue.newBuilder()
                            .setTopic(resource(topic))
                            .setId(queueId))
                    .setOffset(offset)
                    .setBatchSize(32)
                    .build());
            int before = messages.size();
            long asked = offset;
            while (answer.hasNext()) {
                PullMessageResponse part = answer.next();
                if (part.hasMessage()) {
                    messages.add(part.getMessage());
                } else if (part.hasNextOffset()) {
                    offset = part.getNextOffset();
                }
            }
            // Nothing came from a trimmed offset either, but then it says where to go on.
            if (messages.size() == before && offset == asked) {
                return messages;
            }
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
