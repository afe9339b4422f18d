package io.argosy.wire.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.EndTransactionResponse;
import io.argosy.proto.v2.ForwardMessageToDeadLetterQueueResponse;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.HeartbeatResponse;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.NotifyClientTerminationResponse;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.QueryAssignmentResponse;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.RecallMessageResponse;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.SyncLiteSubscriptionResponse;
import io.argosy.proto.v2.UpdateOffsetResponse;
import io.grpc.MethodDescriptor;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The methods of the client protocol that answer a request; Telemetry is a conversation and not among them. */
@SuppressWarnings("ImmutableEnumChecker") // Method descriptors and these lambdas are immutable, undeclared.
public enum ClientMethod {
    QUERY_ROUTE(
            MessagingServiceGrpc.getQueryRouteMethod(),
            status -> QueryRouteResponse.newBuilder().setStatus(status).build()),
    HEARTBEAT(
            MessagingServiceGrpc.getHeartbeatMethod(),
            status -> HeartbeatResponse.newBuilder().setStatus(status).build()),
    SEND_MESSAGE(
            MessagingServiceGrpc.getSendMessageMethod(),
            status -> SendMessageResponse.newBuilder().setStatus(status).build()),
    QUERY_ASSIGNMENT(
            MessagingServiceGrpc.getQueryAssignmentMethod(),
            status -> QueryAssignmentResponse.newBuilder().setStatus(status).build()),
    RECEIVE_MESSAGE(
            MessagingServiceGrpc.getReceiveMessageMethod(),
            status -> ReceiveMessageResponse.newBuilder().setStatus(status).build()),
    ACK_MESSAGE(
            MessagingServiceGrpc.getAckMessageMethod(),
            status -> AckMessageResponse.newBuilder().setStatus(status).build()),
    FORWARD_MESSAGE_TO_DEAD_LETTER_QUEUE(
            MessagingServiceGrpc.getForwardMessageToDeadLetterQueueMethod(),
            status -> ForwardMessageToDeadLetterQueueResponse.newBuilder()
                    .setStatus(status)
                    .build()),
    PULL_MESSAGE(
            MessagingServiceGrpc.getPullMessageMethod(),
            status -> PullMessageResponse.newBuilder().setStatus(status).build()),
    UPDATE_OFFSET(
            MessagingServiceGrpc.getUpdateOffsetMethod(),
            status -> UpdateOffsetResponse.newBuilder().setStatus(status).build()),
    GET_OFFSET(
            MessagingServiceGrpc.getGetOffsetMethod(),
            status -> GetOffsetResponse.newBuilder().setStatus(status).build()),
    QUERY_OFFSET(
            MessagingServiceGrpc.getQueryOffsetMethod(),
            status -> QueryOffsetResponse.newBuilder().setStatus(status).build()),
    END_TRANSACTION(
            MessagingServiceGrpc.getEndTransactionMethod(),
            status -> EndTransactionResponse.newBuilder().setStatus(status).build()),
    NOTIFY_CLIENT_TERMINATION(
            MessagingServiceGrpc.getNotifyClientTerminationMethod(),
            status -> NotifyClientTerminationResponse.newBuilder()
                    .setStatus(status)
                    .build()),
    CHANGE_INVISIBLE_DURATION(
            MessagingServiceGrpc.getChangeInvisibleDurationMethod(),
            status -> ChangeInvisibleDurationResponse.newBuilder()
                    .setStatus(status)
                    .build()),
    RECALL_MESSAGE(
            MessagingServiceGrpc.getRecallMessageMethod(),
            status -> RecallMessageResponse.newBuilder().setStatus(status).build()),
    SYNC_LITE_SUBSCRIPTION(
            MessagingServiceGrpc.getSyncLiteSubscriptionMethod(),
            status ->
                    SyncLiteSubscriptionResponse.newBuilder().setStatus(status).build());

    private final MethodDescriptor<?, ?> descriptor;
    private final Function<Status, Message> answer;

    ClientMethod(MethodDescriptor<?, ?> descriptor, Function<Status, Message> answer) {
        this.descriptor = descriptor;
        this.answer = answer;
    }

    public MethodDescriptor<?, ?> descriptor() {
        return descriptor;
    }

    /** For instance {@code SendMessage}. */
    public String bareName() {
        String name = descriptor.getBareMethodName();
        if (name == null) {
            throw new AssertionError(descriptor);
        }
        return name;
    }

    /** The method of that bare name. */
    public static Optional<ClientMethod> named(String bareName) {
        for (ClientMethod method : values()) {
            if (method.bareName().equals(bareName)) {
                return Optional.of(method);
            }
        }
        return Optional.empty();
    }

    /**
     * The response messages that say nothing but a status.
     *
     * @param request the call's request; may be broken
     */
    public List<ByteString> refusal(Status status, ByteString request, Instant now) {
        return switch (this) {
            case RECEIVE_MESSAGE ->
                List.of(
                        answer.apply(status).toByteString(),
                        ReceiveMessageResponse.newBuilder()
                                .setDeliveryTimestamp(Timestamp.newBuilder()
                                        .setSeconds(now.getEpochSecond())
                                        .setNanos(now.getNano()))
                                .build()
                                .toByteString());
            case CHANGE_INVISIBLE_DURATION -> List.of(keepingHandle(status, request));
            case QUERY_ROUTE,
                    HEARTBEAT,
                    SEND_MESSAGE,
                    QUERY_ASSIGNMENT,
                    ACK_MESSAGE,
                    FORWARD_MESSAGE_TO_DEAD_LETTER_QUEUE,
                    PULL_MESSAGE,
                    UPDATE_OFFSET,
                    GET_OFFSET,
                    QUERY_OFFSET,
                    END_TRANSACTION,
                    NOTIFY_CLIENT_TERMINATION,
                    RECALL_MESSAGE,
                    SYNC_LITE_SUBSCRIPTION -> List.of(answer.apply(status).toByteString());
        };
    }

    /** Java and Go take over the handle before they look at the status: an empty one would lose the message. */
    private static ByteString keepingHandle(Status status, ByteString request) {
        ChangeInvisibleDurationResponse.Builder response =
                ChangeInvisibleDurationResponse.newBuilder().setStatus(status);
        try {
            response.setReceiptHandle(
                    ChangeInvisibleDurationRequest.parseFrom(request).getReceiptHandle());
        } catch (InvalidProtocolBufferException e) {
            // Then there is no handle to keep, and the status says what is wrong.
            response.clearReceiptHandle();
        }
        return response.build().toByteString();
    }
}
