package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SystemProperties;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;

/** A client of one connection to one replica, without retries. */
final class ToyClient {

    private static final int TIMEOUT_SECONDS = 10;

    final ManagedChannel channel;
    private final String clientId;

    ToyClient(int port, String clientId) {
        this.channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        this.clientId = clientId;
    }

    MessagingServiceGrpc.MessagingServiceBlockingStub blocking() {
        return MessagingServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()))
                .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    MessagingServiceGrpc.MessagingServiceFutureStub future() {
        return MessagingServiceGrpc.newFutureStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()))
                .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    MessagingServiceGrpc.MessagingServiceStub async() {
        return MessagingServiceGrpc.newStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()));
    }

    private Metadata headers() {
        Metadata headers = new Metadata();
        if (!clientId.isEmpty()) {
            headers.put(Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER), clientId);
        }
        return headers;
    }

    static SendMessageRequest send(String id) {
        return send(id, ByteString.copyFromUtf8("body of " + id));
    }

    static SendMessageRequest send(String id, ByteString body) {
        return SendMessageRequest.newBuilder()
                .addMessages(Message.newBuilder()
                        .setTopic(Resource.newBuilder().setName("known"))
                        .setSystemProperties(SystemProperties.newBuilder().setMessageId(id))
                        .setBody(body))
                .build();
    }

    void close() throws InterruptedException {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
}
