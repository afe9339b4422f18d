package io.argosy.broker.admin;

import io.argosy.proto.v1.AdminGrpc;
import io.argosy.raft.ReplicaId;
import io.argosy.server.config.HostPort;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.OneAnswer;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** The admin listeners of the other replicas, for changes that only the leader can make. */
final class LeaderAdmin implements AutoCloseable {

    /** Marks a call that was passed on once; it is never passed on again. */
    static final Metadata.Key<String> FORWARDED = Metadata.Key.of("argosy-forwarded", Metadata.ASCII_STRING_MARSHALLER);

    private static final int ANSWER_BYTES_MAX = 16 << 20;
    private static final long TIMEOUT_SECONDS = 10;

    private final Function<ReplicaId, Optional<HostPort>> addresses;
    private final PeerProver prover;
    private final Map<ReplicaId, ManagedChannel> channels = new ConcurrentHashMap<>();
    private final Metadata mark = new Metadata();

    LeaderAdmin(Function<ReplicaId, Optional<HostPort>> addresses, PeerProver prover) {
        this.addresses = addresses;
        this.prover = prover;
        mark.put(FORWARDED, "true");
    }

    /** @return fails with a StatusRuntimeException if the leader cannot be asked */
    <T> CompletableFuture<T> ask(ReplicaId leader, BiConsumer<AdminGrpc.AdminStub, StreamObserver<T>> call) {
        ManagedChannel channel;
        try {
            channel = channels.computeIfAbsent(leader, this::connect);
        } catch (StatusRuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return prover.call(channel, () -> {
            OneAnswer<T> answer = new OneAnswer<>();
            call.accept(
                    AdminGrpc.newStub(channel)
                            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(mark))
                            .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS),
                    answer);
            return answer.future();
        });
    }

    private ManagedChannel connect(ReplicaId replica) {
        HostPort address = addresses
                .apply(replica)
                .orElseThrow(() -> Status.UNAVAILABLE
                        .withDescription("no admin address of replica " + replica)
                        .asRuntimeException());
        return PeerEndpoints.channel(
                        InetSocketAddress.createUnresolved(address.host(), address.port()), ANSWER_BYTES_MAX)
                .build();
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
    }
}
