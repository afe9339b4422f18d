package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;

/**
 * One method of apache.rocketmq.v2.MessagingService that only the leader can serve, from request bytes to response
 * bytes. Called on a transport thread of the leader, whichever replica the client is connected to: must not block.
 */
@FunctionalInterface
public interface LeaderCall {

    void handle(CallContext context, ByteString request, ResponseSink sink);
}
