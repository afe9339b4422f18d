package io.argosy.broker;

import io.argosy.broker.topic.TopicLimits;
import io.argosy.broker.topic.Topics;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftConfig.Flush;
import io.argosy.server.config.Config;
import io.argosy.server.config.ConfigException;
import io.argosy.server.config.ConfigKey;
import io.argosy.server.config.HostPort;
import io.argosy.server.config.ValueType;
import io.argosy.wire.name.ResourceNames;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The keys of broker.yaml. */
final class BrokerKeys {

    static final String GROUP_DEFAULT = "g1";
    static final int RETENTION_HOURS = 72;
    static final Duration REGISTRATION_HEARTBEAT_DEFAULT = Duration.ofSeconds(1);

    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    private static final ValueType<String> HOST =
            ValueType.text(Pattern.compile("[^\\s/]+"), "an address or name of this machine");
    private static final ValueType<Integer> PORT = ValueType.integer(0, 65535);
    private static final ValueType<Integer> REPLICA_ID = ValueType.integer(1, 1023);
    private static final RaftConfig.Timing TIMING = RaftConfig.Timing.DEFAULT;
    private static final RaftConfig.Limits LIMITS = RaftConfig.Limits.DEFAULT;
    private static final RaftConfig.Storage STORAGE = RaftConfig.Storage.DEFAULT;

    static final ConfigKey<String> GROUP = ConfigKey.of(
            "group",
            ValueType.text(
                    Pattern.compile("[a-zA-Z0-9_-]{1," + ResourceNames.GROUP_CHARS_MAX + "}"),
                    "1 to 120 letters, digits, - and _"),
            GROUP_DEFAULT,
            "Name of the broker group; what clients see as the broker");
    static final ConfigKey<Integer> REPLICA =
            ConfigKey.required("replica", REPLICA_ID, "Id of this replica in its group; never given to another disk");
    static final ConfigKey<SortedMap<Integer, ReplicaAddresses>> REPLICAS = ConfigKey.required(
            "replicas",
            ReplicaAddresses.MAP,
            "Where all replicas of the group are reached, this one included; the same on all of them");
    static final ConfigKey<SortedMap<Integer, HostPort>> PEER_ADDRESS_OVERRIDES = ConfigKey.of(
            "peerAddressOverrides",
            ValueType.mapOf(REPLICA_ID, ValueType.hostPort()),
            Collections.unmodifiableSortedMap(new TreeMap<>()),
            "Where this replica reaches a peer, if not at the address in replicas (proxy, address translation)");
    static final ConfigKey<Optional<HostPort>> ADVERTISED_CLIENT_ADDRESS = ConfigKey.of(
            "advertisedClientAddress",
            ValueType.optional(ValueType.hostPort()),
            Optional.empty(),
            "Where clients are told to reach this replica, if not at its client address in replicas");
    static final ConfigKey<Path> DATA_FOLDER = ConfigKey.of(
            "dataFolder", ValueType.path(), Path.of("data/broker"), "Log and state; exclusive to this process");
    static final ConfigKey<Path> SECRET_FILE = ConfigKey.required(
            "secretFile",
            ValueType.path(),
            "File with the cluster secret, at least 16 bytes; the same for all processes");
    static final ConfigKey<List<HostPort>> NAMESRV = ConfigKey.of(
            "namesrv",
            ValueType.listOf(ValueType.hostPort()),
            List.of(),
            "Registration addresses of all name servers; with none, clients use brokers as access points");

    static final ConfigKey<String> CLIENT_HOST = ConfigKey.of(
            "client.host", HOST, "127.0.0.1", "Address to listen on for clients; 0.0.0.0 for all of this machine");
    static final ConfigKey<Integer> CLIENT_PORT = ConfigKey.of("client.port", PORT, 10911, "Port for clients");
    static final ConfigKey<Optional<Path>> CLIENT_TLS_CERTIFICATE = ConfigKey.of(
            "client.tlsCertificate",
            ValueType.optional(ValueType.path()),
            Optional.empty(),
            "PEM file with the certificate chain for clients that speak TLS; without it one is made at start");
    static final ConfigKey<Optional<Path>> CLIENT_TLS_KEY = ConfigKey.of(
            "client.tlsKey",
            ValueType.optional(ValueType.path()),
            Optional.empty(),
            "PEM file with the certificate's key, PKCS #8, not encrypted");
    static final ConfigKey<String> PEER_HOST =
            ConfigKey.of("peer.host", HOST, "127.0.0.1", "Address to listen on for the other replicas");
    static final ConfigKey<Integer> PEER_PORT = ConfigKey.of("peer.port", PORT, 10912, "Port for the other replicas");
    static final ConfigKey<String> ADMIN_HOST =
            ConfigKey.of("admin.host", HOST, "127.0.0.1", "Address to listen on for tools and forwarded calls");
    static final ConfigKey<Integer> ADMIN_PORT =
            ConfigKey.of("admin.port", PORT, 10913, "Port for tools and forwarded calls");
    static final ConfigKey<String> OPS_HOST = ConfigKey.of(
            "ops.host", HOST, "127.0.0.1", "Address for /metrics, /livez and /readyz, which ask nobody who they are");
    static final ConfigKey<Integer> OPS_PORT =
            ConfigKey.of("ops.port", PORT, 10914, "Port for /metrics, /livez and /readyz");

