package io.argosy.broker;

import io.argosy.broker.admin.AdminParts;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.server.config.HostPort;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where the replicas of the group are: what the configuration says, and for those that were added later what the
 * membership says. Who was removed is not in it.
 */
final class ReplicaDirectory {

    private static final String CLIENT = AdminParts.SERVICE_CLIENT;
    private static final String ADMIN = AdminParts.SERVICE_ADMIN;

    private final BrokerConfig config;
    private final Map<ReplicaId, InetSocketAddress> peers;
    private final Supplier<RaftStatus> status;

    /** @param peers as configured, overrides included */
    ReplicaDirectory(BrokerConfig config, Map<ReplicaId, InetSocketAddress> peers, Supplier<RaftStatus> status) {
        this.config = config;
        this.peers = Map.copyOf(peers);
        this.status = status;
    }

    Optional<InetSocketAddress> peer(ReplicaId id) {
        return Optional.ofNullable(peers.get(id))
                .or(() -> member(id)
                        .map(Member::peerAddress)
                        .filter(address -> !address.isEmpty())
                        .map(HostPort::parse)
                        .map(address -> InetSocketAddress.createUnresolved(address.host(), address.port())));
    }

    Optional<HostPort> admin(ReplicaId id) {
        return Optional.ofNullable(config.replicas().get(id.value()))
                .map(ReplicaAddresses::admin)
                .or(() -> member(id).flatMap(m -> service(m, ADMIN)));
    }

    /** For clients, tools and name servers. */
    List<ReplicaAddress> advertised(RaftStatus now) {
        Optional<Membership> membership = now.membership();
        if (membership.isEmpty()) {
            return config.advertised();
        }
        Map<Integer, ReplicaAddress> configured = new HashMap<>();
        config.advertised().forEach(address -> configured.put(address.getReplicaId(), address));
        List<ReplicaAddress> addresses = new ArrayList<>();
        for (Member member : membership.get().members()) {
            ReplicaAddress known = configured.get(member.id().value());
            if (known != null) {
                addresses.add(known);
                continue;
            }
            Optional<HostPort> client = service(member, CLIENT);
            Optional<HostPort> admin = service(member, ADMIN);
            if (client.isPresent() && admin.isPresent()) {
                addresses.add(ReplicaAddress.newBuilder()
                        .setReplicaId(member.id().value())
                        .setClientHost(client.get().host())
                        .setClientPort(client.get().port())
                        .setAdminHost(admin.get().host())
                        .setAdminPort(admin.get().port())
                        .build());
            }
        }
        return addresses;
    }

    private Optional<Member> member(ReplicaId id) {
        return status.get().membership().flatMap(m -> m.member(id));
    }

    private static Optional<HostPort> service(Member member, String name) {
        for (String part : member.services().split(",", -1)) {
            if (part.startsWith(name)) {
                return Optional.of(HostPort.parse(part.substring(name.length())));
            }
        }
        return Optional.empty();
    }
}
