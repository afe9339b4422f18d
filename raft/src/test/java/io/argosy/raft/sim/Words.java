package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.RoleChange;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.LeaderResigned;
import io.argosy.raft.core.Message.SnapshotOffer;
import io.argosy.raft.core.Message.TimeoutNow;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import java.util.List;
import java.util.Locale;

/** What a trace shows, as one would say it. */
final class Words {

    private Words() {}

    /** Anything that a trace may hold; what has no words of its own says itself what it is. */
    static String of(Object what) {
        if (what instanceof Message message) {
            return ofMessage(message);
        } else if (what instanceof RoleChange change) {
            return ofRole(change);
        } else if (what instanceof HardState state) {
            return "term " + state.term()
                    + state.votedFor().map(id -> ", voted for " + replica(id)).orElse(", voted for nobody");
        } else if (what instanceof OperatorResult result) {
            return ofResult(result);
        } else if (what instanceof Throwable failure) {
            return String.valueOf(failure.getMessage());
        }
        return String.valueOf(what);
    }

    static String replica(ReplicaId id) {
        return "r" + id;
    }

    private static String ofMessage(Message message) {
        if (message instanceof VoteRequest m) {
            return (m.preVote() ? "would you vote for me in term " : "vote for me in term ") + m.term()
                    + ", my log ends with " + entry(m.lastIndex(), m.lastTerm())
                    + (m.transfer() ? ", the leader asked me to" : "")
                    + (m.leaderLost() ? ", the leader has died" : "")
                    + (m.hollow() ? ", I lack messages" : "")
                    + (m.givesUp() ? ", nobody has what goes beyond it" : "");
        } else if (message instanceof VoteResponse m) {
            String vote = m.preVote() ? "would vote" : "votes";
            return m.granted()
                    ? "yes, " + vote + " in term " + m.term()
                    : "no, " + vote + " not, is in term " + m.term() + ": " + plain(m.refusal());
        } else if (message instanceof AppendRequest m) {
            return entries(m.entries()) + " behind " + entry(m.prevIndex(), m.prevTerm()) + ", committed up to "
                    + m.commitIndex() + ", leader of term " + m.term() + ", session " + m.session();
        } else if (message instanceof AppendResponse m) {
            String said = m.rejected()
                    ? "refused behind entry " + m.index() + ", may agree up to " + entry(m.hintIndex(), m.hintTerm())
                    : "has entries up to " + m.index();
            return said + ", applied up to " + m.appliedIndex() + ", term " + m.term() + ", session " + m.session()
                    + (m.diskSlow() ? ", disk slow" : "");
        } else if (message instanceof Heartbeat m) {
            return "heartbeat, committed up to " + m.commitIndex() + ", leader of term " + m.term() + ", read round "
                    + m.readRound()
                    + (m.windowEnd() > 0 ? ", hash of what was applied up to " + m.windowEnd() : "");
        } else if (message instanceof HeartbeatResponse m) {
            return "answer to a heartbeat, on disk up to " + m.durableIndex() + ", applied up to " + m.appliedIndex()
                    + ", term " + m.term() + ", read round " + m.readRound()
                    + (m.completeFrom() == Long.MAX_VALUE ? ", holds nothing" : ", holds all from " + m.completeFrom())
                    + (m.diskSlow() ? ", disk slow" : "");
        } else if (message instanceof TimeoutNow m) {
            return "campaign at once, says the leader of term " + m.term();
        } else if (message instanceof SnapshotOffer m) {
            return "fetch a snapshot, my log begins behind " + entry(m.prevIndex(), m.prevTerm()) + ", leader of term "
                    + m.term();
        } else if (message instanceof LeaderResigned m) {
            return "no longer the leader of term " + m.term();
        }
        throw new AssertionError(message);
    }

    private static String ofRole(RoleChange change) {
        return plain(change.role()) + " in term " + change.term()
                + change.leader().map(id -> ", leader is " + replica(id)).orElse(", knows no leader");
    }

    private static String ofResult(OperatorResult result) {
        if (result instanceof OperatorResult.Done) {
            return "done";
        } else if (result instanceof OperatorResult.Refused refused) {
            return "refused: " + refused.why().text();
        } else if (result instanceof OperatorResult.NotLeader not) {
            return "does not lead"
                    + not.leader().map(id -> ", " + replica(id) + " does").orElse("");
        }
        return "not known whether it was done";
    }

    private static String entries(List<Entry> entries) {
        if (entries.isEmpty()) {
            return "no entries";
        }
        Entry first = entries.get(0);
        Entry last = entries.get(entries.size() - 1);
        return first == last
                ? entry(first.index(), first.term()) + " (" + plain(first.type()) + ")"
                : "entries " + first.index() + " to " + last.index() + " up to term " + last.term();
    }

    private static String entry(long index, long term) {
        return index == 0 ? "the beginning" : "entry " + index + " of term " + term;
    }

    private static String plain(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