    static final ConfigKey<Duration> TICK = ConfigKey.of(
            "raft.tick",
            ValueType.duration(Duration.ofMillis(1), Duration.ofSeconds(1)),
            TIMING.tick(),
            "Granularity of all timing; shorter costs CPU when idle");
    static final ConfigKey<Duration> HEARTBEAT = ConfigKey.of(
            "raft.heartbeat",
            ValueType.duration(Duration.ofMillis(5), Duration.ofSeconds(10)),
            TIMING.heartbeat(),
            "Between heartbeats of a leader, at least one tick; longer detects a dead leader later, shorter costs CPU");
    static final ConfigKey<Duration> ELECTION_MIN = ConfigKey.of(
            "raft.electionMin",
            ValueType.duration(Duration.ofMillis(15), Duration.ofMinutes(1)),
            TIMING.electionMin(),
            "Shortest election timeout, at least 3 heartbeats; below pauses of JVM and disk it causes needless"
                    + " elections");
    static final ConfigKey<Duration> ELECTION_MAX = ConfigKey.of(
            "raft.electionMax",
            ValueType.duration(Duration.ofMillis(20), Duration.ofMinutes(2)),
            TIMING.electionMax(),
            "Longest election timeout, above the shortest; closer to it makes split votes likelier");
    static final ConfigKey<Long> BATCH = ConfigKey.of(
            "raft.batchBytes",
            ValueType.bytes(4 * KIB, 64 * MIB),
            (long) LIMITS.batchBytesMax(),
            "Largest append to the disk and to a peer");
    static final ConfigKey<Long> WINDOW = ConfigKey.of(
            "raft.windowBytes",
            ValueType.bytes(64 * KIB, GIB),
            (long) LIMITS.windowBytes(),
            "Sent to one peer and not yet answered; too small leaves a fast network idle");
    static final ConfigKey<Long> UNCOMMITTED = ConfigKey.of(
            "raft.uncommittedBytes",
            ValueType.bytes(MIB, 8 * GIB),
            LIMITS.uncommittedBytesMax(),
            "Proposed and not yet committed; beyond it sends are refused with a retryable status");
    static final ConfigKey<Long> TAIL_CACHE = ConfigKey.of(
            "raft.tailCacheBytes",
            ValueType.bytes(MIB, 64 * GIB),
            LIMITS.tailCacheBytes(),
            "Newest entries kept in memory for followers and consumers; on the heap, so that its survivor spaces"
                    + " should hold them (see below)");
    static final ConfigKey<Integer> READERS = ConfigKey.of(
            "raft.readerThreads",
            ValueType.integer(1, 64),
            LIMITS.readerThreads(),
            "Threads that read old entries from the disk");
    static final ConfigKey<Long> CATCHUP = ConfigKey.of(
            "raft.catchupBytesPerSecond",
            ValueType.bytes(64 * KIB, 64 * GIB),
            LIMITS.catchupBytesPerSecond(),
            "Rate at which this replica fetches snapshots and missing log from its peers; too high disturbs sends, too"
                    + " low lets a replica fall behind further while it catches up");
    static final ConfigKey<Duration> SCRUB_INTERVAL = ConfigKey.of(
            "raft.scrubInterval",
            ValueType.duration(Duration.ZERO, Duration.ofDays(366)),
            STORAGE.scrub().interval(),
            "Time in which all files of log and state are read once and their checksums compared, so that damage is"
                    + " repaired from other replicas before they rot as well; 0s = only on 'argosy raft scrub'");
    static final ConfigKey<Long> SCRUB_RATE = ConfigKey.of(
            "raft.scrubBytesPerSecond",
            ValueType.bytes(64 * KIB, 64 * GIB),
            STORAGE.scrub().bytesPerSecond(),
            "Highest rate of that reading, about 5 % of what the disk can do; too high disturbs sends, too low makes it"
                    + " take longer than raft.scrubInterval");
    static final ConfigKey<Flush> FLUSH = ConfigKey.of(
            "flush",
            ValueType.oneOf(Flush.class),
            STORAGE.flush(),
            "When a replica counts an entry as durable: fsync, or async, which loses acknowledged messages of the last"
                    + " moments if on a majority of machines the power is lost, or a write to the disk fails, at once. What the"
                    + " group is created with; later `argosy raft flush` changes it, and this key only warns where it"
                    + " differs");
    static final ConfigKey<Long> SEGMENT_SIZE = ConfigKey.of(
            "raft.segmentSize",
            ValueType.bytes(MIB, 2 * GIB - MIB),
            STORAGE.segmentBytes(),
            "Size at which a file of the log is sealed; disk space is given back in this unit");
    static final ConfigKey<Long> MAX_BYTES = ConfigKey.of(
            "raft.maxBytes",
            ValueType.bytes(0, 1024 * TIB),
            STORAGE.maxBytes(),
            "Size the log may reach: from 75 % of it on the oldest messages go, from 90 % on sends are refused; 0 = what"
                    + " it has and 90 % of the free space, looked at again every 5 s");

