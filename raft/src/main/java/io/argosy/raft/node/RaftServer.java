package io.argosy.raft.node;

import io.argosy.raft.OperatorResult;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.LocalStore;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.GrpcPeerTransport;
import io.argosy.raft.transport.PeerTransport;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.grpc.LateServices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica in production form: a {@link Replica} whose lanes have a thread each, the loop, the log writer, the
 * applier and the bulk lane, with a pool of readers beside them.
 */
public final class RaftServer implements RaftNode {

    private static final Logger log = LoggerFactory.getLogger(RaftServer.class);

    private static final String WRITER = "log-writer";
    private static final String APPLIER = "applier";
    private static final String BULK = "bulk";
    private static final long JOIN_MILLIS = 10_000;
    private static final long LAST_WORDS_MILLIS = 5_000;

    private final RaftConfig config;
    private final ReplicaStore store;
    private final PeerTransport transport;
    private final Surroundings surroundings;
    private final ExecutorService readers;
    private final Signal loopSignal = new Signal();
    private final Signal writerSignal = new Signal();
    private final Signal applierSignal = new Signal();
    private final Signal bulkSignal = new Signal();
    private final Replica replica;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Opens the data folder and starts a replica on it, with its peers over gRPC: what a server process does.
     *
     * @param secureRandom for nonces and sessions
     * @throws Disk.StoreLockedException if another replica uses the folder
     * @throws io.argosy.raft.storage.DamagedStoreException if the replica must not start
     */
    public static RaftServer open(
            RaftConfig config,
            Disk disk,
            ClusterSecret secret,
            SecureRandom secureRandom,
            StateMachine stateMachine,
            Surroundings surroundings)
            throws IOException {
        LocalStore store = LocalStore.open(disk, config.dataFolder(), config.storage(), surroundings.uuids());
        PeerTransport transport = new GrpcPeerTransport(
                config,
                store.storeUuid(),
                store::recoveryEpoch,
                secret,
                secureRandom,
                surroundings.nanoClock(),
                new LateServices());
        return start(config, disk, store, stateMachine, transport, surroundings);
    }

    /**
     * Starts a replica on an open store. Takes over store and transport: closing the node closes them.
     *
     * @param disk the one that the store lies on
     * @param transport not yet started
     */
    public static RaftServer start(
            RaftConfig config,
            Disk disk,
            ReplicaStore store,
            StateMachine stateMachine,
            PeerTransport transport,
            Surroundings surroundings)
            throws IOException {
        try {
            RaftServer node = new RaftServer(config, disk, store, stateMachine, transport, surroundings);
            node.begin();
            return node;
        } catch (IOException | RuntimeException e) {
            transport.close();
            try {
                store.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private RaftServer(
            RaftConfig config,
            Disk disk,
            ReplicaStore store,
            StateMachine stateMachine,
            PeerTransport transport,
            Surroundings surroundings)
            throws IOException {
        this.config = config;
        this.store = store;
        this.transport = transport;
        this.surroundings = surroundings;
        this.readers = Executors.newFixedThreadPool(config.limits().readerThreads(), task -> thread("reader", task));
        Replica.Lanes lanes = new Replica.Lanes(loopSignal, writerSignal, applierSignal, bulkSignal, readers);
        this.replica = new Replica(config, disk, store, stateMachine, transport, surroundings, lanes);
    }

    private void begin() {
        replica.begin();
        start(WRITER, writerSignal, replica.writer());
        start(APPLIER, applierSignal, replica.applier());
        start(BULK, bulkSignal, replica.bulk());
        start(Replica.LOOP, loopSignal, replica);
    }

    private void start(String name, Signal signal, Lane lane) {
        Thread thread = thread(name, () -> {
            try {
                signal.run(lane);
            } catch (Throwable e) {
                boundTheLastWords(e);
                if (replica.fail(name, e)) {
                    silence();
                }
            }
        });
        threads.add(thread);
        thread.start();
    }

    /** Evidence is written before the process ends; a disk that hangs must not keep a broken replica alive. */
    private void boundTheLastWords(Throwable cause) {
        Thread thread = Thread.currentThread();
        Thread bound = thread("last-words", () -> {
            try {
                thread.join(LAST_WORDS_MILLIS);
                if (thread.isAlive()) {
                    surroundings.failure().failed(FailureHook.BROKEN, cause);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        bound.setDaemon(true);
        bound.start();
    }

    private void silence() {
        Thread silence = thread("silence", transport::close);
        silence.setDaemon(true);
        silence.start();
    }

    private Thread thread(String name, Runnable body) {
        Thread thread = surroundings.threads().newThread(body);
        thread.setName("raft-" + name + "-" + config.groupName() + "-" + config.self());
        return thread;
    }

    @Override
    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        replica.propose(payload, payloadCrc, listener);
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        return replica.readIndex();
    }

    @Override
    public RaftStatus status() {
        return replica.status();
    }

    @Override
    public CompletableFuture<UUID> bootstrap() {
        return replica.bootstrap();
    }

    @Override
    public void scrub(long bytesPerSecond) {
        replica.scrub(bytesPerSecond);
    }

    @Override
    public ScrubStatus scrubbed() {
        return replica.scrubbed();
    }

    @Override
    public Operations operations() {
        return replica.operations();
    }

    @Override
    public LogReader log() {
        return replica.log();
    }

    @Override
    public void trim(long upToIndex) {
        replica.trim(upToIndex);
    }

    /**
     * Makes durable what the log holds; returns once it is. Only a group that flushes asynchronously has anything to do: its
     * state must not become durable in front of its log (D3). Any thread of others.
     */
    public void syncLog() {
        if (!closed.get()) {
            replica.syncLog();
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        handOver();
        replica.leave();
        boolean ended = join(Replica.LOOP);
        replica.bulk().stop();
        ended &= join(BULK);
        replica.writer().finish();
        ended &= join(WRITER);
        replica.applier().finish();
        ended &= join(APPLIER);
        readers.shutdown();
        transport.close();
        replica.abandon();
        if (!ended) {
            log.warn("threads of the replica hang, store stays open replica={}", config.self());
            return;
        }
        try {
            store.close();
        } catch (IOException e) {
            log.warn("closing the store failed replica={}", config.self(), e);
        }
        log.info(
                "closed replica={} group={} appliedIndex={}",
                config.self(),
                config.groupName(),
                replica.applier().appliedIndex());
    }

    /**
     * Before a planned stop: hands leadership to the fittest voter, if this replica has it and there is one. Returns when
     * the other leads, or when it is clear that it won't.
     */
    public void handOver() {
        if (!replica.status().leading() || replica.status().peers().isEmpty()) {
            return;
        }
        try {
            OperatorResult result = replica.operations()
                    .transferLeadership(Optional.empty())
                    .get(2 * config.timing().electionMax().toMillis(), TimeUnit.MILLISECONDS);
            log.info("leadership before the stop replica={} result={}", config.self(), result);
        } catch (ExecutionException | TimeoutException e) {
            log.warn("leadership was not handed over before the stop replica={}", config.self(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean join(String name) {
        try {
            for (Thread thread : threads) {
                if (thread.getName().startsWith("raft-" + name + "-")) {
                    thread.join(JOIN_MILLIS);
                    return !thread.isAlive();
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
