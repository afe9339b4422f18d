package io.argosy.client.internal;

import io.argosy.client.internal.CallFailure.Kind;
import io.argosy.proto.v2.Code;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One unary call that moves on to another server when one breaks, and comes back later when all do or when a server
 * asks for patience, until its deadline. Only for requests that may be repeated. Attempts follow each other, so fields
 * need no lock: each hand-over between threads goes through gRPC or the timer.
 */
final class FailoverCall<Q, R> {

    /**
     * What to call.
     *
     * @param what for error messages: "sending to topic t"
     * @param status reads the status of an answer
     */
    record Spec<Q, R>(
            Target target,
            MethodDescriptor<Q, R> method,
            Q request,
            ClientIdentity identity,
            String what,
            Function<R, io.argosy.proto.v2.Status> status) {}

    private final ClusterLink link;
    private final Spec<Q, R> spec;
    private final long deadlineNanos;
    private final Reply<R> reply;
    private final Set<HostPort> tried = new HashSet<>(4);
    private int round;
    private boolean maybeDone;
    private @Nullable CallFailure last;

    FailoverCall(ClusterLink link, Spec<Q, R> spec, long deadlineNanos, Reply<R> reply) {
        this.link = link;
        this.spec = spec;
        this.deadlineNanos = deadlineNanos;
        this.reply = reply;
    }

    void attempt() {
        if (link.isClosed()) {
            reply.failed(new CallFailure(Kind.CLOSED, 0, spec.what + " ended: the client was closed"));
            return;
        }
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
            expired();
            return;
        }
        Optional<HostPort> server = link.pick(spec.target, tried);
        if (server.isEmpty()) {
            tried.clear();
            later();
            return;
        }
        tried.add(server.get());
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(
                Math.min(leftNanos, link.settings().requestTimeout().toNanos()), TimeUnit.NANOSECONDS);
        ClientCall<Q, R> call = link.connections().channel(server.get()).newCall(spec.method, options);
        Attempt attempt = new Attempt(server.get(), call);
        if (spec.target instanceof Target.Group group) {
            attempt.open = Optional.of(link.watch(group, server.get(), attempt::leave));
        }
        call.start(attempt, spec.identity.headers());
        call.request(2);
        call.sendMessage(spec.request);
        call.halfClose();
    }

    private void later() {
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        if (!link.after(Math.max(1, Math.min(leftMillis, Backoff.millis(round++))), this::attempt)) {
            reply.failed(new CallFailure(Kind.CLOSED, 0, spec.what + " ended: the client was closed"));
        }
    }

    private void expired() {
        String reason = last == null ? "no server was known" : last.getMessage();
        if (maybeDone && spec.target instanceof Target.Group) {
            reply.failed(new CallFailure(
                    Kind.UNKNOWN_OUTCOME,
                    last == null ? 0 : last.code(),
                    spec.what + " was not confirmed in time and may or may not have happened; last: " + reason));
        } else {
            Kind kind = last == null ? Kind.NOT_REACHABLE : last.kind();
            reply.failed(new CallFailure(
                    kind, last == null ? 0 : last.code(), spec.what + " did not succeed in time: " + reason));
        }
    }

    private final class Attempt extends ClientCall.Listener<R> {
        private final HostPort server;
        private final ClientCall<Q, R> call;
        private Optional<SilenceWatch.Open> open = Optional.empty();
        private @Nullable R answer;

        Attempt(HostPort server, ClientCall<Q, R> call) {
            this.server = server;
            this.call = call;
        }

        /** Somebody else leads, and this server is silent: frozen, or cut off. */
        void leave() {
            call.cancel("another replica leads", null);
        }

        @Override
        public void onMessage(R message) {
            answer = message;
        }

        @Override
        public void onClose(io.grpc.Status status, Metadata trailers) {
            open.ifPresent(link::unwatch);
            if (status.isOk() && answer != null) {
                judge(answer);
            } else {
                broken(status);
            }
        }

        private void judge(R message) {
            io.argosy.proto.v2.Status status = spec.status.apply(message);
            Code code = status.getCode();
            if (!StatusCodes.isRetryable(code)) {
                reply.answered(message);
                return;
            }
            maybeDone |= StatusCodes.isUnknownOutcome(code);
            last = StatusCodes.failure(status, spec.what);
            link.doubtLeader(spec.target);
            tried.clear();
            later();
        }

        private void broken(io.grpc.Status status) {
            if (last == null || status.getCode() != io.grpc.Status.Code.DEADLINE_EXCEEDED) {
                // That time ran out says less than why the time was needed.
                last = new CallFailure(
                        Kind.NOT_REACHABLE,
                        0,
                        Explain.transport(server, status, link.settings().tls()));
            }
            link.distrust(spec.target, server);
            switch (status.getCode()) {
                case UNIMPLEMENTED, UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT ->
                    reply.failed(new CallFailure(Kind.REFUSED, 0, spec.what + " was refused: " + last.getMessage()));
                case RESOURCE_EXHAUSTED -> later();
                default -> {
                    // The request may have been on its way when the connection broke or time ran out.
                    maybeDone |= !neverConnected(status);
                    attempt();
                }
            }
        }

        private boolean neverConnected(io.grpc.Status status) {
            for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof ConnectException || cause instanceof UnknownHostException) {
                    return true;
                }
            }
            return false;
        }
    }
}
