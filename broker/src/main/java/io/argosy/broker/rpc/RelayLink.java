package io.argosy.broker.rpc;

import io.argosy.proto.v1.ClientReport;
import io.argosy.proto.v1.ClientReportAck;
import io.argosy.proto.v1.RelayGrpc;
import io.argosy.proto.v1.RelayRequest;
import io.argosy.proto.v1.RelayResponse;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.OneAnswer;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connection to one other replica's peer port; streams of all client connections share it. */
final class RelayLink implements AutoCloseable {

    private static final MethodDescriptor<RelayRequest, RelayResponse> FORWARD =
            Rebinding.aliasing(RelayGrpc.getForwardMethod());

    private static final long REPORT_TIMEOUT_MILLIS = 2000;

    private final ManagedChannel channel;
    private final PeerProver prover;
    // Guarded by this: streams of many connections open and fail at the same moment.
    private @Nullable CompletableFuture<Void> proof;

    RelayLink(ManagedChannel channel, PeerProver prover) {
        this.channel = channel;
        this.prover = prover;
    }

    /**
     * Completes when the connection has proved the cluster secret, at once if it has. One proof at a time: two on one
     * connection would spoil each other's challenge.
     */
    synchronized CompletableFuture<Void> proved() {
        if (proof == null || proof.isCompletedExceptionally()) {
            // A peer that was down is tried again at once, not when gRPC's own patience is over.
            channel.resetConnectBackoff();
            proof = prover.prove(channel);
        }
        return proof;
    }

    /** Proves the connection ahead of the first stream, and again if it broke since. */
    void keepReady() {
        ConnectivityState state = channel.getState(false);
        synchronized (this) {
            if (proof != null && proof.isDone() && state != ConnectivityState.READY) {
                proof = null;
            }
        }
        var unused = proved();
    }

    /** A stream under that proof has failed: the next one needs a new one. */
    synchronized void failed(CompletableFuture<Void> under) {
        if (proof == under) {
            proof = null;
        }
    }

    ClientCall<RelayRequest, RelayResponse> newStream() {
        return channel.newCall(FORWARD, CallOptions.DEFAULT);
    }

    CompletableFuture<ClientReportAck> report(ClientReport report) {
        CompletableFuture<Void> under = proved();
        return under.thenCompose(proved -> send(report)).whenComplete((ack, failure) -> {
            if (failure != null) {
                failed(under);
            }
        });
    }

    private CompletableFuture<ClientReportAck> send(ClientReport report) {
        OneAnswer<ClientReportAck> answer = new OneAnswer<>();
        ClientCalls.asyncUnaryCall(
                channel.newCall(
                        RelayGrpc.getReportClientsMethod(),
                        CallOptions.DEFAULT.withDeadlineAfter(REPORT_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)),
                report,
                answer);
        return answer.future();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
