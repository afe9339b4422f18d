package io.argosy.wire.grpc;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** Listeners and channels between processes of one cluster: plaintext, direct executor, large windows. */
public final class PeerEndpoints {

    /** One connection's receive window; with it a pair of peers fills any local network. */
    public static final int FLOW_CONTROL_WINDOW_BYTES = 8 << 20;

    private static final long KEEP_ALIVE_SECONDS = 10;

    private PeerEndpoints() {}

    /**
     * A listener; put it under guard and add services, then build it. Handlers run on network threads and must not
     * block.
     *
     * @param inboundBytesMax largest message it takes
     */
    public static NettyServerBuilder listener(InetSocketAddress listen, int inboundBytesMax) {
        return NettyServerBuilder.forAddress(listen)
                .directExecutor()
                .initialFlowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .maxInboundMessageSize(inboundBytesMax)
                .permitKeepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * A channel, which is one connection at a time. Callbacks run on network threads and must not block.
     *
     * @param inboundBytesMax largest message it takes
     */
    public static NettyChannelBuilder channel(InetSocketAddress peer, int inboundBytesMax) {
        NettyChannelBuilder builder = peer.isUnresolved()
                ? NettyChannelBuilder.forAddress(peer.getHostString(), peer.getPort())
                : NettyChannelBuilder.forAddress(peer);
        return builder.usePlaintext()
                .directExecutor()
                .initialFlowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .maxInboundMessageSize(inboundBytesMax)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                // Peers are never reached through a proxy of the environment.
                .proxyDetector(target -> null)
                .disableRetry();
    }
}
