package io.argosy.broker.admin;

import io.argosy.raft.ReplicaId;
import io.argosy.server.config.HostPort;
import io.argosy.wire.auth.PeerAuthenticator;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.OrderlyStop;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;

/** The port for tools. */
public final class AdminListener implements AutoCloseable {

    /** Set in a call that another replica has passed on. */
    static final Context.Key<String> FORWARDED = Context.key("argosy-forwarded");

    private static final int REQUEST_BYTES_MAX = 1 << 20;
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final Server server;
    private final LeaderAdmin leaderAdmin;

    private AdminListener(Server server, LeaderAdmin leaderAdmin) {
        this.server = server;
        this.leaderAdmin = leaderAdmin;
    }

    /**
     * @param replicas admin addresses of the other replicas, as far as they are known
     * @param prover proves the cluster secret to them
     * @throws IOException if the address can't be bound
     */
    public static AdminListener start(
            InetSocketAddress listen,
            AdminParts parts,
            Function<ReplicaId, Optional<HostPort>> replicas,
            PeerAuthenticator authenticator,
            PeerProver prover,
            InstantSource clock)
            throws IOException {
        LeaderAdmin leaderAdmin = new LeaderAdmin(replicas, prover);
        NettyServerBuilder builder = PeerEndpoints.listener(listen, REQUEST_BYTES_MAX);
        authenticator.guard(builder);
        builder.addService(
                ServerInterceptors.intercept(new AdminService(parts, leaderAdmin, clock), new ForwardedMark()));
        return new AdminListener(builder.build().start(), leaderAdmin);
    }

    /** The port that was bound, for a configured port of 0. */
    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        OrderlyStop.stop(server, GRACE);
        leaderAdmin.close();
    }

    private static final class ForwardedMark implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            String mark = headers.get(LeaderAdmin.FORWARDED);
            Context context =
                    mark == null ? Context.current() : Context.current().withValue(FORWARDED, mark);
            return Contexts.interceptCall(context, call, headers, next);
        }
    }
}
