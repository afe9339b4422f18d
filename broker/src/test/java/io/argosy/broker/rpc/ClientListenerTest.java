package io.argosy.broker.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ClientListenerTest {

    private final ManualTimers timers = new ManualTimers();
    private final ToyLeadership leadership = new ToyLeadership();
    private ClientListener listener;

    @BeforeEach
    void start() throws Exception {
        ServerTls tls = ServerTls.of(SelfSignedCertificate.create("toy", Instant.now(), new SecureRandom()));
        listener = new ClientListener(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                address -> ClientPort.builder(address, tls).build(),
                leadership,
                () -> {},
                timers);
        listener.start();
    }

    @AfterEach
    void stop() {
        listener.close();
        timers.advance(Duration.ofSeconds(10));
    }

    @Test
    void portStaysOpenThroughAnElection() {
        timers.advance(Duration.ofMillis(4900));
        leadership.follows(1, 2);
        timers.advance(Duration.ofMillis(4900));
        leadership.lost(2);
        timers.advance(Duration.ofMillis(4900));

        assertThat(listener.isOpen()).isTrue();
    }

    @Test
    void portClosesAfterFiveSecondsWithoutALeaderAndOpensWithTheNext() throws Exception {
        leadership.leads(1, 1);
        timers.advance(Duration.ofSeconds(1));
        ManagedChannel client = NettyChannelBuilder.forAddress("127.0.0.1", listener.port())
                .usePlaintext()
                .build();
        client.getState(true);
        await().until(() -> client.getState(true) == ConnectivityState.READY);

        leadership.lost(2);
        timers.advance(Duration.ofMillis(5200));

        assertThat(listener.isOpen()).isFalse();
        // GOAWAY: the client knows at once that it has to go elsewhere.
        await().until(() -> client.getState(false) != ConnectivityState.READY);

        leadership.follows(3, 2);
        await().until(() -> {
            timers.advance(Duration.ofMillis(100));
            return listener.isOpen();
        });
        client.resetConnectBackoff();
        await().until(() -> client.getState(true) == ConnectivityState.READY);
        assertThat(client.shutdownNow().awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closedListenerNeverOpensAgain() {
        listener.close();

        leadership.leads(1, 1);
        timers.advance(Duration.ofSeconds(1));

        assertThat(listener.isOpen()).isFalse();
    }
}
