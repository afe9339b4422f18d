package io.argosy.client.internal;

import io.argosy.proto.v2.MessagingServiceGrpc;
import io.grpc.MethodDescriptor;

/** Batches as SendMessage requests. */
final class UnaryBatchTransport implements BatchTransport {

    private static final MethodDescriptor<OutgoingBatch, SendAnswer> SEND =
            MessagingServiceGrpc.getSendMessageMethod().toBuilder(
                            new OutgoingBatch.Marshaller(), new SendAnswer.Marshaller())
                    .build();

    private final ClusterLink link;
    private final ClientIdentity identity;

    UnaryBatchTransport(ClusterLink link, ClientIdentity identity) {
        this.link = link;
        this.identity = identity;
    }

    @Override
    public void send(Queue queue, OutgoingBatch batch, long deadlineNanos, Reply<SendAnswer> reply) {
        link.call(
                new Target.Group(queue.group()),
                SEND,
                batch,
                identity,
                "sending to topic " + queue.topic(),
                deadlineNanos,
                SendAnswer::status,
                reply);
    }
}
