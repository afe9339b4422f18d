package io.argosy.broker;

import io.argosy.broker.topic.Topics;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.server.config.HostPort;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Settings of a broker; {@link BrokerKeys} has the key, default and range of each.
 *
 * @param group name of the broker group
 * @param replica id of this replica in it
 * @param replicas addresses of all replicas of the group, this one included
 * @param peerAddressOverrides replica id to the address at which this replica reaches that peer, where it differs
 *     (fault proxy, address translation)
 * @param listen what this process binds
 * @param dataFolder exclusive to this process
 * @param secretFile holds what all processes of the cluster share
 * @param nameServers registration addresses; may be empty: brokers answer routes too
 * @param tls for clients; empty = a certificate made at start
 * @param raft timings, limits, storage of the log
 * @param topics what new topics are like
 * @param memory budgets
 * @param registrationHeartbeat between signs of life to name servers
 */
public record BrokerConfig(
        String group,
        int replica,
        SortedMap<Integer, ReplicaAddresses> replicas,
        Map<Integer, HostPort> peerAddressOverrides,
        Listen listen,
        Path dataFolder,
        Path secretFile,
        List<HostPort> nameServers,
        Optional<Tls> tls,
        Raft raft,
        TopicDefaults topics,
        Memory memory,
        Duration registrationHeartbeat) {

    public BrokerConfig {
        replicas = Collections.unmodifiableSortedMap(new TreeMap<>(replicas));
        peerAddressOverrides = Map.copyOf(peerAddressOverrides);
        nameServers = List.copyOf(nameServers);
        if (!replicas.containsKey(replica)) {
            throw new IllegalArgumentException(
                    "replica " + replica + " is not among the replicas " + replicas.keySet());
        }
        if (!replicas.keySet().containsAll(peerAddressOverrides.keySet())) {
            throw new IllegalArgumentException("peerAddressOverrides name replicas that do not exist: "
                    + peerAddressOverrides.keySet() + ", there are " + replicas.keySet());
        }
    }

    /** Port 0 takes any free one. */
    public record Listen(HostPort client, HostPort peer, HostPort admin, HostPort ops) {}

    /**
     * @param certificateChain PEM, own certificate first
     * @param key PEM, PKCS #8, not encrypted
     */
    public record Tls(Path certificateChain, Path key) {}

    /** Parts of {@link RaftConfig}. */
    public record Raft(RaftConfig.Timing timing, RaftConfig.Limits limits, RaftConfig.Storage storage) {
        public static final Raft DEFAULT =
                new Raft(RaftConfig.Timing.DEFAULT, RaftConfig.Limits.DEFAULT, RaftConfig.Storage.DEFAULT);
    }

    /**
     * @param autoCreate whether the first message to an unknown topic creates it, and with how many queues
     * @param retention how long messages of a new topic are kept at least
     */
    public record TopicDefaults(Topics.AutoCreate autoCreate, Duration retention) {
        public static final TopicDefaults DEFAULT =
                new TopicDefaults(Topics.AutoCreate.DEFAULT, Duration.ofHours(BrokerKeys.RETENTION_HOURS));
    }

    /**
     * @param stateBytes of native memory for RocksDB: block cache and write buffers; 64 MiB
     * @param heldCallsBytes of calls that wait for a leader; 32 MiB
     */
    public record Memory(long stateBytes, long heldCallsBytes) {
        public static final Memory DEFAULT = new Memory(64L << 20, 32L << 20);
    }

    /** For embedding: loopback, defaults everywhere, listening where the replicas' addresses say. */
    public static BrokerConfig local(
            int replica,
            SortedMap<Integer, ReplicaAddresses> replicas,
            HostPort ops,
            Path dataFolder,
            Path secretFile,
            List<HostPort> nameServers) {
        ReplicaAddresses self = replicas.get(replica);
        if (self == null) {
            throw new IllegalArgumentException("replica " + replica + " is not among " + replicas.keySet());
        }
        return new BrokerConfig(
                BrokerKeys.GROUP_DEFAULT,
                replica,
                replicas,
                Map.of(),
                new Listen(self.client(), self.peer(), self.admin(), ops),
                dataFolder,
                secretFile,
                nameServers,
                Optional.empty(),
                Raft.DEFAULT,
                TopicDefaults.DEFAULT,
                Memory.DEFAULT,
                BrokerKeys.REGISTRATION_HEARTBEAT_DEFAULT);
    }

    /** The same with other settings for Raft; for tests. */
    public BrokerConfig withRaft(Raft other) {
        return new BrokerConfig(
                group,
                replica,
                replicas,
                peerAddressOverrides,
                listen,
                dataFolder,
                secretFile,
                nameServers,
                tls,
                other,
                topics,
                memory,
                registrationHeartbeat);
    }

    /** What the replica's node needs. */
    public RaftConfig raftConfig() {
        return new RaftConfig(
                group,
                new ReplicaId(replica),
                replicas.keySet().stream().collect(Collectors.toMap(ReplicaId::new, this::peerAddress)),
                listen.peer().resolve(),
                dataFolder,
                raft.timing(),
                raft.limits(),
                raft.storage());
    }

    /** What routes say of the replicas, by ascending id. */
    public List<ReplicaAddress> advertised() {
        return replicas.entrySet().stream()
                .map(e -> ReplicaAddress.newBuilder()
                        .setReplicaId(e.getKey())
                        .setClientHost(e.getValue().client().host())
                        .setClientPort(e.getValue().client().port())
                        .setAdminHost(e.getValue().admin().host())
                        .setAdminPort(e.getValue().admin().port())
                        .build())
                .toList();
    }

    /** A name stays a name, and is looked up again with each connection. */
    private InetSocketAddress peerAddress(Integer id) {
        ReplicaAddresses addresses = replicas.get(id);
        HostPort address = peerAddressOverrides.containsKey(id)
                ? peerAddressOverrides.get(id)
                : addresses == null ? listen.peer() : addresses.peer();
        return InetSocketAddress.createUnresolved(address.host(), address.port());
    }
}
