package io.argosy.raft.transport;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.transport.PeerTransport.PeerListener;
import io.argosy.raft.transport.PeerTransport.StoreDescription;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what the transport says. */
final class RecordingListener implements PeerListener {

    record From(ReplicaId replica, Message message) {}

    final List<From> received = new CopyOnWriteArrayList<>();
    final List<Long> sessions = new CopyOnWriteArrayList<>();
    final List<ReplicaId> unreachable = new CopyOnWriteArrayList<>();
    final List<ReplicaId> lost = new CopyOnWriteArrayList<>();
    final List<Membership> adopted = new CopyOnWriteArrayList<>();
    private final Member self;

    RecordingListener(Member self) {
        this.self = self;
    }

    @Override
    public CompletableFuture<Bulk.Answer> bulk(ReplicaId from, Bulk.Request request) {
        return CompletableFuture.completedFuture(new Bulk.Refused(Bulk.Reason.LATER, from + " asked " + request));
    }

    @Override
    public void received(ReplicaId from, Message message) {
        received.add(new From(from, message));
    }

    @Override
    public void peerReset(ReplicaId peer, long session) {
        sessions.add(session);
    }

    @Override
    public void peerUnreachable(ReplicaId peer) {
        unreachable.add(peer);
    }

    @Override
    public void peerLost(ReplicaId peer) {
        lost.add(peer);
    }

    @Override
    public StoreDescription describeStore() {
        return new StoreDescription(self, adopted.stream().findFirst());
    }

    @Override
    public CompletableFuture<Void> adoptGroup(String groupName, Membership membership) {
        if (!groupName.equals("g1")) {
            return CompletableFuture.failedFuture(new IllegalStateException("not " + groupName));
        }
        adopted.add(membership);
        return CompletableFuture.completedFuture(null);
    }

    List<Message> messages() {
        return received.stream().map(From::message).toList();
    }
}
