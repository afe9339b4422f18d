package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;

/** What the leader knows of one peer. The stream outlives leaderships; all else begins anew with each. */
final class PeerProgress {

    enum State {
        /** The match is not known: one request at a time until one is accepted. */
        PROBE,
        /** Requests follow each other without waiting, as far as the window allows. */
        REPLICATE,
        /** The peer needs entries that were trimmed; it is offered a snapshot, nothing else is sent to it. */
        SNAPSHOT
    }

    final ReplicaId id;
    final Inflight inflight = new Inflight();

    // What the membership says of it.
    boolean voter;
    int priority;
    /** Removed, but told so for a while, so that it doesn't wait for a leader it no longer has. */
    boolean leaving;

    long leavesNanos = Long.MAX_VALUE;

    // The stream. Answers that carry another session belong to a stream that is gone (R27).
    long session;
    boolean streamOpen;

    State state = State.PROBE;
    /** Durable at the peer and equal to ours; {@code matchIndex < nextIndex}. */
    long matchIndex;

    long nextIndex = 1;
    /** The peer accepted something on this session: until then a refusal of the match itself means it lost it (R36). */
    boolean matchConfirmed;
    /** PROBE: the request is under way. */
    boolean probeSent;
    /** The next request carries no entries: it only asks whether what was sent arrived. */
    boolean nudge;
    /** SNAPSHOT: say so to the peer. */
    boolean offerDue;

    /** First index of the read from disk that is under way, 0 if none. */
    long readFrom;
    /** A read from disk failed: nothing is sent before this time or a new stream (R22). */
    boolean readFailed;

    long readRetryNanos;

    /** When it last answered this leadership, or when that began for it. */
    long heardNanos;
    /** It did answer this leadership. */
    boolean answered;
    /** When an append was last answered, or the first one of the window was sent. */
    long progressNanos;

    long confirmedRound;
    boolean diskSlow;
    long appliedIndex;
    /** From here on it holds everything (D2); until it says so in this leadership it counts as holding nothing. */
    long completeFrom = Long.MAX_VALUE;

    boolean hasSaidWhatItHolds() {
        return completeFrom != Long.MAX_VALUE;
    }

    void heard(long nowNanos) {
        heardNanos = nowNanos;
        answered = true;
    }

    PeerProgress(ReplicaId id) {
        this.id = id;
    }

    /** A new leadership begins. */
    void begin(long next, long nowNanos) {
        matchIndex = 0;
        nextIndex = next;
        matchConfirmed = false;
        heardNanos = nowNanos;
        answered = false;
        confirmedRound = 0;
        diskSlow = false;
        appliedIndex = 0;
        completeFrom = Long.MAX_VALUE;
        readFailed = false;
        readFrom = 0;
        probe(next, nowNanos);
    }

    /** Forgets what is under way and asks again from the index on. */
    void probe(long next, long nowNanos) {
        state = State.PROBE;
        nextIndex = Math.max(next, matchIndex + 1);
        inflight.clear();
        probeSent = false;
        nudge = false;
        readFrom = 0;
        progressNanos = nowNanos;
    }
}
