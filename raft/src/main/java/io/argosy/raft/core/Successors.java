package io.argosy.raft.core;

import io.argosy.raft.Forbidden;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.core.PeerProgress.State;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** Who could lead in this leader's place. A target must be able to begin at once: log, disk and applier keep up (R13). */
final class Successors {

    /** Entries that the target has but not applied: it would not serve before they are. */
    private static final long APPLY_LAG_MAX = 10_000;

    private final CoreConfig config;
    private final LogView log;
    private final Replicator replicator;

    Successors(CoreConfig config, LogView log, Replicator replicator) {
        this.config = config;
        this.log = log;
        this.replicator = replicator;
    }

    /** The fittest: highest priority, then the longest log. */
    Optional<PeerProgress> best(long commitIndex, long nowNanos) {
        return Stream.of(replicator.peers())
                .filter(peer -> unfit(peer, commitIndex, nowNanos).isEmpty())
                .max(Comparator.<PeerProgress>comparingInt(peer -> peer.priority)
                        .thenComparingLong(peer -> peer.matchIndex)
                        .thenComparing(peer -> peer.id, Comparator.reverseOrder()));
    }

    Optional<Forbidden> unfit(PeerProgress peer, long commitIndex, long nowNanos) {
        String name = "replica " + peer.id;
        if (!peer.voter) {
            return forbid(Reason.NOT_A_VOTER, name + " is a learner, and learners don't lead: promote it first");
        }
        if (!peer.streamOpen || nowNanos - peer.heardNanos >= config.electionMinNanos()) {
            return forbid(Reason.UNREACHABLE, name + " does not answer the leader: start it, or choose another one");
        }
        if (peer.diskSlow) {
            return forbid(Reason.DISK_SLOW, name + " says that its disk is slow: choose another one");
        }
        if (replicator.isHollow(peer) && !peer.hasSaidWhatItHolds()) {
            return forbid(Reason.NOT_HEARD_YET, name + " has not told this leader yet what it holds: try again");
        }
        if (replicator.isHollow(peer)) {
            return forbid(Reason.HOLLOW, name + " does not hold all messages yet: wait until it has fetched them");
        }
        long lag = log.lastIndex() - peer.matchIndex;
        if (peer.state != State.REPLICATE || lag > CatchUp.ENTRIES_MAX) {
            return forbid(
                    Reason.NOT_CAUGHT_UP,
                    name + " lacks " + lag + " entries: wait until it has caught up, or choose another one");
        }
        long applyLag = commitIndex - peer.appliedIndex;
        if (applyLag > APPLY_LAG_MAX) {
            return forbid(
                    Reason.NOT_CAUGHT_UP,
                    name + " has not applied " + applyLag + " entries: wait until it has, or choose another one");
        }
        return Optional.empty();
    }

    private static Optional<Forbidden> forbid(Reason reason, String text) {
        return Optional.of(new Forbidden(reason, text));
    }
}
