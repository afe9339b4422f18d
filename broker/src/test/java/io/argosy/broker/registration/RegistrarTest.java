package io.argosy.broker.registration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics;
import io.argosy.namesrv.registration.RegistrationService;
import io.argosy.namesrv.route.GroupRoute;
import io.argosy.namesrv.route.RouteTable;
import io.argosy.proto.v1.RegistrationAck;
import io.argosy.proto.v1.RegistrationGrpc;
import io.argosy.proto.v1.RegistrationUpdate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.server.config.HostPort;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RegistrarTest {

    private static final ClusterSecret SECRET =
            ClusterSecret.of("a secret of the cluster".getBytes(StandardCharsets.UTF_8));
    private static final int BYTES_MAX = 64 << 20;
    private static final UUID GROUP = new UUID(1, 2);

    private final List<AutoCloseable> started = new ArrayList<>();
    private final FakeTopics topics = new FakeTopics();
    private final AtomicReference<Optional<Standing>> standing =
            new AtomicReference<>(Optional.of(new Standing("g1", GROUP, 0, 3, true)));

    @AfterEach
    void stop() throws Exception {
        for (int i = started.size() - 1; i >= 0; i--) {
            started.get(i).close();
        }
    }

    @Test
    void everyNameServerLearnsTheTopicsAndTheLeader() throws Exception {
        topics.create("orders");
        NameServer first = nameServer(0);
        NameServer second = nameServer(0);

        registrar(first.address(), second.address());

        for (NameServer server : List.of(first, second)) {
            await().untilAsserted(
                            () -> assertThat(server.table().places("orders")).hasSize(1));
            assertThat(group(server).leader()).contains(1);
            assertThat(group(server).autoCreate().getQueueCount()).isEqualTo(8);
        }
    }

    @Test
    void changesOfTopicsAndLeadershipAreToldAtOnce() throws Exception {
        NameServer server = nameServer(0);
        Registrar registrar = registrar(server.address());
        await().until(() -> server.table().groups().size() == 1);

        topics.create("orders");
        topics.create("bills");
        topics.delete("orders");
        await().untilAsserted(() -> assertThat(server.table().places("bills")).hasSize(1));
        assertThat(server.table().places("orders")).isEmpty();
        standing.set(Optional.of(new Standing("g1", GROUP, 0, 4, false)));
        registrar.standingChanged();

        await().untilAsserted(() -> assertThat(group(server).term()).isEqualTo(4));
        assertThat(group(server).leader()).isEmpty();
    }

    @Test
    void nameServerThatStartsAnewKnowsEverythingAgain() throws Exception {
        topics.create("orders");
        NameServer before = nameServer(0);
        registrar(before.address());
        await().until(() -> !before.table().places("orders").isEmpty());

        before.close();
        topics.create("bills");
        NameServer after = nameServer(before.address().port());

        await().untilAsserted(() -> assertThat(after.table().places("orders")).hasSize(1));
        assertThat(after.table().places("bills")).hasSize(1);
    }

    @Test
    void nothingIsRegisteredBeforeTheGroupIsBorn() throws Exception {
        standing.set(Optional.empty());
        NameServer server = nameServer(0);
        Registrar registrar = registrar(server.address());

        standing.set(Optional.of(new Standing("g1", GROUP, 0, 1, false)));
        registrar.standingChanged();

        await().until(() -> server.table().groups().size() == 1);
        assertThat(server.updates().get(0).hasFull()).isTrue();
    }

    @Test
    void whoIsRemovedFromItsGroupIsNoLongerRegistered() throws Exception {
        NameServer server = nameServer(0);
        registrar(server.address());
        await().until(() -> server.table().groups().size() == 1);

        standing.set(Optional.empty());

        await().until(() -> group(server).replicas().stream().noneMatch(replica -> replica.connected()));
    }

    @Test
    void heartbeatsStayLightWithFiftyThousandTopics() throws Exception {
        for (int i = 0; i < 50_000; i++) {
            topics.create("topic-with-a-rather-long-name-" + i);
        }
        NameServer server = nameServer(0);
        registrar(server.address());
        await().atMost(Duration.ofSeconds(30))
                .until(() -> server.updates().stream()
                                .filter(RegistrationUpdate::hasHeartbeat)
                                .count()
                        >= 3);

        List<RegistrationUpdate> updates = List.copyOf(server.updates());
        assertThat(updates.get(0).getFull().getTopicsCount()).isEqualTo(50_000);
        assertThat(updates.subList(1, updates.size()))
                .allSatisfy(update -> assertThat(update.getSerializedSize()).isLessThan(100));
    }

    @Test
    void topicsThatChangeDuringRegistrationAreNotLost() throws Exception {
        NameServer server = nameServer(0);
        registrar(server.address());

        for (int i = 0; i < 10_000; i++) {
            topics.create("t" + i);
        }

        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(group(server).topicCount()).isEqualTo(10_000);
            assertThat(group(server).topicsVersion()).isEqualTo(10_000);
        });
    }

    private static GroupRoute group(NameServer server) {
        assertThat(server.table().groups()).hasSize(1);
        return server.table().groups().get(0);
    }

    private Registrar registrar(HostPort... nameServers) {
        Registrar registrar = new Registrar(
                new RegistrarConfig(1, Topics.AutoCreate.DEFAULT, List.of(nameServers), Duration.ofMillis(50)),
                () -> List.of(ReplicaAddress.newBuilder()
                        .setReplicaId(1)
                        .setClientHost("127.0.0.1")
                        .setClientPort(10911)
                        .build()),
                topics,
                standing::get,
                new PeerProver(SECRET, "g1/1", new SecureRandom(), Duration.ofSeconds(5)));
        started.add(registrar);
        registrar.start();
        return registrar;
    }

    private NameServer nameServer(int port) throws Exception {
        RouteTable table = new RouteTable(Duration.ofMinutes(2));
        List<RegistrationUpdate> updates = new CopyOnWriteArrayList<>();
        NettyServerBuilder builder =
                PeerEndpoints.listener(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BYTES_MAX);
        new PeerAuthenticator(SECRET, new SecureRandom(), System::nanoTime).guard(builder);
        Server server = builder.addService(new Recording(new RegistrationService(table, System::nanoTime), updates))
                .build()
                .start();
        NameServer nameServer = new NameServer(server, new HostPort("127.0.0.1", server.getPort()), table, updates);
        started.add(nameServer);
        return nameServer;
    }

    private record NameServer(Server server, HostPort address, RouteTable table, List<RegistrationUpdate> updates)
            implements AutoCloseable {
        @Override
        public void close() {
            server.shutdownNow();
            await().atMost(Duration.ofSeconds(10)).until(server::isTerminated);
        }
    }

    /** A name server that remembers what it was told. */
    private static final class Recording extends RegistrationGrpc.RegistrationImplBase {
        private final RegistrationService service;
        private final List<RegistrationUpdate> updates;

        Recording(RegistrationService service, List<RegistrationUpdate> updates) {
            this.service = service;
            this.updates = updates;
        }

        @Override
        public StreamObserver<RegistrationUpdate> register(StreamObserver<RegistrationAck> answers) {
            StreamObserver<RegistrationUpdate> inner = service.register(answers);
            return new StreamObserver<>() {
                @Override
                public void onNext(RegistrationUpdate update) {
                    updates.add(update);
                    inner.onNext(update);
                }

                @Override
                public void onError(Throwable failure) {
                    inner.onError(failure);
                }

                @Override
                public void onCompleted() {
                    inner.onCompleted();
                }
            };
        }
    }

    private static final class FakeTopics implements Topics {
        private final TreeMap<String, TopicView> byName = new TreeMap<>();
        private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();
        private long version;

        void create(String name) {
            Change change;
            synchronized (this) {
                TopicView topic = new TopicView(name, byName.size() + 1, 8, Duration.ofDays(3));
                byName.put(name, topic);
                change = new Change.Created(topic, ++version);
            }
            listeners.forEach(listener -> listener.accept(change));
        }

        void delete(String name) {
            Change change;
            synchronized (this) {
                byName.remove(name);
                change = new Change.Deleted(name, ++version);
            }
            listeners.forEach(listener -> listener.accept(change));
        }

        @Override
        public synchronized Optional<TopicView> topic(String name) {
            return Optional.ofNullable(byName.get(name));
        }

        @Override
        public synchronized Optional<TopicView> topic(int topicId) {
            return byName.values().stream()
                    .filter(topic -> topic.topicId() == topicId)
                    .findFirst();
        }

        @Override
        public synchronized List<TopicView> all() {
            return List.copyOf(byName.values());
        }

        @Override
        public synchronized long version() {
            return version;
        }

        @Override
        public void onChange(Consumer<Change> listener) {
            listeners.add(listener);
        }
    }
}
