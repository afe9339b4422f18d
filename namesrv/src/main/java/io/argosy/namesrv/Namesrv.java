package io.argosy.namesrv;

import io.argosy.namesrv.registration.RegistrationService;
import io.argosy.namesrv.route.RegisteredRoutes;
import io.argosy.namesrv.route.RouteTable;
import io.argosy.namesrv.rpc.NameServerPlane;
import io.argosy.server.config.HostPort;
import io.argosy.server.ops.OpsServer;
import io.argosy.server.ops.Readiness;
import io.argosy.server.ops.ServerMetrics;
import io.argosy.server.process.Lifecycle;
import io.argosy.server.process.ServerVersion;
import io.argosy.server.process.StartException;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.grpc.OrderlyStop;
import io.argosy.wire.grpc.PeerEndpoints;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.Gauge;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A name server, running; several fit into one process. */
public final class Namesrv implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Namesrv.class);

    /** Full state of a group with several hundred thousand topics. */
    private static final int REGISTRATION_BYTES_MAX = 64 << 20;

    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Lifecycle lifecycle;
    private final HostPort clientAddress;
    private final HostPort registrationAddress;
    private final HostPort opsAddress;

    private Namesrv(Lifecycle lifecycle, HostPort clientAddress, HostPort registrationAddress, HostPort opsAddress) {
        this.lifecycle = lifecycle;
        this.clientAddress = clientAddress;
        this.registrationAddress = registrationAddress;
        this.opsAddress = opsAddress;
    }

    /** @throws StartException if the secret can't be read or a port can't be bound; nothing is left running then */
    public static Namesrv start(NamesrvConfig config) {
        return Lifecycle.start(lifecycle -> start(config, lifecycle));
    }

    private static Namesrv start(NamesrvConfig config, Lifecycle lifecycle) {
        LongSupplier nanoClock = System::nanoTime;
        ServerMetrics metrics = lifecycle.add("metrics", new ServerMetrics("namesrv", ServerVersion.current()));
        Readiness readiness = new Readiness();
        OpsServer ops = lifecycle.add("ops", OpsServer.start(config.ops(), metrics, readiness));
        RouteTable table = new RouteTable(config.expiry());
        Gauge.builder("argosy.namesrv.groups", table, t -> t.groups().size())
                .description("Broker groups with a route")
                .register(metrics.registry());
        expireRegularly(config, table, nanoClock, lifecycle);
        Server registration = startRegistration(config, table, nanoClock, lifecycle);
        NameServerPlane clients = startClientPlane(config, table, nanoClock, lifecycle);
        lifecycle.onStop("readiness", () -> readiness.close("stopping"));
        readiness.open();
        Namesrv started = new Namesrv(
                lifecycle,
                config.client().withPort(clients.port()),
                config.registration().withPort(registration.getPort()),
                config.ops().withPort(ops.port()));
        log.info(
                "started client={} registration={} ops={}",
                started.clientAddress,
                started.registrationAddress,
                started.opsAddress);
        return started;
    }

    private static void expireRegularly(
            NamesrvConfig config, RouteTable table, LongSupplier nanoClock, Lifecycle lifecycle) {
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "route-expiry");
            thread.setDaemon(true);
            return thread;
        });
        lifecycle.onStop("route-expiry", timer::shutdownNow);
        long scanNanos = config.scanInterval().toNanos();
        var unused = timer.scheduleWithFixedDelay(
                () -> table.expire(nanoClock.getAsLong()), scanNanos, scanNanos, TimeUnit.NANOSECONDS);
    }

    private static Server startRegistration(
            NamesrvConfig config, RouteTable table, LongSupplier nanoClock, Lifecycle lifecycle) {
        NettyServerBuilder builder =
                PeerEndpoints.listener(config.registration().resolve(), REGISTRATION_BYTES_MAX);
        new PeerAuthenticator(secret(config.secretFile()), new SecureRandom(), nanoClock).guard(builder);
        builder.addService(new RegistrationService(table, nanoClock));
        try {
            Server server = builder.build().start();
            lifecycle.onStop("registration", () -> OrderlyStop.stop(server, GRACE));
            return server;
        } catch (IOException e) {
            throw StartException.cannotListen("registration", config.registration(), e);
        }
    }

    private static NameServerPlane startClientPlane(
            NamesrvConfig config, RouteTable table, LongSupplier nanoClock, Lifecycle lifecycle) {
        InstantSource clock = InstantSource.system();
        try {
            // Clients of several languages speak TLS unless told otherwise, and check no certificate.
            ServerTls tls =
                    ServerTls.of(SelfSignedCertificate.create("argosy-namesrv", clock.instant(), new SecureRandom()));
            return lifecycle.add(
                    "client",
                    NameServerPlane.start(
                            config.client().resolve(), tls, new RegisteredRoutes(table), clock, nanoClock));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM cannot make a certificate", e);
        } catch (SSLException e) {
            throw new IllegalStateException("this JVM has no TLS for servers", e);
        } catch (IOException e) {
            throw StartException.cannotListen("client", config.client(), e);
        }
    }

    static ClusterSecret secret(Path file) {
        try {
            return ClusterSecret.load(file);
        } catch (IOException | IllegalArgumentException e) {
            throw StartException.badFile("the cluster secret", e);
        }
    }

    /** Where clients connect, with the port that was bound. */
    public HostPort clientAddress() {
        return clientAddress;
    }

    /** Where brokers register, with the port that was bound. */
    public HostPort registrationAddress() {
        return registrationAddress;
    }

    /** Where metrics and health are, with the port that was bound. */
    public HostPort opsAddress() {
        return opsAddress;
    }

    @Override
    public void close() {
        lifecycle.close();
    }
}
