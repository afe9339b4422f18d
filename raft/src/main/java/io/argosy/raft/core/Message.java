package io.argosy.raft.core;

import io.argosy.raft.Entry;
import java.util.List;

/** What replicas say to each other. Every message carries the sender's term; the receiver judges it when it steps it. */
public sealed interface Message {

    long term();

    /**
     * @param term the candidate's term; for a pre-vote the term it would campaign in
     * @param transfer asked to campaign by the leader: voters ignore stickiness (R13)
     * @param leaderLost the candidate knows that the leader's process has died
     * @param hollow a pre-vote of one that lacks bodies: who lacks none and could lead shall do so instead (D2)
     * @param givesUp every voter has answered in this term that nothing is left of what goes beyond this log: who had more
     *     shall give it up
     */
    record VoteRequest(
            long term,
            long lastIndex,
            long lastTerm,
            boolean preVote,
            boolean transfer,
            boolean leaderLost,
            boolean hollow,
            boolean givesUp)
            implements Message {

        /** Nothing is given up. */
        public VoteRequest(
                long term,
                long lastIndex,
                long lastTerm,
                boolean preVote,
                boolean transfer,
                boolean leaderLost,
                boolean hollow) {
            this(term, lastIndex, lastTerm, preVote, transfer, leaderLost, hollow, false);
        }

        LogEnd end() {
            return new LogEnd(lastTerm, lastIndex);
        }
    }

    record VoteResponse(long term, boolean granted, boolean preVote, Refusal refusal) implements Message {}

    /** Why a vote was not granted; operators read these. */
    enum Refusal {
        NONE,
        LEADER_ALIVE,
        LOG_BEHIND,
        STALE_TERM,
        ALREADY_VOTED,
        UNKNOWN_MEMBER,
        CANDIDATE_HOLLOW,
        /**
         * The voter's log goes further, but the first entry that goes beyond the candidate's log is lost there, and nothing
         * proves that it was ever durable.
         */
        LOST_MORE
    }

    /** @param session of the append stream, {@link RaftCore#peerReset}; comes back in the response (R27) */
    record AppendRequest(long term, long prevIndex, long prevTerm, long commitIndex, long session, List<Entry> entries)
            implements Message {}

    /**
     * @param index accepted: highest index that matches and is durable at the follower; rejected: the refused prevIndex
     * @param hintTerm rejected: the follower's term at {@code hintIndex}
     * @param hintIndex rejected: highest index at which the logs may still agree, below the refused one
     */
    record AppendResponse(
            long term,
            long session,
            boolean rejected,
            long index,
            long hintTerm,
            long hintIndex,
            long appliedIndex,
            boolean diskSlow)
            implements Message {}

    /**
     * @param commitIndex at most the receiver's match index
     * @param readRound highest ReadIndex round begun; an answer confirms all rounds up to it (R44)
     * @param windowEnd last index of the newest window that the sender applied whole ({@link WindowHash}), 0 if none
     * @param windowHash of that window: the receiver's must be the same
     */
    record Heartbeat(long term, long commitIndex, long readRound, long session, long windowEnd, long windowHash)
            implements Message {

        /** One that says nothing of what was applied. */
        public Heartbeat(long term, long commitIndex, long readRound, long session) {
            this(term, commitIndex, readRound, session, 0, 0);
        }
    }

    /** @param completeFrom from here to the end of its log the sender holds everything (D2) */
    record HeartbeatResponse(
            long term,
            long readRound,
            long session,
            long durableIndex,
            long appliedIndex,
            boolean diskSlow,
            long completeFrom)
            implements Message {}

    /** The receiver shall campaign at once (thesis 3.10). */
    record TimeoutNow(long term) implements Message {}

    /**
     * What the receiver needs next was trimmed: it shall fetch a snapshot from the sender, unless it holds the entry that
     * the sender still knows.
     *
     * @param prevIndex last index below the sender's log
     * @param prevTerm its term
     */
    record SnapshotOffer(long term, long prevIndex, long prevTerm) implements Message {}

    /** Best effort: the sender stops leading; nobody needs to wait for an election timeout. */
    record LeaderResigned(long term) implements Message {}
}