    static final ConfigKey<Boolean> TOPIC_AUTO_CREATE = ConfigKey.of(
            "topic.autoCreate",
            ValueType.bool(),
            Topics.AutoCreate.DEFAULT.enabled(),
            "Whether the first message to an unknown topic creates it; the same on all replicas");
    static final ConfigKey<Integer> TOPIC_QUEUES = ConfigKey.of(
            "topic.queues",
            ValueType.integer(TopicLimits.QUEUES_MIN, TopicLimits.QUEUES_MAX),
            Topics.AutoCreate.DEFAULT.queueCount(),
            "Queues of a topic that is created without saying how many");
    static final ConfigKey<Duration> TOPIC_RETENTION = ConfigKey.of(
            "topic.retention",
            ValueType.duration(TopicLimits.RETENTION_MIN, TopicLimits.RETENTION_MAX),
            Duration.ofHours(RETENTION_HOURS),
            "How long messages are kept at least, of a topic that is created without saying it");

    static final ConfigKey<Long> MEMORY_STATE = ConfigKey.of(
            "memory.stateBytes",
            ValueType.bytes(8 * MIB, 64 * GIB),
            BrokerConfig.Memory.DEFAULT.stateBytes(),
            "Native memory for the state store: block cache and write buffers");
    static final ConfigKey<Long> MEMORY_HELD_CALLS = ConfigKey.of(
            "memory.heldCallsBytes",
            ValueType.bytes(MIB, 4 * GIB),
            BrokerConfig.Memory.DEFAULT.heldCallsBytes(),
            "Calls that wait while there is no leader; beyond it they are refused with a retryable status");

    static final ConfigKey<Duration> REGISTRATION_HEARTBEAT = ConfigKey.of(
            "registration.heartbeat",
            ValueType.duration(Duration.ofMillis(50), Duration.ofSeconds(30)),
            REGISTRATION_HEARTBEAT_DEFAULT,
            "Between signs of life to name servers, and the pause before a lost one is tried again");

    static final List<ConfigKey<?>> ALL = List.of(
            GROUP,
            REPLICA,
            REPLICAS,
            PEER_ADDRESS_OVERRIDES,
            ADVERTISED_CLIENT_ADDRESS,
            DATA_FOLDER,
            SECRET_FILE,
            NAMESRV,
            CLIENT_HOST,
            CLIENT_PORT,
            CLIENT_TLS_CERTIFICATE,
            CLIENT_TLS_KEY,
            PEER_HOST,
            PEER_PORT,
            ADMIN_HOST,
            ADMIN_PORT,
            OPS_HOST,
            OPS_PORT,
            FLUSH,
            TICK,
            HEARTBEAT,
            ELECTION_MIN,
            ELECTION_MAX,
            BATCH,
            WINDOW,
            UNCOMMITTED,
            TAIL_CACHE,
            READERS,
            CATCHUP,
            SCRUB_INTERVAL,
            SCRUB_RATE,
            SEGMENT_SIZE,
            MAX_BYTES,
            TOPIC_AUTO_CREATE,
            TOPIC_QUEUES,
            TOPIC_RETENTION,
            MEMORY_STATE,
            MEMORY_HELD_CALLS,
            REGISTRATION_HEARTBEAT);

    private BrokerKeys() {}

