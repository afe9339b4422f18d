package io.argosy.client.internal;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a call that is answered by several messages, collected before they are handed on: receive and pull.
 * Not repeated here, because the caller asks again anyway.
 */
public final class ServerStream<Q, R> {

    private final ClientCall<Q, R> call;
    private final Collector<R> collector;

    private ServerStream(ClientCall<Q, R> call, Collector<R> collector) {
        this.call = call;
        this.collector = collector;
    }

    /** @param reply told once; also when cancelled */
    public static <Q, R> Optional<ServerStream<Q, R>> start(
            ClusterLink link,
            String group,
            MethodDescriptor<Q, R> method,
            Q request,
            ClientIdentity identity,
            String what,
            long timeoutNanos,
            Reply<List<R>> reply) {
        Target target = new Target.Group(group);
        Optional<HostPort> server = link.isClosed() ? Optional.empty() : link.pick(target, new HashSet<>());
        if (server.isEmpty()) {
            reply.failed(new CallFailure(
                    link.isClosed() ? CallFailure.Kind.CLOSED : CallFailure.Kind.NOT_REACHABLE,
                    0,
                    what + " failed: no server of group " + group + " is known"));
            return Optional.empty();
        }
        ClientCall<Q, R> call = link.connections()
                .channel(server.get())
                .newCall(method, CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS));
        Collector<R> collector = new Collector<>(link, target, server.get(), what, reply);
        call.start(collector, identity.headers());
        call.request(Integer.MAX_VALUE);
        call.sendMessage(request);
        call.halfClose();
        return Optional.of(new ServerStream<>(call, collector));
    }

    /** Ends it; the reply fails unless it was given already. */
    public void cancel() {
        collector.cancelled = true;
        call.cancel("no longer wanted", null);
    }

    private static final class Collector<R> extends ClientCall.Listener<R> {
        private final ClusterLink link;
        private final Target target;
        private final HostPort server;
        private final String what;
        private final Reply<List<R>> reply;
        private final List<R> messages = new ArrayList<>();
        private final AtomicBoolean told = new AtomicBoolean();
        /** By this client: a server that goes down may end a call with the same status. */
        private volatile boolean cancelled;

        Collector(ClusterLink link, Target target, HostPort server, String what, Reply<List<R>> reply) {
            this.link = link;
            this.target = target;
            this.server = server;
            this.what = what;
            this.reply = reply;
        }

        @Override
        public void onMessage(R message) {
            messages.add(message);
        }

        @Override
        public void onClose(io.grpc.Status status, @Nullable Metadata trailers) {
            if (!told.compareAndSet(false, true)) {
                return;
            }
            if (status.isOk()) {
                reply.answered(messages);
                return;
            }
            if (!cancelled) {
                link.distrust(target, server);
            }
            reply.failed(new CallFailure(
                    cancelled ? CallFailure.Kind.CLOSED : CallFailure.Kind.NOT_REACHABLE,
                    0,
                    what + " failed: "
                            + Explain.transport(server, status, link.settings().tls())));
        }
    }
}
