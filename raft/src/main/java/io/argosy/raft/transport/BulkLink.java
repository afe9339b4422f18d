package io.argosy.raft.transport;

import io.argosy.proto.v1.BulkRequest;
import io.argosy.proto.v1.BulkResponse;
import io.argosy.proto.v1.RaftPeerGrpc;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The connection for {@link Bulk} to one peer: one of its own, so that no append waits behind a part (R43). Made when it
 * is first needed, and made anew after any failure, because the proof of the secret belongs to a connection.
 */
final class BulkLink implements AutoCloseable {

    /** Also covers taking a snapshot. */
    private static final long CALL_SECONDS = 60;

    private final InetSocketAddress address;
    private final PeerProver prover;
    private final int inboundBytesMax;
    private Optional<Proved> current = Optional.empty();
    private boolean closed;

    private record Proved(ManagedChannel channel, CompletableFuture<ManagedChannel> proof) {}

    BulkLink(InetSocketAddress address, PeerProver prover, int inboundBytesMax) {
        this.address = address;
        this.prover = prover;
        this.inboundBytesMax = inboundBytesMax;
    }

    CompletableFuture<BulkResponse> call(BulkRequest request) {
        Proved used = connection();
        return used.proof
                .thenCompose(channel -> GrpcPeerTransport.completable(RaftPeerGrpc.newFutureStub(channel)
                        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                        .bulk(request)))
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        forget(used);
                    }
                });
    }

    private synchronized Proved connection() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        if (current.isEmpty()) {
            ManagedChannel channel =
                    PeerEndpoints.channel(address, inboundBytesMax).build();
            current = Optional.of(new Proved(channel, prover.prove(channel).thenApply(done -> channel)));
        }
        return current.get();
    }

    private synchronized void forget(Proved failed) {
        failed.channel.shutdownNow();
        if (current.isPresent() && current.get().channel == failed.channel) {
            current = Optional.empty();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        current.ifPresent(c -> c.channel.shutdownNow());
        current = Optional.empty();
    }
}