    /** @throws ConfigException if values that are good alone contradict each other */
    static BrokerConfig configOf(Config config) {
        List<String> conflicts = conflicts(config);
        if (!conflicts.isEmpty()) {
            throw new ConfigException(conflicts);
        }
        RaftConfig.Timing timing = config.build(
                ELECTION_MIN,
                c -> new RaftConfig.Timing(c.get(TICK), c.get(HEARTBEAT), c.get(ELECTION_MIN), c.get(ELECTION_MAX)));
        Optional<BrokerConfig.Tls> tls = tls(config);
        return config.build(
                REPLICAS,
                c -> new BrokerConfig(
                        c.get(GROUP),
                        c.get(REPLICA),
                        replicas(c),
                        c.get(PEER_ADDRESS_OVERRIDES),
                        new BrokerConfig.Listen(
                                new HostPort(c.get(CLIENT_HOST), c.get(CLIENT_PORT)),
                                new HostPort(c.get(PEER_HOST), c.get(PEER_PORT)),
                                new HostPort(c.get(ADMIN_HOST), c.get(ADMIN_PORT)),
                                new HostPort(c.get(OPS_HOST), c.get(OPS_PORT))),
                        c.get(DATA_FOLDER),
                        c.get(SECRET_FILE),
                        c.get(NAMESRV),
                        tls,
                        new BrokerConfig.Raft(timing, limits(c), storage(c)),
                        new BrokerConfig.TopicDefaults(
                                new Topics.AutoCreate(c.get(TOPIC_AUTO_CREATE), c.get(TOPIC_QUEUES)),
                                c.get(TOPIC_RETENTION)),
                        new BrokerConfig.Memory(c.get(MEMORY_STATE), c.get(MEMORY_HELD_CALLS)),
                        c.get(REGISTRATION_HEARTBEAT)));
    }

    /** What the components would refuse, in words that name the keys. */
    private static List<String> conflicts(Config config) {
        List<String> conflicts = new ArrayList<>();
        Duration heartbeat = config.get(HEARTBEAT);
        Duration electionMin = config.get(ELECTION_MIN);
        if (heartbeat.compareTo(config.get(TICK)) < 0) {
            conflicts.add(config.conflict("raft.heartbeat must be at least raft.tick", HEARTBEAT, TICK));
        }
        if (electionMin.compareTo(heartbeat.multipliedBy(3)) < 0) {
            conflicts.add(config.conflict(
                    "raft.electionMin must be at least 3 times raft.heartbeat", ELECTION_MIN, HEARTBEAT));
        }
        if (config.get(ELECTION_MAX).compareTo(electionMin) <= 0) {
            conflicts.add(
                    config.conflict("raft.electionMax must be above raft.electionMin", ELECTION_MAX, ELECTION_MIN));
        }
        if (config.get(CLIENT_TLS_CERTIFICATE).isPresent()
                != config.get(CLIENT_TLS_KEY).isPresent()) {
            conflicts.add(config.conflict(
                    "client.tlsCertificate and client.tlsKey go together", CLIENT_TLS_CERTIFICATE, CLIENT_TLS_KEY));
        }
        return conflicts;
    }

    private static SortedMap<Integer, ReplicaAddresses> replicas(Config config) {
        SortedMap<Integer, ReplicaAddresses> replicas = new TreeMap<>(config.get(REPLICAS));
        config.get(ADVERTISED_CLIENT_ADDRESS)
                .ifPresent(client -> replicas.computeIfPresent(
                        config.get(REPLICA), (id, self) -> new ReplicaAddresses(client, self.peer(), self.admin())));
        return replicas;
    }

    private static Optional<BrokerConfig.Tls> tls(Config config) {
        Optional<Path> certificate = config.get(CLIENT_TLS_CERTIFICATE);
        Optional<Path> key = config.get(CLIENT_TLS_KEY);
        return certificate.flatMap(c -> key.map(k -> new BrokerConfig.Tls(c, k)));
    }

    private static RaftConfig.Limits limits(Config config) {
        return new RaftConfig.Limits(
                Math.toIntExact(config.get(BATCH)),
                Math.toIntExact(config.get(WINDOW)),
                config.get(UNCOMMITTED),
                config.get(TAIL_CACHE),
                config.get(READERS),
                config.get(CATCHUP));
    }

    private static RaftConfig.Storage storage(Config config) {
        return new RaftConfig.Storage(
                config.get(FLUSH),
                config.get(SEGMENT_SIZE),
                config.get(MAX_BYTES),
                new RaftConfig.Scrub(config.get(SCRUB_INTERVAL), config.get(SCRUB_RATE)));
    }
}
