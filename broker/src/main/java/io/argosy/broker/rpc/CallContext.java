package io.argosy.broker.rpc;

/**
 * Who calls, as the replica that holds the client's connection saw it; travels with a forwarded call.
 *
 * @param clientId x-mq-client-id, empty if the client sent none
 * @param language x-mq-language, empty if the client sent none
 * @param namespace x-mq-namespace, empty if the client sent none
 * @param userAgent gRPC's own header
 * @param deadlineNanos on this process's monotonic clock; the answer must leave before it
 */
public record CallContext(
        String clientId,
        String language,
        String clientVersion,
        String namespace,
        String userAgent,
        long deadlineNanos) {}
