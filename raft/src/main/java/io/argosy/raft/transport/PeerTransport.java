package io.argosy.raft.transport;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Carries messages between replicas. Nothing blocks; what can't be sent is dropped. */
public interface PeerTransport extends AutoCloseable {

    /** Opens the listener and begins to connect; the listener's methods are called on transport threads. */
    void start(PeerListener listener);

    /** Appends and their answers go on the append connection, everything else on the control connection. */
    void send(ReplicaId to, Message message);

    /**
     * From now on streams name this group and go to all its members. They are accepted from any store of the group whose
     * id it doesn't give to another store (R36): who just joined may be ahead of our log. Called when the store belongs to
     * a group, and again when the membership changed; streams to those who were removed end a little later.
     */
    void joinGroup(Membership membership);

    /**
     * Where a replica is reached that neither the configuration nor the membership names yet.
     *
     * @throws IllegalArgumentException if the address is not host:port
     */
    void know(ReplicaId peer, String address);

    CompletableFuture<StoreDescription> describeStore(ReplicaId peer);

    CompletableFuture<Void> adoptGroup(ReplicaId peer, String groupName, Membership membership);

    /** Asks a peer for a part of something large; fails if the peer can't be reached, is not answered in a minute. */
    CompletableFuture<Bulk.Answer> bulk(ReplicaId peer, Bulk.Request request);

    @Override
    void close();

    /** @param membership empty while the store belongs to no group */
    record StoreDescription(Member member, Optional<Membership> membership) {}

    /** What the transport tells the node; implementations only enqueue. */
    interface PeerListener {

        void received(ReplicaId from, Message message);

        /** A new append stream to the peer is open. */
        void peerReset(ReplicaId peer, long session);

        /** The append stream to the peer broke. */
        void peerUnreachable(ReplicaId peer);

        /** The peer's connection was reset and a new one is refused: its process has died. */
        void peerLost(ReplicaId peer);

        /** A peer asks for a part of something large; the answer may take as long as the disk does. */
        CompletableFuture<Bulk.Answer> bulk(ReplicaId from, Bulk.Request request);

        StoreDescription describeStore();

        /** Completes once the store has adopted the group durably. */
        CompletableFuture<Void> adoptGroup(String groupName, Membership membership);

        /** As above, into a group that was recovered by force. */
        default CompletableFuture<Void> adoptGroup(String groupName, Membership membership, long recoveryEpoch) {
            return adoptGroup(groupName, membership);
        }
    }
}
