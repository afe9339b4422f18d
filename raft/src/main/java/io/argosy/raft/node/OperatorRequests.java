package io.argosy.raft.node;

import io.argosy.raft.Forbidden;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Decision;
import io.argosy.raft.core.RaftCore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Changes of membership and transfers that were begun and are not done yet. Belongs to the loop. */
final class OperatorRequests {

    private final RaftCore core;
    /** A new leader is known by then, or a transfer failed in a way that nobody can tell. */
    private final long transferNanosMax;

    private final List<Change> changes = new ArrayList<>();
    private Optional<Transfer> transfer = Optional.empty();

    private record Change(long index, long term, CompletableFuture<OperatorResult> answer) {}

    private record Transfer(ReplicaId target, long untilNanos, CompletableFuture<OperatorResult> answer) {}

    OperatorRequests(RaftCore core, long transferNanosMax) {
        this.core = core;
        this.transferNanosMax = transferNanosMax;
    }

    void begun(Decision decision, CompletableFuture<OperatorResult> answer, long nowNanos) {
        if (decision instanceof Decision.Appended appended) {
            changes.add(new Change(appended.index(), appended.term(), answer));
        } else if (decision instanceof Decision.HandingOver handing) {
            transfer.ifPresent(older -> older.answer.complete(new OperatorResult.Unknown()));
            transfer = Optional.of(new Transfer(handing.target(), nowNanos + transferNanosMax, answer));
        } else if (decision instanceof Decision.Allowed) {
            answer.complete(new OperatorResult.Done());
        } else if (decision instanceof Decision.NotLeader notLeader) {
            answer.complete(new OperatorResult.NotLeader(notLeader.leader()));
        } else if (decision instanceof Decision.Refused refused) {
            answer.complete(new OperatorResult.Refused(refused.why()));
        } else {
            throw new AssertionError(decision);
        }
    }

    /** At the end of each turn. */
    void review(long nowNanos) {
        if (!changes.isEmpty()) {
            changes.removeIf(this::isDecided);
        }
        if (transfer.isPresent() && isDecided(transfer.get(), nowNanos)) {
            transfer = Optional.empty();
        }
    }

    /** In the term of the change only its leader can put something else at its index, and it doesn't. */
    private boolean isDecided(Change change) {
        if (core.term() == change.term && core.commitIndex() >= change.index) {
            change.answer.complete(new OperatorResult.Done());
            return true;
        }
        if (core.term() != change.term || core.role() != Role.LEADER) {
            change.answer.complete(new OperatorResult.Unknown());
            return true;
        }
        return false;
    }

    private boolean isDecided(Transfer begun, long nowNanos) {
        Optional<ReplicaId> leader = core.leader();
        if (core.role() == Role.LEADER) {
            if (core.handingOverTo().isPresent()) {
                return false;
            }
            begun.answer.complete(new OperatorResult.Refused(new Forbidden(
                    Reason.NO_ANSWER,
                    "replica " + begun.target
                            + " did not take over within an election timeout, the old leader leads on: try again, or choose"
                            + " another one")));
        } else if (leader.filter(begun.target::equals).isPresent()) {
            begun.answer.complete(new OperatorResult.Done());
        } else if (leader.isPresent()) {
            begun.answer.complete(new OperatorResult.Refused(new Forbidden(
                    Reason.NO_ANSWER,
                    "replica " + leader.get() + " was elected instead of " + begun.target
                            + ": ask again if it matters")));
        } else if (nowNanos - begun.untilNanos >= 0) {
            begun.answer.complete(new OperatorResult.Unknown());
        } else {
            return false;
        }
        return true;
    }

    void abandon() {
        changes.forEach(change -> change.answer.complete(new OperatorResult.Unknown()));
        changes.clear();
        transfer.ifPresent(begun -> begun.answer.complete(new OperatorResult.Unknown()));
        transfer = Optional.empty();
    }
}
