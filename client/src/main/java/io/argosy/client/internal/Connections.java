package io.argosy.client.internal;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;

/**
 * One connection per server. Says at once when one breaks, and keeps trying the broken ones at a steady pace: gRPC's
 * own backoff grows to two minutes, which is two minutes of calls that take a detour.
 */
final class Connections {

    private static final int CONNECT_TIMEOUT_MILLIS = 3_000;
    /** The shortest that Argosy's servers permit. */
    private static final long KEEP_ALIVE_SECONDS = 10;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 3;
    /** Room for a full batch of the largest messages. */
    private static final int INBOUND_BYTES_MAX = 256 << 20;

    private static final int FLOW_CONTROL_WINDOW_BYTES = 4 << 20;

    /** Brokers give larger receive answers to clients that call themselves so than the protocol's usual 32 messages. */
    private static final String USER_AGENT = "argosy-client/" + ClientIdentity.VERSION;

    private final ClientSettings settings;
    private final Consumer<HostPort> onLost;
    private final Map<HostPort, ManagedChannel> channels = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** @param onLost told on a network thread when a connection that stood has broken */
    Connections(ClientSettings settings, Consumer<HostPort> onLost) {
        this.settings = settings;
        this.onLost = onLost;
    }

    ManagedChannel channel(HostPort server) {
        ManagedChannel channel = channels.get(server);
        return channel != null ? channel : channels.computeIfAbsent(server, this::open);
    }

    /** Starts connecting, so that a replica is at hand when it is needed. */
    void warm(HostPort server) {
        channel(server).getState(true);
    }

    boolean isReady(HostPort server) {
        ManagedChannel channel = channels.get(server);
        return channel != null && channel.getState(false) == ConnectivityState.READY;
    }

    /** Failed lately, and not standing again yet. */
    boolean isBroken(HostPort server) {
        ManagedChannel channel = channels.get(server);
        return channel != null && channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE;
    }

    /** Called every second. */
    void retryBroken() {
        for (ManagedChannel channel : channels.values()) {
            ConnectivityState state = channel.getState(true);
            if (state == ConnectivityState.TRANSIENT_FAILURE) {
                channel.resetConnectBackoff();
            }
        }
    }

    void close() {
        closed = true;
        var open = new ArrayList<>(channels.values());
        open.forEach(ManagedChannel::shutdownNow);
        for (ManagedChannel channel : open) {
            try {
                channel.awaitTermination(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private ManagedChannel open(HostPort server) {
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(server.host(), server.port())
                .directExecutor()
                .userAgent(USER_AGENT)
                .initialFlowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .maxInboundMessageSize(INBOUND_BYTES_MAX)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .disableRetry();
        if (settings.tls()) {
            try {
                SslContextBuilder ssl = GrpcSslContexts.forClient();
                if (settings.anyCertificate()) {
                    ssl.trustManager(InsecureTrustManagerFactory.INSTANCE);
                    ssl.endpointIdentificationAlgorithm(null);
                } else {
                    settings.trustedCertificates().ifPresent(file -> ssl.trustManager(file.toFile()));
                }
                builder.sslContext(ssl.build());
            } catch (SSLException | IllegalArgumentException e) {
                throw new IllegalArgumentException("TLS could not be set up: " + e.getMessage(), e);
            }
        } else {
            builder.usePlaintext();
        }
        ManagedChannel channel = builder.build();
        watch(server, channel, ConnectivityState.IDLE);
        if (closed) {
            channel.shutdownNow();
        }
        return channel;
    }

    private void watch(HostPort server, ManagedChannel channel, ConnectivityState last) {
        ConnectivityState now = channel.getState(false);
        if (now == ConnectivityState.SHUTDOWN) {
            return;
        }
        if (last == ConnectivityState.READY && now != ConnectivityState.READY) {
            onLost.accept(server);
        }
        channel.notifyWhenStateChanged(now, () -> watch(server, channel, now));
    }
}
