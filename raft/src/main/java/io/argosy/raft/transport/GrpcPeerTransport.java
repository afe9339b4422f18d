package io.argosy.raft.transport;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import io.argosy.proto.v1.AdoptGroupRequest;
import io.argosy.proto.v1.AdoptGroupResponse;
import io.argosy.proto.v1.BulkRequest;
import io.argosy.proto.v1.BulkResponse;
import io.argosy.proto.v1.DescribeStoreRequest;
import io.argosy.proto.v1.DescribeStoreResponse;
import io.argosy.proto.v1.RaftFrame;
import io.argosy.proto.v1.RaftPeerGrpc;
import io.argosy.proto.v1.StreamOpen;
import io.argosy.raft.Entry;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.transport.FrameCodec.BadFrameException;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.LateServices;
import io.argosy.wire.grpc.PeerEndpoints;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Peers over gRPC. A replica sends everything, answers included, on the streams that it has dialed itself; the only
 * thing that comes back on a stream is the echo of its opening. So each direction of a pair lives and breaks alone,
 * and the session in appends and their answers tells old from new (R27).
 *
 * <p>A stream is accepted if version, group UUID and receiver match and the sender's id is not another store's; strangers
 * are told what differs. Connections are guarded by the cluster secret.
 */
public final class GrpcPeerTransport implements PeerTransport {

    private static final Logger log = LoggerFactory.getLogger(GrpcPeerTransport.class);

    private static final int VERSION = 1;
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    private static final long CONTROL_QUEUE_BYTES_MAX = 1 << 20;
    private static final long CLOSE_MILLIS = 300;
    /** A replica that was removed hears of it on its streams, which stay open for so long. */
    private static final long GOODBYE_MILLIS = 2_000;

    private final RaftConfig config;
    private final UUID storeUuid;
    private final LongSupplier recoveryEpoch;
    private final HandlerRegistry moreServices;
    private final PeerAuthenticator authenticator;
    private final PeerProver prover;
    private final int inboundBytesMax;
    private final AtomicLong sessions;
    private final ScheduledThreadPoolExecutor timer;
    private final Map<ReplicaId, BulkLink> bulkLinks = new LinkedHashMap<>();
    private final StreamLink.Dialing dialing;
    /** Written under the monitor. */
    private final Map<ReplicaId, Map<StreamKind, StreamLink>> links = new ConcurrentHashMap<>();

    private final Map<ReplicaId, InetSocketAddress> learned = new ConcurrentHashMap<>();
    private final Map<StreamKey, InboundStream> inbound = new ConcurrentHashMap<>();

    private volatile Optional<Membership> membership = Optional.empty();
    private volatile Optional<Server> server = Optional.empty();
    private volatile Optional<PeerListener> listener = Optional.empty();
    private boolean closed;

    private record StreamKey(ReplicaId from, StreamKind kind) {}

    /**
     * @param random spreads reconnects and seeds the sessions: they must differ from those of the process before
     * @param nanoClock monotonic, paces log lines
     */
    public GrpcPeerTransport(
            RaftConfig config, UUID storeUuid, ClusterSecret secret, SecureRandom random, LongSupplier nanoClock) {
        this(config, storeUuid, () -> 0, secret, random, nanoClock, new LateServices());
    }

