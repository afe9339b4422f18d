package io.argosy.wire.protocol;

import io.grpc.Metadata;

/**
 * What official clients say of themselves with each call (client-plane 4). What a client did not send is
 * empty.
 *
 * @param clientId opaque, unique per client object
 * @param language JAVA, GO, CPP, DOTNET, PYTHON, RUST; Node says HTTP
 * @param userAgent gRPC's own header
 * @param requestId for logs
 */
public record ClientHeaders(
        String clientId, String language, String clientVersion, String namespace, String userAgent, String requestId) {

    private static final Metadata.Key<String> CLIENT_ID = key("x-mq-client-id");
    private static final Metadata.Key<String> LANGUAGE = key("x-mq-language");
    private static final Metadata.Key<String> CLIENT_VERSION = key("x-mq-client-version");
    private static final Metadata.Key<String> NAMESPACE = key("x-mq-namespace");
    private static final Metadata.Key<String> USER_AGENT = key("user-agent");
    private static final Metadata.Key<String> REQUEST_ID = key("x-mq-request-id");

    /** From the metadata of a call. */
    public static ClientHeaders of(Metadata metadata) {
        return new ClientHeaders(
                text(metadata, CLIENT_ID),
                text(metadata, LANGUAGE),
                text(metadata, CLIENT_VERSION),
                text(metadata, NAMESPACE),
                text(metadata, USER_AGENT),
                text(metadata, REQUEST_ID));
    }

    /** The client of Node.js, which has no usable language header. */
    public boolean node() {
        return userAgent.startsWith("grpc-node-js");
    }

    private static String text(Metadata metadata, Metadata.Key<String> key) {
        String value = metadata.get(key);
        return value == null ? "" : value;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }
}
