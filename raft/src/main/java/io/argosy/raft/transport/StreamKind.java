package io.argosy.raft.transport;

import io.argosy.proto.v1.RaftFrame;
import io.argosy.proto.v1.RaftPeerGrpc;
import io.argosy.raft.core.Message;
import io.argosy.wire.grpc.AliasingMarshaller;
import io.grpc.MethodDescriptor;

/** Each kind has a connection of its own, so that no heartbeat waits behind a large message (R43). */
enum StreamKind {
    CONTROL,
    APPEND;

    static StreamKind of(Message message) {
        return message instanceof Message.AppendRequest || message instanceof Message.AppendResponse ? APPEND : CONTROL;
    }

    MethodDescriptor<OutFrame, RaftFrame> method() {
        MethodDescriptor<RaftFrame, RaftFrame> generated = switch (this) {
            case CONTROL -> RaftPeerGrpc.getControlMethod();
            case APPEND -> RaftPeerGrpc.getAppendMethod();
        };
        return generated.toBuilder(
                        new OutFrame.OutFrameMarshaller(), new AliasingMarshaller<>(RaftFrame.getDefaultInstance()))
                .build();
    }
}
