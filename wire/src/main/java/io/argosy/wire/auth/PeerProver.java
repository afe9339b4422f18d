package io.argosy.wire.auth;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.AuthBeginRequest;
import io.argosy.proto.v1.AuthBeginResponse;
import io.argosy.proto.v1.AuthFinishRequest;
import io.argosy.proto.v1.AuthFinishResponse;
import io.argosy.proto.v1.PeerAuthGrpc;
import io.argosy.wire.auth.ClusterSecret.ProofRole;
import io.argosy.wire.grpc.OneAnswer;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The client's side: proves the cluster secret on the connection that a channel currently has. A reconnect loses the
 * proof; the next call then fails with UNAUTHENTICATED and {@link #call} proves again.
 */
public final class PeerProver {

    private final ClusterSecret secret;
    private final String principal;
    private final SecureRandom random;
    private final Duration timeout;

    /**
     * @param principal who calls, for the other side's logs and handlers, such as {@code g1/2} or {@code admin}
     * @param random source of nonces
     * @param timeout for both steps together
     */
    public PeerProver(ClusterSecret secret, String principal, SecureRandom random, Duration timeout) {
        if (principal.length() > PeerAuthenticator.PRINCIPAL_CHARS_MAX) {
            throw new IllegalArgumentException("principal of " + principal.length() + " characters");
        }
        this.secret = secret;
        this.principal = principal;
        this.random = random;
        this.timeout = timeout;
    }

    /**
     * Proves the secret, after the server has proved that it knows it too.
     *
     * @return fails with a StatusRuntimeException: UNAUTHENTICATED if the secrets differ, whichever side notices
     */
    public CompletableFuture<Void> prove(Channel channel) {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
        ByteString clientNonce = PeerAuthenticator.nonce(random);
        AuthBeginRequest begin = AuthBeginRequest.newBuilder()
                .setClientNonce(clientNonce)
                .setPrincipal(principal)
                .build();
        OneAnswer<AuthBeginResponse> begun = new OneAnswer<>();
        ClientCalls.asyncUnaryCall(channel.newCall(PeerAuthGrpc.getBeginMethod(), options), begin, begun);
        return begun.future().thenCompose(answer -> finish(channel, options, clientNonce, answer));
    }

    private CompletableFuture<Void> finish(
            Channel channel, CallOptions options, ByteString clientNonce, AuthBeginResponse begun) {
        ByteString serverNonce = begun.getServerNonce();
        if (serverNonce.size() != PeerAuthenticator.NONCE_BYTES
                || !ClusterSecret.same(
                        secret.proof(ProofRole.SERVER, clientNonce, serverNonce, principal), begun.getServerProof())) {
            return CompletableFuture.failedFuture(Status.UNAUTHENTICATED
                    .withDescription("the cluster secrets of the two sides differ")
                    .asRuntimeException());
        }
        AuthFinishRequest finish = AuthFinishRequest.newBuilder()
                .setClientProof(secret.proof(ProofRole.CLIENT, clientNonce, serverNonce, principal))
                .build();
        OneAnswer<AuthFinishResponse> finished = new OneAnswer<>();
        ClientCalls.asyncUnaryCall(channel.newCall(PeerAuthGrpc.getFinishMethod(), options), finish, finished);
        return finished.future().thenApply(answer -> null);
    }

    /**
     * Makes a call; if it is refused with UNAUTHENTICATED, proves the secret and makes it once more. Such a refusal
     * comes before any handler, so that the second call cannot be a repetition.
     */
    public <T> CompletableFuture<T> call(Channel channel, Supplier<CompletableFuture<T>> call) {
        return call.get().exceptionallyCompose(failure -> {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            if (Status.fromThrowable(cause).getCode() != Status.Code.UNAUTHENTICATED) {
                return CompletableFuture.failedFuture(cause);
            }
            return prove(channel).thenCompose(proved -> call.get());
        });
    }
}
