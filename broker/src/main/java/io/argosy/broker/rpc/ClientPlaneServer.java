package io.argosy.broker.rpc;

import io.argosy.broker.session.ClientRegistry;
import io.argosy.raft.ReplicaId;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.plane.ClientPlane;
import io.argosy.wire.plane.LocalCalls;
import io.argosy.wire.route.ClusterView;
import io.argosy.wire.route.RouteEncoder;
import io.argosy.wire.route.RouteSource;
import io.argosy.wire.session.SettingsAnswer;
import io.argosy.wire.session.SettingsPolicy;
import io.argosy.wire.session.TelemetryStreams;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Everything a broker does for official clients, wired: put {@link #relayService} on the guarded peer port, then
 * {@link #start}.
 */
public final class ClientPlaneServer implements AutoCloseable {

    /** Largest frame between replicas: the largest request and what the relay puts around it. */
    public static final int RELAY_FRAME_BYTES_MAX = 8 << 20;

    private final Router router;
    private final RelayService relayService;
    private final SightingReports reports;
    private final ClientListener listener;
    private final TelemetryStreams telemetry;
    private final Map<ReplicaId, RelayLink> links = new ConcurrentHashMap<>();
    private final Function<ReplicaId, Optional<InetSocketAddress>> peers;
    private final PeerProver prover;

    /**
     * @param listen client port
     * @param leaderCalls by bare method name, for instance {@code SendMessage}; the others are refused as UNSUPPORTED
     * @param peers peer ports of the other replicas, as seen from here
     * @param prover proves the cluster secret to them
     * @param moreServices further services of the client port
     */
    public record Parts(
            InetSocketAddress listen,
            ServerTls tls,
            Leadership leadership,
            RouteSource routes,
            Map<String, LeaderCall> leaderCalls,
            ClientRegistry clients,
            SettingsPolicy settings,
            Function<ReplicaId, Optional<InetSocketAddress>> peers,
            PeerProver prover,
            RelayLimits limits,
            Timers timers,
            InstantSource clock,
            List<StreamService> moreServices) {
        public Parts {
            leaderCalls = Map.copyOf(leaderCalls);
            moreServices = List.copyOf(moreServices);
        }
    }

    public ClientPlaneServer(Parts parts) {
        Timers timers = parts.timers();
        peers = parts.peers();
        prover = parts.prover();
        telemetry = new TelemetryStreams(new SettingsAnswer(parts.settings()), parts.clients());
        LocalCalls localCalls = new LocalCalls(new RouteEncoder(parts.routes()), telemetry);
        router = new Router(
                parts.leaderCalls(),
                localCalls,
                parts.leadership(),
                parts.clients(),
                this::link,
                timers,
                parts.limits());
        relayService =
                new RelayService(parts.leaderCalls(), parts.leadership(), parts.clients(), timers, parts.clock());
        reports = new SightingReports(
                parts.leadership(),
                parts.clients(),
                this::link,
                () -> connected(parts.routes(), parts.peers()),
                timers);
        ServerServiceDefinition messaging = ClientPlane.service(router, telemetry, parts.clock(), timers::nanoTime);
        ClusterView cluster = new ClusterView(parts.routes());
        listener = new ClientListener(
                parts.listen(),
                address -> server(address, parts, messaging, cluster),
                parts.leadership(),
                () -> {
                    telemetry.completeAll();
                    parts.moreServices().forEach(StreamService::endStreams);
                },
                timers);
    }

    private static Server server(
            InetSocketAddress address, Parts parts, ServerServiceDefinition messaging, ClusterView cluster) {
        NettyServerBuilder builder =
                ClientPort.builder(address, parts.tls()).addService(messaging).addService(cluster);
        parts.moreServices().forEach(service -> builder.addService(service.definition()));
        return builder.build();
    }

    /** With a leader, as it sees them. */
    private static List<ReplicaId> connected(
            RouteSource routes, Function<ReplicaId, Optional<InetSocketAddress>> peers) {
        return routes.groups().stream()
                .flatMap(group -> group.replicas().stream())
                .filter(RouteSource.Replica::connected)
                .map(replica -> new ReplicaId(replica.id()))
                .filter(id -> peers.apply(id).isPresent())
                .toList();
    }

    private RelayLink link(ReplicaId id) {
        return links.computeIfAbsent(id, this::connect);
    }

    /** With the first call to the peer: a channel connects when it is used. */
    private RelayLink connect(ReplicaId id) {
        InetSocketAddress address =
                peers.apply(id).orElseThrow(() -> new IllegalStateException("no peer address for replica " + id));
        return new RelayLink(
                PeerEndpoints.channel(address, RELAY_FRAME_BYTES_MAX).build(), prover);
    }

    /** For the peer port, which must be under guard and take {@link #RELAY_FRAME_BYTES_MAX}. */
    public ServerServiceDefinition relayService() {
        return relayService.definition();
    }

    /** The streams to clients, for commands to them. */
    public TelemetryStreams telemetry() {
        return telemetry;
    }

    /** @throws IOException if the client port cannot be had */
    public void start() throws IOException {
        listener.start();
        reports.start();
    }

    /** The client port; a real one also if 0 was asked for. */
    public int port() {
        return listener.port();
    }

    /** Whether clients can connect now. */
    public boolean isOpen() {
        return listener.isOpen();
    }

    /** Bytes of calls that wait for a leader; for metrics. */
    public long heldBytes() {
        return router.heldBytes().taken();
    }

    /** Bytes of calls that are under way to the leader; for metrics. */
    public long relayedBytes() {
        return router.relayedBytes().taken();
    }

    /** First step of an orderly stop: the port closes, calls under way may finish. */
    public void closeListener() {
        listener.close();
    }

    /** Second step: waits for the calls under way, not longer than the patience. */
    public void awaitDrained(Duration patience) throws InterruptedException {
        listener.awaitDrained(patience);
    }

    @Override
    public void close() {
        reports.stop();
        listener.closeNow();
        links.values().forEach(RelayLink::close);
    }
}
