package io.argosy.raft.node;

import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.transport.Bulk;
import io.argosy.raft.transport.PeerTransport;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Peers in one process: messages arrive at once, on the sender's thread, unless the pair is cut. */
final class MemoryNetwork {

    private final Map<ReplicaId, MemoryTransport> attached = new ConcurrentHashMap<>();
    private final Set<ReplicaId> cut = ConcurrentHashMap.newKeySet();
    private final Set<ReplicaId> deafToAdoption = ConcurrentHashMap.newKeySet();
    private final AtomicLong sessions = new AtomicLong();

    /** Whether the replica can be asked to adopt a group. */
    void adoptions(ReplicaId replica, boolean possible) {
        if (possible) {
            deafToAdoption.remove(replica);
        } else {
            deafToAdoption.add(replica);
        }
    }

    PeerTransport transport(ReplicaId self) {
        return new MemoryTransport(self);
    }

    /** Nothing reaches the replica or comes from it. */
    void cut(ReplicaId replica) {
        cut.add(replica);
        attached.values().forEach(peer -> peer.unlink(replica));
        Optional.ofNullable(attached.get(replica))
                .ifPresent(self -> attached.keySet().forEach(self::unlink));
    }

    void heal(ReplicaId replica) {
        cut.remove(replica);
        linkAll();
    }

    private synchronized void linkAll() {
        for (MemoryTransport from : attached.values()) {
            for (MemoryTransport to : attached.values()) {
                if (from != to
                        && from.joined.isPresent()
                        && to.joined.isPresent()
                        && from.joined.get().groupUuid().equals(to.joined.get().groupUuid())
                        && !cut.contains(from.self)
                        && !cut.contains(to.self)) {
                    from.link(to.self);
                }
            }
        }
    }

    private final class MemoryTransport implements PeerTransport {
        private final ReplicaId self;
        private final Set<ReplicaId> linked = ConcurrentHashMap.newKeySet();
        private volatile Optional<PeerListener> listener = Optional.empty();
        private volatile Optional<Membership> joined = Optional.empty();

        MemoryTransport(ReplicaId self) {
            this.self = self;
        }

        @Override
        public void start(PeerListener toTell) {
            listener = Optional.of(toTell);
            attached.put(self, this);
        }

        private void link(ReplicaId peer) {
            if (linked.add(peer)) {
                listener.ifPresent(l -> l.peerReset(peer, sessions.incrementAndGet()));
            }
        }

        private void unlink(ReplicaId peer) {
            if (linked.remove(peer)) {
                listener.ifPresent(l -> l.peerUnreachable(peer));
            }
        }

        @Override
        public void send(ReplicaId to, Message message) {
            MemoryTransport peer = attached.get(to);
            if (peer != null && linked.contains(to)) {
                peer.listener.ifPresent(l -> l.received(self, message));
            }
        }

        @Override
        public void joinGroup(Membership membership) {
            joined = Optional.of(membership);
            linkAll();
        }

        @Override
        public CompletableFuture<Bulk.Answer> bulk(ReplicaId peer, Bulk.Request request) {
            return reach(peer)
                    .map(l -> l.bulk(self, request))
                    .orElseGet(() -> CompletableFuture.failedFuture(new IllegalStateException("unreachable")));
        }

        @Override
        public void know(ReplicaId peer, String address) {
            // Everybody finds everybody here.
        }

        @Override
        public CompletableFuture<StoreDescription> describeStore(ReplicaId peer) {
            return reach(peer)
                    .map(l -> CompletableFuture.completedFuture(l.describeStore()))
                    .orElseGet(() -> CompletableFuture.failedFuture(new IllegalStateException("unreachable")));
        }

        @Override
        public CompletableFuture<Void> adoptGroup(ReplicaId peer, String groupName, Membership membership) {
            return reach(peer)
                    .filter(l -> !deafToAdoption.contains(peer))
                    .map(l -> l.adoptGroup(groupName, membership))
                    .orElseGet(() -> CompletableFuture.failedFuture(new IllegalStateException("unreachable")));
        }

        private Optional<PeerListener> reach(ReplicaId peer) {
            return Optional.ofNullable(attached.get(peer))
                    .filter(t -> !cut.contains(peer) && !cut.contains(self))
                    .flatMap(t -> t.listener);
        }

        @Override
        public void close() {
            if (attached.remove(self, this)) {
                for (MemoryTransport peer : new HashSet<>(attached.values())) {
                    peer.unlink(self);
                    peer.listener.ifPresent(l -> l.peerLost(self));
                }
            }
        }
    }
}
