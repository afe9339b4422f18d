package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Reply;
import io.argosy.client.internal.ServerStream;
import io.argosy.client.internal.Sessions;
import io.argosy.client.internal.StatusCodes;
import io.argosy.client.internal.Target;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Status;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The calls that consumers of a group share. Thread-safe. */
final class ConsumerCalls {

    /** Any queue of the topic: servers hand out what the group has, wherever it is. */
    private static final int ANY_QUEUE = -1;

    private static final MethodDescriptor<ReceiveMessageRequest, ReceiveMessageResponse> RECEIVE =
            Rebinding.aliasing(MessagingServiceGrpc.getReceiveMessageMethod());

    private final ClusterLink link;
    private final ClientIdentity identity;
    private final String group;
    private final Duration timeout;

    /** @param timeout how long acknowledgements are tried */
    ConsumerCalls(ClusterLink link, ClientIdentity identity, String group, Duration timeout) {
        this.link = link;
        this.identity = identity;
        this.group = group;
        this.timeout = timeout;
    }

    /**
     * What to ask for.
     *
     * @param invisible how long messages stay with this consumer; empty if the server renews that by itself
     * @param attemptId repeated when an attempt broke: the server then gives the same messages again
     */
    record Receive(
            String topic,
            String brokerGroup,
            Filter filter,
            int messagesMax,
            Optional<Duration> invisible,
            Duration longPolling,
            String attemptId) {}

    /** Messages, or an empty list if there were none in time. */
    Optional<ServerStream<ReceiveMessageRequest, ReceiveMessageResponse>> receive(
            Receive receive, Reply<List<ReceivedMessage>> reply) {
        MessageQueue anyQueue =
                new Queue(receive.topic, receive.brokerGroup, ANY_QUEUE, true, false).toProto(identity.namespace());
        ReceiveMessageRequest.Builder request = ReceiveMessageRequest.newBuilder()
                .setGroup(Queue.resource(identity.namespace(), group))
                .setMessageQueue(anyQueue)
                .setFilterExpression(receive.filter.toProto())
                .setBatchSize(receive.messagesMax)
                .setAutoRenew(receive.invisible.isEmpty())
                .setLongPollingTimeout(Sessions.protoDuration(receive.longPolling))
                .setAttemptId(receive.attemptId);
        receive.invisible.ifPresent(time -> request.setInvisibleDuration(Sessions.protoDuration(time)));
        String what = "receiving from topic " + receive.topic + " for group " + group;
        return ServerStream.start(
                link,
                receive.brokerGroup,
                RECEIVE,
                request.build(),
                identity,
                what,
                receive.longPolling.plus(link.settings().requestTimeout()).toNanos(),
                new Reply<>() {
                    @Override
                    public void answered(List<ReceiveMessageResponse> parts) {
                        unpack(receive, what, parts, reply);
                    }

                    @Override
                    public void failed(CallFailure failure) {
                        reply.failed(failure);
                    }
                });
    }

    private static void unpack(
            Receive receive, String what, List<ReceiveMessageResponse> parts, Reply<List<ReceivedMessage>> reply) {
        Status status = Status.newBuilder()
                .setCode(Code.INTERNAL_SERVER_ERROR)
                .setMessage("the answer had no status")
                .build();
        List<ReceivedMessage> messages = new ArrayList<>(Math.max(0, parts.size() - 2));
        for (ReceiveMessageResponse part : parts) {
            switch (part.getContentCase()) {
                case STATUS -> status = part.getStatus();
                case MESSAGE -> messages.add(new DeliveredMessage(part.getMessage(), receive.brokerGroup));
                case DELIVERY_TIMESTAMP, CONTENT_NOT_SET -> {}
            }
        }
        if (status.getCode() == Code.OK) {
            reply.answered(messages);
        } else if (status.getCode() == Code.MESSAGE_NOT_FOUND) {
            reply.answered(List.of());
        } else {
            reply.failed(StatusCodes.failure(status, what));
        }
    }

    /** Acknowledges messages of one topic and broker group; each entry of the answer has its own status. */
    CompletableFuture<AckMessageResponse> ack(String topic, String brokerGroup, List<ReceivedMessage> messages) {
        AckMessageRequest.Builder request = AckMessageRequest.newBuilder()
                .setGroup(Queue.resource(identity.namespace(), group))
                .setTopic(Queue.resource(identity.namespace(), topic));
        for (ReceivedMessage message : messages) {
            request.addEntries(AckMessageEntry.newBuilder()
                    .setMessageId(message.messageId())
                    .setReceiptHandle(message.receiptHandle()));
        }
        CompletableFuture<AckMessageResponse> result = new CompletableFuture<>();
        link.call(
                new Target.Group(brokerGroup),
                MessagingServiceGrpc.getAckMessageMethod(),
                request.build(),
                identity,
                "acknowledging " + messages.size() + " messages of topic " + topic,
                System.nanoTime() + timeout.toNanos(),
                AckMessageResponse::getStatus,
                Futures.into(result));
        return result;
    }

    /** Makes the message visible to its group after the time; the message then has its new handle. */
    CompletableFuture<ChangeInvisibleDurationResponse> changeInvisible(ReceivedMessage message, Duration invisible) {
        return link.ask(
                        new Target.Group(message.queue().group()),
                        MessagingServiceGrpc.getChangeInvisibleDurationMethod(),
                        ChangeInvisibleDurationRequest.newBuilder()
                                .setGroup(Queue.resource(identity.namespace(), group))
                                .setTopic(Queue.resource(identity.namespace(), message.topic()))
                                .setReceiptHandle(message.receiptHandle())
                                .setMessageId(message.messageId())
                                .setInvisibleDuration(Sessions.protoDuration(invisible))
                                .build(),
                        identity,
                        "changing the invisible duration of a message of topic " + message.topic(),
                        timeout,
                        ChangeInvisibleDurationResponse::getStatus)
                .thenApply(answer -> {
                    if (!answer.getReceiptHandle().isEmpty()) {
                        message.receiptHandle(answer.getReceiptHandle());
                    }
                    return answer;
                });
    }
}
