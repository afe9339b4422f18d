package io.argosy.broker;

import io.argosy.broker.admin.AdminListener;
import io.argosy.broker.admin.AdminParts;
import io.argosy.broker.bulk.BulkService;
import io.argosy.broker.bulk.FetchConfig;
import io.argosy.broker.bulk.Fetching;
import io.argosy.broker.bulk.ProduceLimits;
import io.argosy.broker.consume.AppliedProgress;
import io.argosy.broker.consume.ConsumeConfig;
import io.argosy.broker.consume.Consuming;
import io.argosy.broker.message.DeliveryEncoder;
import io.argosy.broker.metrics.BrokerMetrics;
import io.argosy.broker.publish.CompactApplier;
import io.argosy.broker.publish.PublishApplier;
import io.argosy.broker.publish.PublishCompact;
import io.argosy.broker.publish.SendMessage;
import io.argosy.broker.publish.TopicDoor;
import io.argosy.broker.queue.MessageRun;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueReader;
import io.argosy.broker.registration.Registrar;
import io.argosy.broker.registration.RegistrarConfig;
import io.argosy.broker.registration.Standing;
import io.argosy.broker.retention.LogRoom;
import io.argosy.broker.retention.Retention;
import io.argosy.broker.retention.RetentionConfig;
import io.argosy.broker.rpc.BrokerRoutes;
import io.argosy.broker.rpc.ClientPlaneServer;
import io.argosy.broker.rpc.LeaderCall;
import io.argosy.broker.rpc.RelayLimits;
import io.argosy.broker.rpc.ScheduledTimers;
import io.argosy.broker.session.ClientRegistry;
import io.argosy.broker.state.BrokerStateMachine;
import io.argosy.broker.state.RocksStateStore;
import io.argosy.broker.state.StateDamage;
import io.argosy.broker.state.StateStoreException;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.raft.Entry;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.RoleChange;
import io.argosy.raft.StateMachine;
import io.argosy.raft.node.FailureHook;
import io.argosy.raft.node.RaftServer;
import io.argosy.raft.node.Surroundings;
import io.argosy.raft.storage.DamagedStoreException;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.transport.GrpcPeerTransport;
import io.argosy.server.config.HostPort;
import io.argosy.server.ops.OpsServer;
import io.argosy.server.ops.Readiness;
import io.argosy.server.ops.ServerMetrics;
import io.argosy.server.process.ExitCode;
import io.argosy.server.process.Lifecycle;
import io.argosy.server.process.ServerVersion;
import io.argosy.server.process.StartException;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.LateServices;
import io.argosy.wire.listener.ServerTls;
import io.argosy.wire.route.RouteSource;
import io.argosy.wire.session.SettingsPolicy;
import io.argosy.wire.tls.SelfSignedCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGeneratorFactory;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One broker, running: a replica of its group and everything that clients, tools and name servers see of it. */
public final class Broker implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Broker.class);

    private static final Duration PROOF_TIMEOUT = Duration.ofSeconds(5);
    private static final int CONSUME_WORKERS = 2;

    /** For sends and acknowledgements under way at a stop; consumers that only wait for messages are cut off. */
    private static final Duration DRAIN = Duration.ofMillis(500);

    private final Lifecycle lifecycle;
    private final RaftNode node;
    private final HostPort clientAddress;
    private final HostPort opsAddress;

    private Broker(Lifecycle lifecycle, RaftNode node, HostPort clientAddress, HostPort opsAddress) {
        this.lifecycle = lifecycle;
        this.node = node;
        this.clientAddress = clientAddress;
        this.opsAddress = opsAddress;
    }

    /**
     * Starts everything; nothing is left running if that fails.
     *
     * @param failure what happens when the replica cannot go on; a process halts (D14)
     * @throws StartException with what to do about it
     */
    public static Broker start(BrokerConfig config, FailureHook failure) {
        return start(config, new FileSystemDisk(), failure);
    }

    /** As {@link #start(BrokerConfig, FailureHook)}, on a disk that somebody may break. */
    static Broker start(BrokerConfig config, Disk disk, FailureHook failure) {
        return Lifecycle.start(lifecycle -> start(config, disk, failure, lifecycle));
    }

    /** In the order in which things need each other; {@link Lifecycle} stops them in the opposite one. */
    private static Broker start(BrokerConfig config, Disk plainDisk, FailureHook failure, Lifecycle lifecycle) {
        InstantSource clock = InstantSource.system();
        LongSupplier nanoClock = System::nanoTime;
        SecureRandom random = new SecureRandom();
        ReplicaId self = new ReplicaId(config.replica());
        RaftConfig raftConfig = config.raftConfig();
        Consumer<Throwable> onFatal = e -> {
            log.error("the replica cannot go on replica={}", self, e);
            failure.failed(FailureHook.BROKEN, e);
        };

        // What operators see, first and last.
        ServerMetrics serverMetrics = lifecycle.add("metrics", new ServerMetrics("broker", ServerVersion.current()));
        BrokerMetrics metrics = new BrokerMetrics(serverMetrics.registry(), nanoClock);
        Readiness readiness = new Readiness();
        OpsServer ops = lifecycle.add("ops", OpsServer.start(config.listen().ops(), serverMetrics, readiness));
        ClusterSecret secret = secret(config);

        // The replicated state.
        Disk disk = metrics.metered(plainDisk);
        LocalStore store = openStore(config, raftConfig, disk);
        StoreHandOver handOver = new StoreHandOver(store);
        lifecycle.onStop("store", handOver);
        RocksStateStore state = openState(
                config,
                new StateDamage(
                        () -> canRebuildState(store, self), clock, e -> failure.failed(FailureHook.STATE_DAMAGED, e)));
        lifecycle.onStop("state", state);
        TopicTable topics = new TopicTable(state);
        QueueIndex queues = new QueueIndex(state, topics);
        PublishApplier published = new PublishApplier(state, topics, queues);
        AppliedProgress progress = new AppliedProgress(state, queues::maxOffset);
        topics.onDelete(progress::topicDeleted);
        CompactApplier compact = new CompactApplier(state, topics, queues);
        BrokerStateMachine machine =
                new BrokerStateMachine(state, List.of(topics, queues, published, compact, progress));
        lifecycle.onStop("state flush", machine::flush);

        // Who leads, and the calls that only a leader serves.
        LateNode late = new LateNode();
        RaftNode node = metrics.metered(late);
        GroupLeadership leadership = new GroupLeadership(self);
        machine.onRoleChange(leadership::roleChanged);
        machine.onRoleChange(change -> metrics.countLeaderChanges(change, self));
        ClientRegistry clients = new ClientRegistry(nanoClock);
        Consuming consuming = lifecycle.add(
                "consuming",
                Consuming.start(
                        new Consuming.Parts(
                                node,
                                leadership,
                                topics,
                                progress,
                                clients,
                                new DeliveryEncoder(config.group()),
                                consumeWorkers(self, lifecycle),
                                clock,
                                nanoClock),
                        ConsumeConfig.DEFAULT,
                        queues,
                        new QueueReader(node.log(), topics),
                        onFatal));
        Retention retention = new Retention(
                node,
                machine,
                queues,
                topics,
                RetentionConfig.of(logRoom(config, disk), raftConfig.storage().segmentBytes()),
                clock);
        TopicDoor topicDoor = new TopicDoor(
                node, topics, config.topics().autoCreate(), config.topics().retention(), clock);
        SendMessage sendMessage = new SendMessage(node, topicDoor, published, retention, clock);

        // The client plane, not yet open.
        ReplicaDirectory directory = new ReplicaDirectory(config, raftConfig.peers(), node::status);
        PeerProver prover = new PeerProver(secret, config.group() + "/" + self, random, PROOF_TIMEOUT);
        ScheduledTimers timers = lifecycle.add("timers", new ScheduledTimers("client-timers-" + self));
        Fetching fetching = lifecycle.add(
                "fetching",
                new Fetching(
                        new Fetching.Parts(topics, queues, node.log(), leadership, timers, "fetch-" + self),
                        FetchConfig.DEFAULT));
        queues.onAdvance(fetching.listener());
        metrics.total("argosy.fetch.bytes", "Bytes of entries sent on Fetch streams", fetching::sentBytes);
        metrics.total("argosy.fetch.disk.bytes", "Those of them that came from the disk", fetching::diskBytes);
        metrics.gauge("argosy.fetch.streams", "Open Fetch streams", fetching::openStreams);
        metrics.gauge(
                "argosy.fetch.waiting.bytes", "Bytes of answers whose clients read slowly", fetching::underWayBytes);
        BulkService bulk = new BulkService(
                fetching,
                new PublishCompact(node, topicDoor, compact, retention, clock),
                leadership,
                () -> replicas(directory, node.status()),
                timers,
                ProduceLimits.DEFAULT,
                metrics.produce());
        ClientPlaneServer clientPlane = lifecycle.add(
                "client plane",
                new ClientPlaneServer(new ClientPlaneServer.Parts(
                        config.listen().client().resolve(),
                        tls(config, clock, random),
                        leadership,
                        new BrokerRoutes(
                                config.group(),
                                () -> node.status().groupUuid(),
                                leadership,
                                () -> replicas(directory, node.status()),
                                topics,
                                config.topics().autoCreate()),
                        metrics.metered(leaderCalls(sendMessage, consuming)),
                        clients,
                        SettingsPolicy.DEFAULT,
                        directory::peer,
                        prover,
                        relayLimits(config),
                        timers,
                        clock,
                        List.of(bulk))));
        LateServices peerServices = new LateServices();
        peerServices.add(clientPlane.relayService());

        // The replica itself: from here on it votes, replicates and applies.
        GrpcPeerTransport transport = new GrpcPeerTransport(
                raftConfig, store.storeUuid(), store::recoveryEpoch, secret, random, nanoClock, peerServices);
        RaftServer raft = startRaft(
                config,
                raftConfig,
                disk,
                handOver,
                new Applying(machine, queues, leadership),
                transport,
                new Surroundings(
                        nanoClock,
                        RandomGeneratorFactory.getDefault().create(),
                        UUID::randomUUID,
                        Thread::new,
                        failure,
                        clock));
        lifecycle.onStop("raft", raft);
        late.attach(raft);
        state.beforeFlush(raft::syncLog);
        metrics.total(
                "argosy.publish",
                "Messages stored by this replica",
                () -> published.storedMessages() + compact.storedMessages());
        metrics.total(
                "argosy.publish.bytes",
                "Bytes of the entries that held them",
                () -> published.storedBytes() + compact.storedBytes());
        metrics.gauge("argosy.produce.bytes", "Bytes of batches under way here", bulk::bytesUnderWay);
        metrics.disk(config.dataFolder());
        metrics.scrub(raft::scrubbed);
        serverMetrics.beforeScrape(metrics.groups(
                progress,
                id -> topics.topic(id).map(TopicView::name).orElse("deleted"),
                (topicId, queueId, offset) -> queues.locate(topicId, queueId, offset, 1).stream()
                        .mapToLong(MessageRun::timestampMillis)
                        .findFirst(),
                clock));
        Runnable sampleLag = metrics.raft(node::status, otherPeers(raftConfig).keySet());
        lifecycle
                .add("housekeeping", new Housekeeping(machine, retention, sampleLag, nanoClock, onFatal))
                .start();

        // Everybody else.
        AdminListener admin = startAdmin(
                config,
                new AdminParts(
                        config.group(),
                        ServerVersion.current(),
                        node,
                        topics,
                        index -> topics.outcome(index).orElseThrow(),
                        offsets(queues),
                        progress,
                        config.topics().autoCreate().queueCount(),
                        config.topics().retention()),
                directory,
                new PeerAuthenticator(secret, random, nanoClock),
                prover,
                clock);
        lifecycle.add("admin", admin);
        Registrar registrar = lifecycle.add(
                "registrar",
                new Registrar(
                        new RegistrarConfig(
                                config.replica(),
                                config.topics().autoCreate(),
                                config.nameServers(),
                                config.registrationHeartbeat()),
                        () -> directory.advertised(node.status()),
                        topics,
                        () -> standing(config, store.recoveryEpoch(), node.status(), leadership),
                        prover));
        leadership.onChange(registrar::standingChanged);
        leadership.onChange(() -> {
            if (leadership.view().self()) {
                clients.beganToLead();
            }
        });
        registrar.start();
        startClientPlane(config, clientPlane);
        lifecycle.onStop("client listener", () -> {
            clientPlane.closeListener();
            bulk.end();
            clientPlane.awaitDrained(DRAIN);
        });
        readiness.check("replica", new ReplicaReadiness(node::status)::problem);
        lifecycle.onStop("readiness", () -> readiness.close("stopping"));
        readiness.open();

        Broker started = new Broker(
                lifecycle,
                node,
                config.listen().client().withPort(clientPlane.port()),
                config.listen().ops().withPort(ops.port()));
        log.info(
                "started group={} replica={} client={} peer={} admin={} ops={} data={}",
                config.group(),
                self,
                started.clientAddress,
                config.listen().peer(),
                config.listen().admin().withPort(admin.port()),
                started.opsAddress,
                config.dataFolder().toAbsolutePath());
        return started;
    }

    private static Map<String, LeaderCall> leaderCalls(SendMessage sendMessage, Consuming consuming) {
        return Map.of(
                "SendMessage", sendMessage,
                "ReceiveMessage", consuming.receiveMessage(),
                "AckMessage", consuming.ackMessage(),
                "ChangeInvisibleDuration", consuming.changeInvisibleDuration(),
                "PullMessage", consuming.pullMessage(),
                "UpdateOffset", consuming.updateOffset(),
                "GetOffset", consuming.getOffset(),
                "QueryOffset", consuming.queryOffset());
    }

    private static ExecutorService consumeWorkers(ReplicaId self, Lifecycle lifecycle) {
        AtomicInteger number = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(CONSUME_WORKERS, task -> {
            Thread thread = new Thread(task, "consume-worker-" + self + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        lifecycle.onStop("consume workers", workers::shutdownNow);
        return workers;
    }

    private static Map<ReplicaId, InetSocketAddress> otherPeers(RaftConfig config) {
        Map<ReplicaId, InetSocketAddress> others = new HashMap<>(config.peers());
        others.remove(config.self());
        return others;
    }

    private static RelayLimits relayLimits(BrokerConfig config) {
        RelayLimits limits = RelayLimits.DEFAULT;
        return new RelayLimits(
                limits.holdMax(),
                limits.answerMargin(),
                config.memory().heldCallsBytes(),
                limits.relayedBytesMax(),
                limits.pauseMin(),
                limits.pauseMax());
    }

    private static AdminParts.QueueOffsets offsets(QueueIndex queues) {
        return new AdminParts.QueueOffsets() {
            @Override
            public long minOffset(int topicId, int queueId) {
                return queues.minOffset(topicId, queueId);
            }

            @Override
            public long maxOffset(int topicId, int queueId) {
                return queues.maxOffset(topicId, queueId);
            }
        };
    }

    /** A leader knows whom it reaches; a follower knows itself and its leader. */
    private static List<RouteSource.Replica> replicas(ReplicaDirectory directory, RaftStatus status) {
        return directory.advertised(status).stream()
                .map(address -> {
                    ReplicaId id = new ReplicaId(address.getReplicaId());
                    boolean connected = id.equals(status.self())
                            || status.leader().filter(id::equals).isPresent()
                            || status.peers().stream()
                                    .anyMatch(peer -> peer.id().equals(id) && peer.reachable());
                    return new RouteSource.Replica(
                            id.value(),
                            address.getClientHost(),
                            address.getClientPort(),
                            new HostPort(address.getAdminHost(), address.getAdminPort()).toString(),
                            connected);
                })
                .toList();
    }

    /** Only who serves as leader claims the term at the name servers, and who is no member registers nothing. */
    private static Optional<Standing> standing(
            BrokerConfig config, long recoveryEpoch, RaftStatus status, GroupLeadership leadership) {
        boolean leading = leadership.view().self() && leadership.view().term() == status.term();
        boolean member =
                status.membership().flatMap(m -> m.member(status.self())).isPresent();
        return status.groupUuid()
                .filter(uuid -> member)
                .map(uuid -> new Standing(config.group(), uuid, recoveryEpoch, status.term(), leading));
    }

    static ClusterSecret secret(BrokerConfig config) {
        try {
            return ClusterSecret.load(config.secretFile());
        } catch (IOException | IllegalArgumentException e) {
            throw StartException.badFile("the cluster secret", e);
        }
    }

    private static LocalStore openStore(BrokerConfig config, RaftConfig raftConfig, Disk disk) {
        try {
            return LocalStore.open(disk, config.dataFolder(), raftConfig.storage(), UUID::randomUUID);
        } catch (Disk.StoreLockedException e) {
            throw new StartException(
                    ExitCode.DATA_FOLDER_IN_USE,
                    "data folder " + config.dataFolder() + " is in use by another process; each replica needs its own",
                    e);
        } catch (DamagedStoreException e) {
            throw refused(config, e);
        } catch (IOException e) {
            throw new StartException(
                    ExitCode.START_FAILED, "cannot open data folder " + config.dataFolder() + ": " + e, e);
        }
    }

    private static StartException refused(BrokerConfig config, DamagedStoreException e) {
        return new StartException(
                ExitCode.DATA_FOLDER_REFUSED,
                "data folder " + config.dataFolder() + " must not be used: " + e.getMessage()
                        + " On a machine where the others run: argosy raft replace --replica " + config.replica()
                        + " --with ID --peer HOST:PORT, where ID is one that the group never had and the replica at"
                        + " HOST:PORT has an empty data folder.",
                e);
    }

    private static RocksStateStore openState(BrokerConfig config, StateDamage damage) {
        try {
            return RocksStateStore.open(
                    config.dataFolder().resolve("state"), config.memory().stateBytes(), damage);
        } catch (StateStoreException e) {
            throw new StartException(ExitCode.DATA_FOLDER_REFUSED, String.valueOf(e.getMessage()), e);
        }
    }

    /** From a log that was never trimmed, from a snapshot that is here already, or from a peer's. */
    private static boolean canRebuildState(LocalStore store, ReplicaId self) {
        return store.log().firstIndex() == 1
                || store.publishedSnapshot().isPresent()
                || store.membership()
                        .filter(group -> group.voters().stream()
                                .anyMatch(voter -> !voter.id().equals(self)))
                        .isPresent();
    }

    private static LogRoom logRoom(BrokerConfig config, Disk disk) {
        long configured = config.raft().storage().maxBytes();
        return configured > 0 ? LogRoom.fixed(configured) : LogRoom.freeSpace(disk, config.dataFolder());
    }

    private static RaftServer startRaft(
            BrokerConfig config,
            RaftConfig raftConfig,
            Disk disk,
            StoreHandOver store,
            StateMachine machine,
            GrpcPeerTransport transport,
            Surroundings surroundings) {
        try {
            return RaftServer.start(raftConfig, disk, store.take(), machine, transport, surroundings);
        } catch (UncheckedIOException e) {
            throw StartException.cannotListen("peer", config.listen().peer(), e);
        } catch (DamagedStoreException e) {
            throw refused(config, e);
        } catch (IOException e) {
            throw new StartException(
                    ExitCode.START_FAILED, "cannot start on data folder " + config.dataFolder() + ": " + e, e);
        }
    }

    private static AdminListener startAdmin(
            BrokerConfig config,
            AdminParts parts,
            ReplicaDirectory directory,
            PeerAuthenticator authenticator,
            PeerProver prover,
            InstantSource clock) {
        try {
            return AdminListener.start(
                    config.listen().admin().resolve(), parts, directory::admin, authenticator, prover, clock);
        } catch (IOException e) {
            throw StartException.cannotListen("admin", config.listen().admin(), e);
        }
    }

    private static void startClientPlane(BrokerConfig config, ClientPlaneServer clientPlane) {
        try {
            clientPlane.start();
        } catch (IOException e) {
            throw StartException.cannotListen("client", config.listen().client(), e);
        }
    }

    private static ServerTls tls(BrokerConfig config, InstantSource clock, SecureRandom random) {
        try {
            return config.tls().isPresent()
                    ? ServerTls.ofFiles(
                            config.tls().get().certificateChain(),
                            config.tls().get().key())
                    : ServerTls.of(SelfSignedCertificate.create("argosy-broker", clock.instant(), random));
        } catch (SSLException e) {
            throw StartException.badFile("certificate and key for clients", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM cannot make a certificate", e);
        }
    }

    /** Where clients connect, with the port that was bound. */
    public HostPort clientAddress() {
        return clientAddress;
    }

    /** Where metrics and health are, with the port that was bound. */
    public HostPort opsAddress() {
        return opsAddress;
    }

    /** The replica, for embedding: status and birth. */
    public RaftNode node() {
        return node;
    }

    /** Closes the client port, gives up leadership, finishes what is under way, makes the state durable. */
    @Override
    public void close() {
        lifecycle.close();
    }

    /** The store, until the node has taken it over and closes it. */
    private static final class StoreHandOver implements AutoCloseable {

        private Optional<LocalStore> store;

        StoreHandOver(LocalStore store) {
            this.store = Optional.of(store);
        }

        LocalStore take() {
            LocalStore taken = store.orElseThrow();
            store = Optional.empty();
            return taken;
        }

        @Override
        public void close() throws IOException {
            if (store.isPresent()) {
                store.get().close();
            }
        }
    }

    /** Applies, then tells that it was applied: leadership counts from there. */
    private record Applying(BrokerStateMachine machine, QueueIndex queues, GroupLeadership leadership)
            implements StateMachine {
        @Override
        public long durableAppliedIndex() {
            return machine.durableAppliedIndex();
        }

        @Override
        public void apply(List<Entry> entries) {
            machine.apply(entries);
            leadership.applied(entries);
        }

        @Override
        public void roleChanged(RoleChange change) {
            machine.roleChanged(change);
        }

        @Override
        public long snapshot(Path folder) throws IOException {
            return machine.snapshot(folder);
        }

        @Override
        public void restore(Path folder) throws IOException {
            machine.restore(folder);
        }

        @Override
        public long durableBytes() {
            return machine.durableBytes();
        }

        @Override
        public Optional<CheckedFile> checkFileAfter(String name) {
            return machine.checkFileAfter(name);
        }

        /** Messages in entries behind the trim point can still be read. */
        @Override
        public long neededFromIndex() {
            return queues.trimIndex() + 1;
        }
    }
}
