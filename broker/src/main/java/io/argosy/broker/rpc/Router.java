package io.argosy.broker.rpc;

import io.argosy.broker.session.ClientRegistry;
import io.argosy.proto.v2.Code;
import io.argosy.raft.ReplicaId;
import io.argosy.wire.listener.ClientConnection;
import io.argosy.wire.plane.IncomingCall;
import io.argosy.wire.plane.LocalCalls;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Takes every call of every client: answers what any replica can answer, brings the rest to the leader, wherever that
 * is. Every method this broker does not serve is refused at once.
 */
final class Router implements Consumer<IncomingCall> {

    private final Map<String, LeaderCall> leaderCalls;
    private final LocalCalls localCalls;
    private final Leadership leadership;
    private final ClientRegistry clients;
    private final Function<ReplicaId, RelayLink> links;
    private final Timers timers;
    private final RelayLimits limits;
    private final ByteBudget heldBytes;
    private final ByteBudget relayedBytes;
    private final ConcurrentHashMap<ClientConnection, ClientLane> lanes = new ConcurrentHashMap<>();

    /** @param leaderCalls by bare method name */
    Router(
            Map<String, LeaderCall> leaderCalls,
            LocalCalls localCalls,
            Leadership leadership,
            ClientRegistry clients,
            Function<ReplicaId, RelayLink> links,
            Timers timers,
            RelayLimits limits) {
        this.leaderCalls = Map.copyOf(leaderCalls);
        this.localCalls = localCalls;
        this.leadership = leadership;
        this.clients = clients;
        this.links = links;
        this.timers = timers;
        this.limits = limits;
        this.heldBytes = new ByteBudget(limits.heldBytesMax());
        this.relayedBytes = new ByteBudget(limits.relayedBytesMax());
        leadership.onChange(() -> timers.schedule(0, this::drainAll));
    }

    @Override
    public void accept(IncomingCall call) {
        if (localCalls.answer(call)) {
            return;
        }
        LeaderCall handler = leaderCalls.get(call.method().bareName());
        if (handler == null) {
            call.refuse(Code.UNSUPPORTED, call.method().bareName() + " is not supported by this version");
            return;
        }
        clients.touch(call.headers().clientId());
        lane(call.connection()).accept(call, handler);
    }

    private ClientLane lane(ClientConnection connection) {
        ClientLane known = lanes.get(connection);
        if (known != null) {
            return known;
        }
        ClientLane lane = lanes.computeIfAbsent(connection, c -> new ClientLane(this));
        // More than once is harmless, should two first calls race.
        connection.onClosed(() -> {
            lanes.remove(connection, lane);
            lane.close();
        });
        return lane;
    }

    private void drainAll() {
        lanes.values().forEach(ClientLane::drain);
    }

    RelayStream relayTo(ReplicaId leader, ClientLane lane) {
        return new RelayStream(leader, lane, links.apply(leader), timers);
    }

    Leadership leadership() {
        return leadership;
    }

    Timers timers() {
        return timers;
    }

    long nanoTime() {
        return timers.nanoTime();
    }

    RelayLimits limits() {
        return limits;
    }

    ByteBudget heldBytes() {
        return heldBytes;
    }

    ByteBudget relayedBytes() {
        return relayedBytes;
    }
}
