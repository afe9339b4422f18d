package io.argosy.raft.node;

import io.argosy.raft.Forbidden;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.Operations;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.transport.PeerTransport;
import io.argosy.raft.transport.PeerTransport.StoreDescription;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What operators ask for, on any thread. A new replica is adopted before it is added: its store then knows the group and
 * follows whoever leads, and a store that was adopted and never added waits as a stranger and harms nobody.
 */
final class Operators implements Operations {

    private final RaftConfig config;
    private final ReplicaStore store;
    private final PeerTransport transport;
    private final Supplier<RaftStatus> status;
    private final Consumer<Input> inbox;

    Operators(
            RaftConfig config,
            ReplicaStore store,
            PeerTransport transport,
            Supplier<RaftStatus> status,
            Consumer<Input> inbox) {
        this.config = config;
        this.store = store;
        this.transport = transport;
        this.status = status;
        this.inbox = inbox;
    }

    @Override
    public CompletableFuture<OperatorResult> addLearner(ReplicaId id, String peerAddress, String services) {
        RaftStatus now = status.get();
        Optional<Membership> founding = store.founding();
        if (!now.leading() || now.membership().isEmpty() || founding.isEmpty()) {
            return CompletableFuture.completedFuture(new OperatorResult.NotLeader(now.leader()));
        }
        Membership members = now.membership().get();
        if (members.isRetired(id) || members.member(id).isPresent()) {
            // Refused before the store at the address is touched. The core knows the reason; the UUID is no store's.
            return change(new MembershipChange.AddLearner(members.member(id).orElse(new Member(id, new UUID(0, 0)))));
        }
        try {
            transport.know(id, peerAddress);
        } catch (IllegalArgumentException e) {
            return refused(Reason.WRONG_STORE, String.valueOf(e.getMessage()));
        }
        return transport
                .describeStore(id)
                .thenCompose(found -> adopt(id, peerAddress, services, found, members, founding.get()))
                .exceptionally(failure -> {
                    return new OperatorResult.Refused(new Forbidden(
                            Reason.UNREACHABLE,
                            "replica " + id + " cannot be asked at " + peerAddress + " (" + inWords(failure)
                                    + "): check that it runs, and that this is its peer address"));
                });
    }

    private static String inWords(Throwable failure) {
        Throwable last = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return "nobody listens there";
            }
            if (cause instanceof UnknownHostException) {
                return "the host name cannot be resolved";
            }
            last = cause;
        }
        return String.valueOf(last.getMessage());
    }

    private CompletableFuture<OperatorResult> adopt(
            ReplicaId id,
            String peerAddress,
            String services,
            StoreDescription found,
            Membership members,
            Membership founding) {
        String where = "what answers at " + peerAddress;
        if (!found.member().id().equals(id)) {
            return refused(
                    Reason.WRONG_STORE,
                    where + " is replica " + found.member().id() + ", not " + id + ": give the peer address of replica "
                            + id);
        }
        if (found.membership()
                .filter(m -> !m.groupUuid().equals(members.groupUuid()))
                .isPresent()) {
            return refused(
                    Reason.WRONG_STORE,
                    where + " belongs to group UUID "
                            + found.membership().get().groupUuid()
                            + " already: only an empty data folder can be added");
        }
        Member member = new Member(id, found.member().storeUuid(), peerAddress, services, Member.PRIORITY_DEFAULT);
        CompletableFuture<Void> adopted = found.membership().isPresent()
                ? CompletableFuture.completedFuture(null)
                : transport.adoptGroup(id, config.groupName(), founding);
        return adopted.thenCompose(done -> change(new MembershipChange.AddLearner(member)));
    }

    @Override
    public CompletableFuture<OperatorResult> promote(ReplicaId id) {
        return change(new MembershipChange.Promote(id));
    }

    @Override
    public CompletableFuture<OperatorResult> remove(ReplicaId id) {
        return change(new MembershipChange.Remove(id));
    }

    @Override
    public CompletableFuture<OperatorResult> judgeRemoval(ReplicaId id) {
        CompletableFuture<OperatorResult> answer = new CompletableFuture<>();
        inbox.accept(new Input.Judge(new MembershipChange.Remove(id), answer));
        return answer;
    }

    @Override
    public CompletableFuture<OperatorResult> changeFlush(RaftConfig.Flush flush) {
        return change(new MembershipChange.ChangeFlush(flush));
    }

    @Override
    public CompletableFuture<OperatorResult> prioritise(ReplicaId id, int priority) {
        return change(new MembershipChange.Prioritise(id, priority));
    }

    @Override
    public CompletableFuture<OperatorResult> transferLeadership(Optional<ReplicaId> to) {
        CompletableFuture<OperatorResult> answer = new CompletableFuture<>();
        inbox.accept(new Input.Transfer(to, answer));
        return answer;
    }

    private CompletableFuture<OperatorResult> change(MembershipChange change) {
        CompletableFuture<OperatorResult> answer = new CompletableFuture<>();
        inbox.accept(new Input.Change(change, answer));
        return answer;
    }

    private static CompletableFuture<OperatorResult> refused(Reason reason, String text) {
        return CompletableFuture.completedFuture(new OperatorResult.Refused(new Forbidden(reason, text)));
    }
}
