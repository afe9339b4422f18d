package io.argosy.raft.node;

import static org.awaitility.Awaitility.await;

import io.argosy.raft.Entry;
import io.argosy.raft.FreePort;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.StateMachine;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.transport.GrpcPeerTransport;
import io.argosy.raft.transport.PeerTransport;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.grpc.LateServices;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** Replicas of one group in this process, in folders of their own. */
final class Replicas implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final ClusterSecret SECRET = ClusterSecret.of("a secret for tests only".getBytes(StandardCharsets.UTF_8));

    private final Path folder;
    private final Map<ReplicaId, InetSocketAddress> addresses = new TreeMap<>();
    private final Map<ReplicaId, InetSocketAddress> joiners = new TreeMap<>();
    private final Map<ReplicaId, RaftServer> running = new TreeMap<>();
    private final Map<ReplicaId, StateMachine> machines = new TreeMap<>();
    private final Map<ReplicaId, Disk> disks = new TreeMap<>();
    final Map<ReplicaId, Integer> exitCodes = new ConcurrentHashMap<>();
    private final Optional<MemoryNetwork> network;
    private Supplier<StateMachine> makeMachine = ListMachine::new;
    private final Map<ReplicaId, PeerTransport> transports = new TreeMap<>();
    private RaftConfig.Storage storage = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 8 << 20, 1L << 30);
    private RaftConfig.Limits limits = new RaftConfig.Limits(1 << 20, 8 << 20, 64 << 20, 16 << 20, 2, 100 << 20);

    private Replicas(Path folder, int count, Optional<MemoryNetwork> network) {
        this.folder = folder;
        this.network = network;
        for (int i = 1; i <= count; i++) {
            addresses.put(new ReplicaId(i), FreePort.address());
        }
    }

    static Replicas inMemory(Path folder, int count, MemoryNetwork network) {
        return new Replicas(folder, count, Optional.of(network));
    }

    static Replicas overGrpc(Path folder, int count) {
        return new Replicas(folder, count, Optional.empty());
    }

    static ReplicaId id(int value) {
        return new ReplicaId(value);
    }

    Replicas storage(RaftConfig.Storage toUse) {
        storage = toUse;
        return this;
    }

    Replicas limits(RaftConfig.Limits toUse) {
        limits = toUse;
        return this;
    }

    Replicas machines(Supplier<StateMachine> make) {
        makeMachine = make;
        return this;
    }

    /** The replica loses its network, as if its process had died. */
    void cutOff(int number) {
        Optional.ofNullable(transports.get(id(number))).ifPresent(PeerTransport::close);
    }

    Replicas disk(int replica, Disk disk) {
        disks.put(id(replica), disk);
        return this;
    }

    /** The stopped replica's state is gone, its log is not. */
    void loseState(int number) {
        machines.remove(id(number));
    }

    /** An empty store that knows the founders, and whom nobody knows. */
    RaftServer startStranger(int number) throws IOException {
        joiners.put(id(number), FreePort.address());
        return start(number);
    }

    String addressOf(int number) {
        InetSocketAddress address = java.util.Objects.requireNonNull(joiners.get(id(number)));
        return address.getHostString() + ":" + address.getPort();
    }

    RaftConfig config(ReplicaId replica) {
        Map<ReplicaId, InetSocketAddress> known = new TreeMap<>(addresses);
        joiners.forEach((joiner, address) -> {
            if (joiner.equals(replica)) {
                known.put(joiner, address);
            }
        });
        return new RaftConfig(
                "g1",
                replica,
                known,
                java.util.Objects.requireNonNull(known.get(replica)),
                folderOf(replica),
                RaftConfig.Timing.DEFAULT,
                limits,
                storage);
    }

    Path folderOf(ReplicaId replica) {
        return folder.resolve("replica" + replica);
    }

    RaftServer start(int number) throws IOException {
        ReplicaId replica = id(number);
        RaftConfig config = config(replica);
        Disk disk = disks.getOrDefault(replica, new FileSystemDisk());
        LocalStore store = LocalStore.open(disk, config.dataFolder(), config.storage(), UUID::randomUUID);
        StateMachine machine =
                machines.get(replica) instanceof ListMachine before ? before.reopened() : makeMachine.get();
        PeerTransport transport = network.map(n -> n.transport(replica))
                .orElseGet(() -> new GrpcPeerTransport(
                        config,
                        store.storeUuid(),
                        store::recoveryEpoch,
                        SECRET,
                        new SecureRandom(),
                        System::nanoTime,
                        new LateServices()));
        Surroundings surroundings = new Surroundings(
                System::nanoTime,
                new SplittableRandom(number),
                UUID::randomUUID,
                Thread::new,
                (exitCode, cause) -> exitCodes.put(replica, exitCode));
        RaftServer node = RaftServer.start(config, disk, store, machine, transport, surroundings);
        running.put(replica, node);
        transports.put(replica, transport);
        machines.put(replica, machine);
        return node;
    }

    Replicas startAll() throws IOException {
        for (ReplicaId replica : addresses.keySet()) {
            start(replica.value());
        }
        return this;
    }

    Replicas born() throws IOException {
        startAll();
        node(1).bootstrap().join();
        leader();
        return this;
    }

    RaftServer node(int number) {
        return java.util.Objects.requireNonNull(running.get(id(number)));
    }

    ListMachine machine(int number) {
        return (ListMachine) java.util.Objects.requireNonNull(machines.get(id(number)));
    }

    void stop(int number) {
        RaftServer node = running.remove(id(number));
        if (node != null) {
            node.close();
        }
    }

    List<Integer> numbers() {
        return running.keySet().stream().map(ReplicaId::value).toList();
    }

    /** The only running replica that leads and that a majority follows. */
    int leader() {
        return await().atMost(PATIENCE)
                .until(this::leaderNow, Optional::isPresent)
                .orElseThrow();
    }

    private Optional<Integer> leaderNow() {
        for (RaftServer node : running.values()) {
            if (node.status().leading()
                    && running.values().stream()
                                    .filter(n -> n.status()
                                            .leader()
                                            .equals(Optional.of(node.status().self())))
                                    .count()
                            > addresses.size() / 2) {
                return Optional.of(node.status().self().value());
            }
        }
        return Optional.empty();
    }

    int follower() {
        int leader = leader();
        return numbers().stream().filter(n -> n != leader).findFirst().orElseThrow();
    }

    static CompletableFuture<ProposeResult> propose(RaftServer node, String command) {
        return propose(node, ByteBuffer.wrap(command.getBytes(StandardCharsets.UTF_8)));
    }

    static CompletableFuture<ProposeResult> propose(RaftServer node, ByteBuffer payload) {
        CompletableFuture<ProposeResult> result = new CompletableFuture<>();
        node.propose(payload, Entry.crcOf(payload), result::complete);
        return result;
    }

    /** Proposes until somebody commits it; the command may be applied more than once if an outcome is unknown. */
    ProposeResult.Committed commit(String command) {
        return await().atMost(PATIENCE)
                .until(
                        () -> {
                            ProposeResult result =
                                    propose(node(leader()), command).join();
                            return result instanceof ProposeResult.Committed committed
                                    ? Optional.of(committed)
                                    : Optional.<ProposeResult.Committed>empty();
                        },
                        Optional::isPresent)
                .orElseThrow();
    }

    void awaitCommands(Function<List<String>, Boolean> expectation) {
        await().atMost(PATIENCE)
                .until(() -> numbers().stream()
                        .allMatch(n -> expectation.apply(machine(n).commands())));
    }

    List<RaftServer> all() {
        return new ArrayList<>(running.values());
    }

    void stopAll() {
        for (int number : numbers()) {
            stop(number);
        }
    }

    @Override
    public void close() {
        stopAll();
    }
}
