package io.argosy.wire.auth;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.AuthBeginRequest;
import io.argosy.proto.v1.AuthBeginResponse;
import io.argosy.proto.v1.AuthFinishRequest;
import io.argosy.proto.v1.AuthFinishResponse;
import io.argosy.proto.v1.PeerAuthGrpc;
import io.argosy.wire.auth.ClusterSecret.ProofRole;
import io.argosy.wire.auth.ConnectionSession.Challenge;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The server's side: a listener that it guards serves {@code PeerAuth} to anybody and everything else only on
 * connections that have proved the cluster secret.
 */
public final class PeerAuthenticator {

    /** Whom the caller of the current method said to be, under proof of the secret. */
    public static final Context.Key<String> PRINCIPAL = Context.key("argosy-principal");

    /** Where the caller of the current method sits; for logs. */
    public static final Context.Key<SocketAddress> REMOTE_ADDRESS = Context.key("argosy-remote-address");

    static final int NONCE_BYTES = 32;
    static final int PRINCIPAL_CHARS_MAX = 256;

    private static final Attributes.Key<ConnectionSession> SESSION = Attributes.Key.create("argosy-auth-session");
    private static final Context.Key<ConnectionSession> CALL_SESSION = Context.key("argosy-auth-session");

    private final ClusterSecret secret;
    private final SecureRandom random;
    private final RefusalLog refusals;

    /**
     * @param random source of nonces
     * @param nanoClock monotonic, paces the log lines about refused peers
     */
    public PeerAuthenticator(ClusterSecret secret, SecureRandom random, LongSupplier nanoClock) {
        this.secret = secret;
        this.random = random;
        this.refusals = new RefusalLog(nanoClock);
    }

    /** Puts the listener under guard; call once, before it is built. */
    public void guard(ServerBuilder<?> listener) {
        listener.addTransportFilter(new SessionFilter()).intercept(new Gate()).addService(new Service());
    }

    /** Says, at WARN and rate-limited, that somebody was refused for a reason that lies behind the proof. */
    public void logRefusal(@Nullable SocketAddress address, String reason) {
        refusals.refused(address, reason);
    }

    static ByteString nonce(SecureRandom random) {
        byte[] bytes = new byte[NONCE_BYTES];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    /** Transport attributes are immutable; the session in them is what changes. */
    private static final class SessionFilter extends ServerTransportFilter {
        @Override
        public Attributes transportReady(Attributes attributes) {
            return attributes.toBuilder().set(SESSION, new ConnectionSession()).build();
        }
    }

    private final class Gate implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            Attributes attributes = call.getAttributes();
            ConnectionSession session = attributes.get(SESSION);
            if (session == null) {
                throw new IllegalStateException("the listener lacks the session filter");
            }
            Context context =
                    Context.current().withValue(REMOTE_ADDRESS, attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
            if (PeerAuthGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
                return Contexts.interceptCall(context.withValue(CALL_SESSION, session), call, headers, next);
            }
            Optional<String> principal = session.principal();
            if (principal.isEmpty()) {
                // No WARN: an honest caller sees this once after each reconnect and then gives its proof.
                call.close(
                        Status.UNAUTHENTICATED.withDescription("this connection has not proved the cluster secret"),
                        new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return Contexts.interceptCall(context.withValue(PRINCIPAL, principal.get()), call, headers, next);
        }
    }

    private final class Service extends PeerAuthGrpc.PeerAuthImplBase {
        @Override
        public void begin(AuthBeginRequest request, StreamObserver<AuthBeginResponse> answer) {
            if (request.getClientNonce().size() != NONCE_BYTES
                    || request.getPrincipal().length() > PRINCIPAL_CHARS_MAX) {
                answer.onError(Status.INVALID_ARGUMENT
                        .withDescription("a nonce has " + NONCE_BYTES + " bytes and a principal at most "
                                + PRINCIPAL_CHARS_MAX + " characters")
                        .asRuntimeException());
                return;
            }
            ByteString serverNonce = nonce(random);
            CALL_SESSION.get().begin(new Challenge(request.getClientNonce(), serverNonce, request.getPrincipal()));
            answer.onNext(AuthBeginResponse.newBuilder()
                    .setServerNonce(serverNonce)
                    .setServerProof(secret.proof(
                            ProofRole.SERVER, request.getClientNonce(), serverNonce, request.getPrincipal()))
                    .build());
            answer.onCompleted();
        }

        @Override
        public void finish(AuthFinishRequest request, StreamObserver<AuthFinishResponse> answer) {
            ConnectionSession session = CALL_SESSION.get();
            Optional<Challenge> challenge = session.takeChallenge();
            if (challenge.isEmpty()) {
                answer.onError(Status.FAILED_PRECONDITION
                        .withDescription("Finish without Begin on this connection")
                        .asRuntimeException());
                return;
            }
            Challenge begun = challenge.get();
            ByteString expected =
                    secret.proof(ProofRole.CLIENT, begun.clientNonce(), begun.serverNonce(), begun.principal());
            if (!ClusterSecret.same(expected, request.getClientProof())) {
                refusals.refused(REMOTE_ADDRESS.get(), "wrong cluster secret, called itself " + printable(begun));
                answer.onError(Status.UNAUTHENTICATED
                        .withDescription("wrong cluster secret")
                        .asRuntimeException());
                return;
            }
            session.trust(begun.principal());
            answer.onNext(AuthFinishResponse.getDefaultInstance());
            answer.onCompleted();
        }
    }

    /** The name is a stranger's: it must not be able to forge log lines. */
    private static String printable(Challenge begun) {
        return begun.principal().replaceAll("[^\\x20-\\x7e]", "?");
    }
}