    /**
     * As above, with room for services of the layer above on the same guarded listener.
     *
     * @param recoveryEpoch of the store; peers of another one are refused
     * @param moreServices may be filled after the start: what is above needs the node, and the node this
     */
    public GrpcPeerTransport(
            RaftConfig config,
            UUID storeUuid,
            LongSupplier recoveryEpoch,
            ClusterSecret secret,
            SecureRandom random,
            LongSupplier nanoClock,
            HandlerRegistry moreServices) {
        this.config = config;
        this.storeUuid = storeUuid;
        this.recoveryEpoch = recoveryEpoch;
        this.moreServices = moreServices;
        this.authenticator = new PeerAuthenticator(secret, random, nanoClock);
        this.prover = new PeerProver(secret, config.groupName() + "/" + config.self(), random, CALL_TIMEOUT);
        this.inboundBytesMax = config.limits().batchBytesMax() + Entry.PAYLOAD_BYTES_MAX + (1 << 16);
        this.sessions = new AtomicLong(random.nextLong() >>> 2);
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "raft-dialer-" + config.self());
            thread.setDaemon(true);
            return thread;
        });
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        this.dialing = new StreamLink.Dialing(timer, prover, random, inboundBytesMax);
    }

    @Override
    public void start(PeerListener toTell) {
        listener = Optional.of(toTell);
        NettyServerBuilder builder = PeerEndpoints.listener(config.listen(), inboundBytesMax);
        authenticator.guard(builder);
        builder.addService(Rebinding.aliasing(new Service(toTell).bindService()));
        builder.fallbackHandlerRegistry(moreServices);
        try {
            server = Optional.of(builder.build().start());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen for peers at " + config.listen(), e);
        }
        log.info("listening for peers replica={} address={}", config.self(), config.listen());
    }

    @Override
    public synchronized void joinGroup(Membership joined) {
        membership = Optional.of(joined);
        config.peers().keySet().forEach(this::connect);
        joined.members().forEach(member -> connect(member.id()));
        List<ReplicaId> gone = links.keySet().stream().filter(joined::isRetired).toList();
        if (!gone.isEmpty()) {
            schedule(() -> disconnect(gone), GOODBYE_MILLIS);
        }
    }

    /** Dials a peer that has no links yet, if anybody told where it is. */
    private synchronized void connect(ReplicaId peer) {
        boolean retired = membership.filter(m -> m.isRetired(peer)).isPresent();
        if (closed || retired || peer.equals(config.self()) || links.containsKey(peer) || listener.isEmpty()) {
            return;
        }
        Optional<InetSocketAddress> address = addressOf(peer);
        if (address.isEmpty()) {
            log.warn("no address is known for peer={}", peer);
            return;
        }
        AtomicBoolean up = new AtomicBoolean();
        Map<StreamKind, StreamLink> byKind = new LinkedHashMap<>();
        for (StreamKind kind : StreamKind.values()) {
            long queueBytesMax = kind == StreamKind.CONTROL
                    ? CONTROL_QUEUE_BYTES_MAX
                    : 2L * config.limits().windowBytes() + config.limits().batchBytesMax();
            LinkEvents events = new LinkEvents(peer, kind, up, listener.get());
            byKind.put(kind, new StreamLink(peer, address.get(), kind, dialing, queueBytesMax, events));
        }
        links.put(peer, Map.copyOf(byKind));
        byKind.values().forEach(link -> schedule(link::dial, 0));
    }

    /** Those that are still retired: a truncation may have brought one back. */
    private void disconnect(List<ReplicaId> gone) {
        List<StreamLink> ended = new ArrayList<>();
        synchronized (this) {
            for (ReplicaId peer : gone) {
                Map<StreamKind, StreamLink> byKind = links.get(peer);
                if (byKind != null && membership.filter(m -> m.isRetired(peer)).isPresent()) {
                    links.remove(peer);
                    ended.addAll(byKind.values());
                }
            }
        }
        ended.forEach(StreamLink::close);
    }

    private void schedule(Runnable task, long delayMillis) {
        try {
            var unused = timer.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("not connecting, closing");
        }
    }

    @Override
    public void know(ReplicaId peer, String address) {
        learned.put(peer, parse(address));
    }

    /** Our configuration rules (D5), then the log, then what the peer said itself. */
    private Optional<InetSocketAddress> addressOf(ReplicaId peer) {
        Optional<InetSocketAddress> configured =
                Optional.ofNullable(config.peers().get(peer));
        return configured
                .or(() -> membership
                        .flatMap(m -> m.member(peer))
                        .map(Member::peerAddress)
                        .filter(address -> !address.isEmpty())
                        .map(GrpcPeerTransport::parse))
                .or(() -> Optional.ofNullable(learned.get(peer)));
    }

    private static InetSocketAddress parse(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("\"" + address + "\" is not host:port");
        }
        try {
            // A name stays a name, and is looked up again with each connection.
            return InetSocketAddress.createUnresolved(
                    address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + address + "\" is not host:port", e);
        }
    }

    @Override
    public void send(ReplicaId to, Message message) {
        Map<StreamKind, StreamLink> byKind = links.get(to);
        if (byKind == null) {
            log.debug("no link to peer={}, dropped {}", to, message);
            return;
        }
        StreamLink link = byKind.get(StreamKind.of(message));
        if (link != null) {
            link.send(message);
        }
    }

    @Override
    public CompletableFuture<StoreDescription> describeStore(ReplicaId peer) {
        return call(peer, stub -> stub.describeStore(DescribeStoreRequest.getDefaultInstance()))
                .thenApply(GrpcPeerTransport::decode);
    }

    @Override
    public CompletableFuture<Void> adoptGroup(ReplicaId peer, String groupName, Membership adopted) {
        AdoptGroupRequest request = AdoptGroupRequest.newBuilder()
                .setGroupName(groupName)
                .setMembership(encoded(adopted))
                .setRecoveryEpoch(recoveryEpoch.getAsLong())
                .build();
        return call(peer, stub -> stub.adoptGroup(request)).thenApply(answer -> null);
    }

    @Override
    public CompletableFuture<Bulk.Answer> bulk(ReplicaId peer, Bulk.Request request) {
        BulkLink link;
        synchronized (bulkLinks) {
            Optional<InetSocketAddress> address = addressOf(peer);
            if (address.isEmpty() || membership.isEmpty()) {
                return CompletableFuture.failedFuture(new IllegalStateException("no way to replica " + peer + " yet"));
            }
            link = bulkLinks.computeIfAbsent(peer, p -> new BulkLink(address.get(), prover, inboundBytesMax));
        }
        return link.call(BulkCodec.encode(opening(peer, 0), request)).thenApply(response -> {
            try {
                return BulkCodec.decode(response);
            } catch (BadFrameException e) {
                throw new CompletionException(e);
            }
        });
    }

    private StreamOpen opening(ReplicaId peer, long session) {
        Membership joined = membership.orElseThrow(() -> new IllegalStateException("dialed before joining a group"));
        return StreamOpen.newBuilder()
                .setVersion(VERSION)
                .setGroupUuid(FrameCodec.encode(joined.groupUuid()))
                .setFromId(config.self().value())
                .setFromStoreUuid(FrameCodec.encode(storeUuid))
                .setToId(peer.value())
                .setSession(session)
                .setRecoveryEpoch(recoveryEpoch.getAsLong())
                .setFromAddress(ownAddress())
                .build();
    }

    /** So that who doesn't know us yet can answer. */
    private String ownAddress() {
        InetSocketAddress own = Objects.requireNonNull(config.peers().get(config.self()));
        return own.getHostString() + ":" + own.getPort();
    }

    /** A peer that dialed us and that neither the configuration nor the membership names: answers must reach it. */
    private void learn(ReplicaId peer, String address) {
        if (address.isEmpty() || links.containsKey(peer)) {
            return;
        }
        try {
            learned.put(peer, parse(address));
            connect(peer);
        } catch (IllegalArgumentException e) {
            log.warn("peer={} says that it listens at {}", peer, address);
        }
    }

    /** Rare calls, before there are streams: each on a connection of its own. */
    private <T> CompletableFuture<T> call(
            ReplicaId peer, Function<RaftPeerGrpc.RaftPeerFutureStub, ListenableFuture<T>> call) {
        Optional<InetSocketAddress> address = addressOf(peer);
        if (address.isEmpty()) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException("no address is known for replica " + peer));
        }
        ManagedChannel channel =
                PeerEndpoints.channel(address.get(), inboundBytesMax).build();
        return prover.prove(channel)
                .thenCompose(proved -> completable(call.apply(RaftPeerGrpc.newFutureStub(channel)
                        .withDeadlineAfter(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))))
                .whenComplete((answer, failure) -> channel.shutdown());
    }

    static <T> CompletableFuture<T> completable(ListenableFuture<T> future) {
        CompletableFuture<T> completable = new CompletableFuture<>();
        Futures.addCallback(
                future,
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(@Nullable T answer) {
                        completable.complete(Objects.requireNonNull(answer));
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        completable.completeExceptionally(failure);
                    }
                },
                Runnable::run);
        return completable;
    }

    private static StoreDescription decode(DescribeStoreResponse answer) {
        try {
            Optional<Membership> group = answer.getGroupUuid().isEmpty()
                    ? Optional.empty()
                    : Optional.of(membership(answer.getMembership()));
            return new StoreDescription(
                    new Member(new ReplicaId(answer.getReplicaId()), FrameCodec.decodeUuid(answer.getStoreUuid())),
                    group);
        } catch (BadFrameException | IllegalArgumentException e) {
            throw Status.INTERNAL.withDescription(e.getMessage()).asRuntimeException();
        }
    }

    private static Membership membership(ByteString encoded) {
        return Membership.decode(encoded.asReadOnlyByteBuffer());
    }

    private static ByteString encoded(Membership membership) {
        return ByteString.copyFrom(membership.encode());
    }

    /** The port it listens on; differs from the configured one if that is 0. */
    public int port() {
        return server.map(Server::getPort).orElseThrow(() -> new IllegalStateException("not started"));
    }

    @Override
    public void close() {
        List<StreamLink> all = new ArrayList<>();
        synchronized (this) {
            closed = true;
            links.values().forEach(byKind -> all.addAll(byKind.values()));
        }
        timer.shutdownNow();
        all.forEach(StreamLink::close);
        synchronized (bulkLinks) {
            bulkLinks.values().forEach(BulkLink::close);
        }
        try {
            for (StreamLink link : all) {
                link.awaitClosed(CLOSE_MILLIS);
            }
            if (server.isPresent()) {
                server.get().shutdownNow();
                server.get().awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            server.ifPresent(Server::shutdownNow);
            Thread.currentThread().interrupt();
        }
    }

    private Optional<Status> refusal(StreamOpen open) throws BadFrameException {
        String us = "replica " + config.self() + " of group " + config.groupName();
        if (open.getVersion() != VERSION) {
            return precondition(us + " speaks version " + VERSION + ", not " + open.getVersion());
        }
        UUID theirs = FrameCodec.decodeUuid(open.getGroupUuid());
        if (membership.isEmpty()) {
            return precondition(us + " belongs to no group yet, the caller to group UUID " + theirs);
        }
        Membership ours = membership.get();
        if (!ours.groupUuid().equals(theirs)) {
            return denied(us + " has group UUID " + ours.groupUuid() + ", the caller has " + theirs);
        }
        long epoch = recoveryEpoch.getAsLong();
        if (open.getRecoveryEpoch() != epoch) {
            return denied(us + " has recovery epoch " + epoch + ", the caller has " + open.getRecoveryEpoch()
                    + ": the group was recovered by force, and replicas of the older epoch are out of it for good");
        }
        if (open.getToId() != config.self().value()) {
            return precondition(us + " was called as replica " + open.getToId());
        }
        if (open.getFromId() < 1
                || open.getFromId() > ReplicaId.MAX
                || open.getFromId() == config.self().value()) {
            return precondition(us + " was called by a replica " + open.getFromId());
        }
        UUID store = FrameCodec.decodeUuid(open.getFromStoreUuid());
        ReplicaId sender = new ReplicaId(open.getFromId());
        if (ours.givesToAnother(sender, store)) {
            return denied("replica " + open.getFromId() + " is store "
                    + ours.member(sender).orElseThrow().storeUuid() + " in the group of " + us
                    + ", the caller is store " + store);
        }
        return Optional.empty();
    }

    private static Optional<Status> precondition(String text) {
        return Optional.of(Status.FAILED_PRECONDITION.withDescription(text));
    }

    private static Optional<Status> denied(String text) {
        return Optional.of(Status.PERMISSION_DENIED.withDescription(text));
    }

    private final class LinkEvents implements StreamLink.Events {
        private final ReplicaId peer;
        private final StreamKind kind;
        /** Shared by the peer's links: it was seen alive since it was last reported dead. */
        private final AtomicBoolean up;

        private final PeerListener toTell;

        LinkEvents(ReplicaId peer, StreamKind kind, AtomicBoolean up, PeerListener toTell) {
            this.peer = peer;
            this.kind = kind;
            this.up = up;
            this.toTell = toTell;
        }

        @Override
        public void opened(long session) {
            up.set(true);
            if (kind == StreamKind.APPEND) {
                toTell.peerReset(peer, session);
            }
        }

        @Override
        public void broke() {
            if (kind == StreamKind.APPEND) {
                toTell.peerUnreachable(peer);
            }
        }

        @Override
        public void refused() {
            if (up.getAndSet(false)) {
                log.info("peer's process has died peer={}", peer);
                toTell.peerLost(peer);
            }
        }

        @Override
        public long nextSession() {
            return sessions.incrementAndGet();
        }

        @Override
        public StreamOpen opening(long session) {
            return GrpcPeerTransport.this.opening(peer, session);
        }
    }

    private final class Service extends RaftPeerGrpc.RaftPeerImplBase {

        private final PeerListener toTell;

        Service(PeerListener toTell) {
            this.toTell = toTell;
        }

        @Override
        public StreamObserver<RaftFrame> control(StreamObserver<RaftFrame> answers) {
            return new InboundStream(StreamKind.CONTROL, answers, toTell);
        }

        @Override
        public StreamObserver<RaftFrame> append(StreamObserver<RaftFrame> answers) {
            return new InboundStream(StreamKind.APPEND, answers, toTell);
        }

        @Override
        public void bulk(BulkRequest request, StreamObserver<BulkResponse> answer) {
            Bulk.Request decoded;
            try {
                Optional<Status> refusal = refusal(request.getOpen());
                if (refusal.isPresent()) {
                    answer.onError(refusal.get().asRuntimeException());
                    return;
                }
                decoded = BulkCodec.decode(request);
            } catch (BadFrameException e) {
                answer.onError(
                        Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
                return;
            }
            var unused = toTell.bulk(new ReplicaId(request.getOpen().getFromId()), decoded)
                    .whenComplete((given, failure) -> {
                        if (failure == null) {
                            answer.onNext(BulkCodec.encode(given));
                            answer.onCompleted();
                        } else {
                            answer.onError(Status.UNAVAILABLE
                                    .withDescription(String.valueOf(failure.getMessage()))
                                    .withCause(failure)
                                    .asRuntimeException());
                        }
                    });
        }

        @Override
        public void describeStore(DescribeStoreRequest request, StreamObserver<DescribeStoreResponse> answer) {
            StoreDescription description = toTell.describeStore();
            DescribeStoreResponse.Builder response = DescribeStoreResponse.newBuilder()
                    .setReplicaId(description.member().id().value())
                    .setStoreUuid(FrameCodec.encode(description.member().storeUuid()))
                    .setGroupName(config.groupName());
            description
                    .membership()
                    .ifPresent(group -> response.setGroupUuid(FrameCodec.encode(group.groupUuid()))
                            .setMembership(encoded(group)));
            answer.onNext(response.build());
            answer.onCompleted();
        }

        @Override
        public void adoptGroup(AdoptGroupRequest request, StreamObserver<AdoptGroupResponse> answer) {
            Membership adopted;
            try {
                adopted = membership(request.getMembership());
            } catch (IllegalArgumentException e) {
                answer.onError(
                        Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
                return;
            }
            var unused = toTell.adoptGroup(request.getGroupName(), adopted, request.getRecoveryEpoch())
                    .whenComplete((done, failure) -> {
                        if (failure == null) {
                            answer.onNext(AdoptGroupResponse.getDefaultInstance());
                            answer.onCompleted();
                        } else {
                            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                            answer.onError(Status.FAILED_PRECONDITION
                                    .withDescription(cause.getMessage())
                                    .withCause(cause)
                                    .asRuntimeException());
                        }
                    });
        }
    }

    /** A stream that a peer opened. gRPC calls it from one thread at a time. */
    private final class InboundStream implements StreamObserver<RaftFrame> {

        private final StreamKind kind;
        private final StreamObserver<RaftFrame> answers;
        private final PeerListener toTell;
        private Optional<ReplicaId> from = Optional.empty();
        private volatile boolean done;

        InboundStream(StreamKind kind, StreamObserver<RaftFrame> answers, PeerListener toTell) {
            this.kind = kind;
            this.answers = answers;
            this.toTell = toTell;
        }

        @Override
        public void onNext(RaftFrame frame) {
            if (done) {
                return;
            }
            try {
                if (from.isEmpty()) {
                    open(frame);
                } else {
                    toTell.received(from.get(), FrameCodec.decode(frame));
                }
            } catch (BadFrameException e) {
                log.warn("bad frame from peer={} kind={} reason={}", from, kind, e.getMessage());
                end(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
            }
        }

        private void open(RaftFrame frame) throws BadFrameException {
            if (!frame.hasOpen()) {
                throw new BadFrameException("a stream begins with StreamOpen, not " + frame.getFrameCase());
            }
            StreamOpen open = frame.getOpen();
            Optional<Status> refusal = refusal(open);
            if (refusal.isPresent()) {
                // Before this store has a group every peer's first stream ends here: no news.
                if (membership.isPresent()) {
                    authenticator.logRefusal(
                            PeerAuthenticator.REMOTE_ADDRESS.get(),
                            String.valueOf(refusal.get().getDescription()));
                }
                end(refusal.get());
                return;
            }
            ReplicaId sender = new ReplicaId(open.getFromId());
            from = Optional.of(sender);
            learn(sender, open.getFromAddress());
            InboundStream older = inbound.put(new StreamKey(sender, kind), this);
            if (older != null) {
                older.end(Status.ABORTED.withDescription("the peer opened a newer stream"));
            }
            synchronized (answers) {
                if (!done) {
                    answers.onNext(RaftFrame.newBuilder()
                            .setOpen(open.toBuilder()
                                    .setFromId(config.self().value())
                                    .setFromStoreUuid(FrameCodec.encode(storeUuid))
                                    .setToId(open.getFromId()))
                            .build());
                }
            }
        }

        /** May come from the thread of a newer stream. */
        private void end(Status status) {
            synchronized (answers) {
                if (!done) {
                    done = true;
                    answers.onError(status.asRuntimeException());
                }
            }
            from.ifPresent(sender -> inbound.remove(new StreamKey(sender, kind), this));
        }

        @Override
        public void onError(Throwable failure) {
            done = true;
            from.ifPresent(sender -> inbound.remove(new StreamKey(sender, kind), this));
        }

        @Override
        public void onCompleted() {
            synchronized (answers) {
                if (!done) {
                    done = true;
                    answers.onCompleted();
                }
            }
            from.ifPresent(sender -> inbound.remove(new StreamKey(sender, kind), this));
        }
    }
}
