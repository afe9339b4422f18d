package io.argosy.broker.rpc;

import com.google.protobuf.ByteString;
import io.argosy.broker.rpc.ClientPlaneServer.Parts;
import io.argosy.broker.session.ClientRegistry;
import io.argosy.proto.v2.MessageType;
import io.argosy.raft.ReplicaId;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.route.RouteSource;
import io.argosy.wire.session.SettingsPolicy;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A broker's client plane in front of a toy store; what stands for the rest of the broker is told by the test. */
final class ToyReplica {

    /** What this replica does with leader calls. */
    enum Mood {
        SERVE,
        /** Takes calls, carries them out and answers nobody: a leader that hangs or dies before it answers. */
        STALL_AFTER,
        /** Takes calls and does nothing. */
        STALL,
        THROW,
        OUTCOME_UNKNOWN
    }

    private static final ClusterSecret SECRET =
            ClusterSecret.of("a secret for these tests".getBytes(StandardCharsets.UTF_8));

    final int id;
    final ToyLeadership leadership = new ToyLeadership();
    final ClientRegistry clients = new ClientRegistry(System::nanoTime);
    final ClientPlaneServer plane;
    private final ToyStore store;
    private final ScheduledTimers timers;
    private final int peerPort;
    private Server peerServer;
    private volatile Mood mood = Mood.SERVE;
    private volatile List<RouteSource.Replica> replicas = List.of();

    ToyReplica(int id, Map<ReplicaId, InetSocketAddress> peers, ToyStore store, ServerTls tls, RelayLimits limits)
            throws IOException {
        this.id = id;
        this.store = store;
        this.timers = new ScheduledTimers("toy-timers-" + id);
        SecureRandom random = new SecureRandom();
        Map<ReplicaId, InetSocketAddress> others = new HashMap<>(peers);
        peerPort = Objects.requireNonNull(others.remove(new ReplicaId(id))).getPort();
        plane = new ClientPlaneServer(new Parts(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                tls,
                leadership,
                new Routes(),
                Map.of(
                        "SendMessage",
                        (context, request, sink) -> lead(answer -> store.send(request, answer), sink),
                        "ReceiveMessage",
                        (context, request, sink) -> lead(answer -> store.receive(request, answer), sink),
                        "AckMessage",
                        (context, request, sink) -> lead(answer -> store.ack(request, answer), sink),
                        "ChangeInvisibleDuration",
                        (context, request, sink) -> lead(answer -> {}, sink)),
                clients,
                SettingsPolicy.DEFAULT,
                peer -> Optional.ofNullable(others.get(peer)),
                new PeerProver(SECRET, "toy/" + id, random, Duration.ofSeconds(2)),
                limits,
                timers,
                InstantSource.system(),
                List.of()));
        peerServer = openPeerPort();
        plane.start();
    }

    void mood(Mood changed) {
        mood = changed;
    }

    void knows(List<RouteSource.Replica> all) {
        replicas = all;
    }

    RouteSource.Replica address() {
        return new RouteSource.Replica(id, "127.0.0.1", plane.port(), "127.0.0.1:1", true);
    }

    /** The process dies as far as the other replicas see. */
    void closePeerPort() throws InterruptedException {
        peerServer.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }

    void reopenPeerPort() throws IOException {
        peerServer = openPeerPort();
    }

    private Server openPeerPort() throws IOException {
        NettyServerBuilder builder = PeerEndpoints.listener(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), peerPort),
                ClientPlaneServer.RELAY_FRAME_BYTES_MAX);
        new PeerAuthenticator(SECRET, new SecureRandom(), System::nanoTime).guard(builder);
        return builder.addService(plane.relayService()).build().start();
    }

    private void lead(Consumer<ResponseSink> work, ResponseSink sink) {
        if (!leadership.view().self()) {
            sink.notLeader();
            return;
        }
        switch (mood) {
            case SERVE -> work.accept(sink);
            case STALL -> store.stalled.add(sink);
            case STALL_AFTER -> {
                store.stalled.add(sink);
                work.accept(new DeafSink());
            }
            case THROW -> throw new IllegalStateException("as the test wants it");
            case OUTCOME_UNKNOWN -> sink.outcomeUnknown();
        }
    }

    void close() throws Exception {
        plane.close();
        closePeerPort();
        timers.close();
    }

    /** The answer of a leader that dies before it is sent. */
    private static final class DeafSink implements ResponseSink {
        @Override
        public void next(ByteString response) {}

        @Override
        public void complete() {}

        @Override
        public void notLeader() {}

        @Override
        public boolean cancelled() {
            return false;
        }

        @Override
        public void onCancel(Runnable action) {}
    }

    private final class Routes implements RouteSource {
        @Override
        public List<Group> groups() {
            Leadership.View view = leadership.view();
            return List.of(new Group(
                    "g1",
                    Optional.empty(),
                    view.term(),
                    view.leader().map(ReplicaId::value),
                    replicas,
                    Optional.of(8)));
        }

        @Override
        public List<Place> places(String topic) {
            return topic.equals("known")
                    ? List.of(new Place(groups().get(0), 4, List.of(MessageType.NORMAL)))
                    : List.of();
        }
    }
}
