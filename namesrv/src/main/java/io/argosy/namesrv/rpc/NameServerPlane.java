package io.argosy.namesrv.rpc;

import io.argosy.proto.v2.Code;
import io.argosy.wire.grpc.OrderlyStop;
import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.plane.ClientPlane;
import io.argosy.wire.plane.IncomingCall;
import io.argosy.wire.plane.LocalCalls;
import io.argosy.wire.route.ClusterView;
import io.argosy.wire.route.RouteEncoder;
import io.argosy.wire.route.RouteSource;
import io.argosy.wire.session.ClientSightings;
import io.argosy.wire.session.SettingsAnswer;
import io.argosy.wire.session.SettingsPolicy;
import io.argosy.wire.session.TelemetryStreams;
import io.grpc.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/** The listener for clients. */
public final class NameServerPlane implements AutoCloseable {

    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Server server;
    private final TelemetryStreams telemetry;

    private NameServerPlane(Server server, TelemetryStreams telemetry) {
        this.server = server;
        this.telemetry = telemetry;
    }

    /** @throws IOException if the address can't be bound */
    public static NameServerPlane start(
            InetSocketAddress listen, ServerTls tls, RouteSource routes, InstantSource clock, LongSupplier nanoClock)
            throws IOException {
        TelemetryStreams telemetry =
                new TelemetryStreams(new SettingsAnswer(SettingsPolicy.DEFAULT), ClientSightings.IGNORED);
        LocalCalls localCalls = new LocalCalls(new RouteEncoder(routes), telemetry);
        Server server = ClientPort.builder(listen, tls)
                .addService(ClientPlane.service(call -> answer(localCalls, call), telemetry, clock, nanoClock))
                .addService(new ClusterView(routes))
                .build()
                .start();
        return new NameServerPlane(server, telemetry);
    }

    /** The port that was bound, for a configured port of 0. */
    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.shutdown();
        telemetry.completeAll();
        OrderlyStop.stop(server, GRACE);
    }

    private static void answer(LocalCalls localCalls, IncomingCall call) {
        if (!localCalls.answer(call)) {
            call.refuse(
                    Code.UNSUPPORTED,
                    call.method().bareName() + " goes to a broker: a name server knows routes and holds no messages");
        }
    }
}
