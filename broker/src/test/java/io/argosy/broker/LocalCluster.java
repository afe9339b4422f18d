package io.argosy.broker;

import static org.awaitility.Awaitility.await;

import io.argosy.namesrv.Namesrv;
import io.argosy.namesrv.NamesrvConfig;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.node.FailureHook;
import io.argosy.server.config.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A name server and the brokers of one group in this JVM, on free ports. */
final class LocalCluster implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(LocalCluster.class);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final Path secretFile;
    private final Path folder;
    private final RaftConfig.Limits limits;
    private final SortedMap<Integer, ReplicaAddresses> addresses = new TreeMap<>();
    private final SortedMap<Integer, Broker> brokers = new TreeMap<>();
    private final Namesrv namesrv;

    private LocalCluster(Path folder, int replicas, RaftConfig.Limits limits) throws IOException {
        this.folder = folder;
        this.limits = limits;
        this.secretFile = Files.writeString(folder.resolve("cluster.secret"), "0123456789abcdef0123456789abcdef\n");
        for (int id = 1; id <= replicas; id++) {
            addresses.put(id, new ReplicaAddresses(freeAddress(), freeAddress(), freeAddress()));
        }
        this.namesrv = Namesrv.start(NamesrvConfig.local(secretFile));
    }

    /** Starts everything and creates the group. */
    static LocalCluster start(Path folder, int replicas) throws Exception {
        return start(folder, replicas, RaftConfig.Limits.DEFAULT);
    }

    static LocalCluster start(Path folder, int replicas, RaftConfig.Limits limits) throws Exception {
        LocalCluster cluster = new LocalCluster(folder, replicas, limits);
        try {
            cluster.addresses.keySet().forEach(cluster::startBroker);
            cluster.broker(1).node().bootstrap().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            cluster.awaitLeader();
            return cluster;
        } catch (Exception | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    void startBroker(int id) {
        brokers.put(id, Broker.start(config(id), FAIL_LOUDLY));
    }

    void stopBroker(int id) {
        Broker broker = broker(id);
        brokers.remove(id);
        broker.close();
    }

    Broker broker(int id) {
        return Optional.ofNullable(brokers.get(id)).orElseThrow();
    }

    BrokerConfig config(int id) {
        // Small segments: a fresh one is written with zeros ahead, and a test has several replicas on one disk.
        RaftConfig.Storage storage = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 4 << 20, 1L << 30);
        return BrokerConfig.local(
                        id,
                        addresses,
                        new HostPort("127.0.0.1", 0),
                        folder.resolve("broker-" + id),
                        secretFile,
                        List.of(namesrv.registrationAddress()))
                .withRaft(new BrokerConfig.Raft(RaftConfig.Timing.DEFAULT, limits, storage));
    }

    /** The access point for clients. */
    String endpoints() {
        return namesrv.clientAddress().toString();
    }

    Namesrv namesrv() {
        return namesrv;
    }

    /** Waits until one of the running brokers leads and the name server knows it. */
    int awaitLeader() {
        await().atMost(PATIENCE).until(() -> leader().isPresent());
        return leader().orElseThrow();
    }

    Optional<Integer> leader() {
        return brokers.entrySet().stream()
                .filter(e -> e.getValue().node().status().leading())
                .map(Map.Entry::getKey)
                .findFirst();
    }

    @Override
    public void close() {
        brokers.values().forEach(Broker::close);
        namesrv.close();
    }

    private static final FailureHook FAIL_LOUDLY =
            (exitCode, cause) -> log.error("a replica halted exitCode={}", exitCode, cause);

    private static HostPort freeAddress() {
        return new HostPort("127.0.0.1", FreePort.next());
    }
}
