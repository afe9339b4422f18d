package io.argosy.raft.core;

import java.util.ArrayDeque;

/**
 * What of this replica's state is on stable storage. Requests to the append lane are remembered in order; each answer
 * attests the log as it was when the request was issued, minus what was truncated since.
 */
final class Durability {

    private final ArrayDeque<Request> requests = new ArrayDeque<>();
    private long lastSequence;
    private long durableIndex;
    private HardState durableHardState;

    Durability(HardState hardState, long lastIndex) {
        this.durableHardState = hardState;
        this.durableIndex = lastIndex;
    }

    /** Highest index that is durable here; never beyond what the log holds now. */
    long durableIndex() {
        return durableIndex;
    }

    HardState durableHardState() {
        return durableHardState;
    }

    /** Notes a request and returns its sequence. */
    long issue(HardState hardState, long lastIndex) {
        lastSequence++;
        requests.add(new Request(lastSequence, hardState, lastIndex));
        return lastSequence;
    }

    /**
     * Entries behind the index are replaced: requests under way must not attest their successors. Without the cap, the
     * answer for "5 to 7 of term 2" would mark 5 to 7 of term 3 durable while they are still in memory (R39).
     */
    void truncated(long fromIndex) {
        durableIndex = Math.min(durableIndex, fromIndex - 1);
        for (Request request : requests) {
            request.lastIndex = Math.min(request.lastIndex, fromIndex - 1);
        }
    }

    /**
     * @param currentTerm answers to requests of an older term never advance the durable index (R39); the request that
     *     carried the new term attests the same tail again
     */
    void persisted(long sequence, long currentTerm) {
        if (sequence > lastSequence) {
            throw new InvariantViolation("persisted " + sequence + " but only " + lastSequence + " were issued");
        }
        while (!requests.isEmpty() && requests.getFirst().sequence <= sequence) {
            Request done = requests.removeFirst();
            durableHardState = done.hardState;
            if (done.hardState.term() == currentTerm) {
                durableIndex = Math.max(durableIndex, done.lastIndex);
            }
        }
    }

    /** The log begins anew behind the index, durably: what was written before is gone. */
    void resetBehind(long index) {
        durableIndex = index;
        for (Request request : requests) {
            request.lastIndex = Math.min(request.lastIndex, index);
        }
    }

    void born() {
        durableIndex = 1;
    }

    private static final class Request {
        private final long sequence;
        private final HardState hardState;
        private long lastIndex;

        Request(long sequence, HardState hardState, long lastIndex) {
            this.sequence = sequence;
            this.hardState = hardState;
            this.lastIndex = lastIndex;
        }
    }
}
