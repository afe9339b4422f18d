package io.argosy.wire.listener;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The port for clients, with the transport settings of client-plane 1. */
public final class ClientPort {

    /** Largest message body. */
    public static final int BODY_BYTES_MAX = 4 << 20;

    /** Largest request that is looked into: a body with properties, names and everything else around it. */
    public static final int REQUEST_BYTES_MAX = BODY_BYTES_MAX + (1 << 20);

    /**
     * What is too large should hear so in a status of the protocol, and for that it must be let in. Beyond this, gRPC
     * itself breaks the call off: memory for whatever strangers send has an end.
     */
    private static final int INBOUND_BYTES_MAX = 16 << 20;

    /** C++ pings every 60 s without calls and Java every 300 s; gRPC's own limit would cut them off. */
    private static final long PERMITTED_PING_SECONDS = 10;

    /** Finds clients whose host vanished; their connection would otherwise live for ever. */
    private static final long PING_SECONDS = 60;

    private static final long PING_ANSWER_SECONDS = 20;

    /**
     * gRPC logs each connection that breaks with its stack trace. Anybody may send garbage to an open port as often as
     * he likes, so that this must stay silent. Held here, because a logger that nobody holds forgets its level.
     */
    private static final Logger BROKEN_CONNECTIONS =
            Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerTransport.connections");

    private ClientPort() {}

    /**
     * A listener without services. Handlers run on network threads and must not block. There is no limit on the age
     * of a connection: clients keep theirs for days.
     */
    public static NettyServerBuilder builder(InetSocketAddress listen, ServerTls tls) {
        BROKEN_CONNECTIONS.setLevel(Level.WARNING);
        return NettyServerBuilder.forAddress(listen)
                .directExecutor()
                .protocolNegotiator(new TlsOrPlaintext(tls.context()))
                .addTransportFilter(new ConnectionFilter())
                .maxInboundMessageSize(INBOUND_BYTES_MAX)
                .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(PING_ANSWER_SECONDS, TimeUnit.SECONDS);
    }
}
