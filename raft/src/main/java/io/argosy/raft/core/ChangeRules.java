package io.argosy.raft.core;

import io.argosy.raft.Forbidden;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.PeerProgress.State;
import java.util.Optional;

/**
 * Which changes of membership a leader begins. Safety needs R49 and R50, which {@link RaftCore} asks first; what is here
 * keeps an operator from stopping the group or losing data: a change must leave a majority that answers.
 */
final class ChangeRules {

    private final CoreConfig config;
    private final LogView log;
    private final Replicator replicator;
    private final CatchUp catchUp;
    private final Shortfall shortfall;

    ChangeRules(CoreConfig config, LogView log, Replicator replicator, CatchUp catchUp, Shortfall shortfall) {
        this.config = config;
        this.log = log;
        this.replicator = replicator;
        this.catchUp = catchUp;
        this.shortfall = shortfall;
    }

    sealed interface Judged {
        record Allowed(Membership next) implements Judged {}

        record Denied(Forbidden why) implements Judged {}
    }

    Judged judge(MembershipChange change, Membership now, long nowNanos) {
        try {
            if (change instanceof MembershipChange.AddLearner add) {
                return add(add.member(), now);
            } else if (change instanceof MembershipChange.Promote promote) {
                return promote(promote.id(), now, nowNanos);
            } else if (change instanceof MembershipChange.Remove remove) {
                return remove(remove.id(), now, nowNanos);
            } else if (change instanceof MembershipChange.Prioritise prioritise) {
                return now.member(prioritise.id()).isEmpty()
                        ? unknown(prioritise.id(), now)
                        : new Judged.Allowed(now.withPriority(prioritise.id(), prioritise.priority()));
            } else if (change instanceof MembershipChange.ChangeFlush changeFlush) {
                return new Judged.Allowed(now.withFlush(changeFlush.flush()));
            } else {
                throw new AssertionError(change);
            }
        } catch (IllegalArgumentException e) {
            return deny(Reason.TOO_LARGE, String.valueOf(e.getMessage()));
        }
    }

    private static Judged add(Member member, Membership now) {
        if (now.isRetired(member.id())) {
            return deny(
                    Reason.ID_RETIRED,
                    "id " + member.id() + " belonged to a replica that was removed, and ids are never used again:"
                            + " configure the new replica with a new id");
        }
        Optional<Member> holder = now.member(member.id());
        if (holder.isPresent()) {
            boolean same = holder.get().isStore(member.storeUuid());
            return deny(
                    Reason.ID_TAKEN,
                    same
                            ? "replica " + member.id()
                                    + " is a member already; if its disk is new or was wiped it needs"
                                    + " a new id: add it under that one, then remove this one"
                            : "id " + member.id() + " belongs to store "
                                    + holder.get().storeUuid() + ", not to store " + member.storeUuid()
                                    + ": a new or wiped disk needs a new id; remove the old replica once the new one"
                                    + " is a voter");
        }
        for (Member other : now.members()) {
            if (other.isStore(member.storeUuid())) {
                return deny(
                        Reason.STORE_TAKEN,
                        "store " + member.storeUuid() + " is a member already, as replica " + other.id()
                                + ": start the new replica with an empty data folder, not with a copy");
            }
        }
        return new Judged.Allowed(now.withLearner(member));
    }

    private Judged promote(ReplicaId id, Membership now, long nowNanos) {
        if (now.voter(id).isPresent()) {
            return deny(Reason.ALREADY_VOTER, "replica " + id + " is a voter already: nothing is left to do");
        }
        int position = replicator.find(id);
        if (now.learner(id).isEmpty() || position < 0) {
            return unknown(id, now);
        }
        PeerProgress peer = replicator.peers()[position];
        if (!replicator.isLive(peer, nowNanos)) {
            return deny(
                    Reason.UNREACHABLE,
                    "replica " + id + " does not answer the leader: start it, or mend the network between them");
        }
        if (replicator.isHollow(peer)) {
            return deny(
                    Reason.HOLLOW, "replica " + id + " does not hold all messages yet: wait until it has fetched them");
        }
        if (peer.state != State.REPLICATE
                || !peer.matchConfirmed
                || !catchUp.reached(peer.matchIndex, log.lastIndex())) {
            return deny(
                    Reason.NOT_CAUGHT_UP,
                    "replica " + id + " holds entries up to " + peer.matchIndex + " of " + log.lastIndex()
                            + ": wait until it has caught up");
        }
        return ifMajorityAnswers(now.withPromoted(id), nowNanos);
    }

    private Judged remove(ReplicaId id, Membership now, long nowNanos) {
        if (now.learner(id).isPresent()) {
            return new Judged.Allowed(now.without(id));
        }
        if (now.voter(id).isEmpty()) {
            return unknown(id, now);
        }
        if (now.voters().size() == 1) {
            return deny(Reason.LAST_VOTER, "replica " + id + " is the only voter: promote another one first");
        }
        if (shortfall.isHollow() && !config.self().equals(id)) {
            return denyLastCopy(config.self(), id);
        }
        for (PeerProgress peer : replicator.peers()) {
            if (!peer.voter || peer.id.equals(id) || !replicator.isHollow(peer)) {
                continue;
            }
            if (peer.hasSaidWhatItHolds()) {
                return denyLastCopy(peer.id, id);
            }
            // What became of the disk of one that is gone nobody knows; it must not forbid everything.
            if (replicator.isLive(peer, nowNanos)) {
                return deny(
                        Reason.NOT_HEARD_YET,
                        "replica " + peer.id + " has not told this leader yet what it holds: try again");
            }
        }
        return ifMajorityAnswers(now.without(id), nowNanos);
    }

    private Judged ifMajorityAnswers(Membership next, long nowNanos) {
        int live = next.voter(config.self()).isPresent() ? 1 : 0;
        for (PeerProgress peer : replicator.peers()) {
            if (next.voter(peer.id).isPresent() && replicator.isLive(peer, nowNanos)) {
                live++;
            }
        }
        return live >= next.majority()
                ? new Judged.Allowed(next)
                : deny(
                        Reason.QUORUM_AT_RISK,
                        "only " + live + " of the " + next.voters().size()
                                + " voters that there would be answer, and nothing commits without "
                                + next.majority() + ": start the others, or remove those that are gone first");
    }

    private static Judged denyLastCopy(ReplicaId hollow, ReplicaId removed) {
        return deny(
                Reason.HOLLOW,
                "replica " + hollow + " does not hold all messages yet, and " + removed
                        + " may have the last copy: wait until it has fetched them");
    }

    private static Judged unknown(ReplicaId id, Membership now) {
        return deny(
                Reason.UNKNOWN_REPLICA,
                now.isRetired(id)
                        ? "replica " + id + " was removed, and ids are never used again: add a replica with a new id"
                        : "the group has no replica " + id + ": 'argosy raft status' lists those it has");
    }

    private static Judged deny(Reason reason, String text) {
        return new Judged.Denied(new Forbidden(reason, text));
    }
}
