package io.argosy.raft.core;

import io.argosy.raft.core.Effects.ReadReady;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/**
 * Reads that wait for proof that this replica still leads (ReadIndex, thesis 6.4). Requests of one turn share a round;
 * a round's number is used once, and only answers to it or to a later one confirm it (R44).
 */
final class ReadRounds {

    /** More reads than this fail at once. */
    static final int WAITING_MAX = 1 << 16;
    /** Rounds under way at a time; later requests share the next one. */
    private static final int OPEN_MAX = 4;

    private final ArrayDeque<Round> open = new ArrayDeque<>();
    private long[] waiting = new long[16];
    private int waitingCount;
    private long lastRound;

    /** Highest round begun. */
    long lastRound() {
        return lastRound;
    }

    /** Returns false if too many wait already. */
    boolean add(long context) {
        if (waitingCount == WAITING_MAX) {
            return false;
        }
        if (waitingCount == waiting.length) {
            waiting = Arrays.copyOf(waiting, waitingCount * 2);
        }
        waiting[waitingCount++] = context;
        return true;
    }

    boolean canBegin() {
        return waitingCount > 0 && open.size() < OPEN_MAX;
    }

    /** Begins a round for all that wait. */
    void begin(long readIndex) {
        lastRound++;
        open.add(new Round(lastRound, readIndex, Arrays.copyOf(waiting, waitingCount)));
        waitingCount = 0;
    }

    /** A majority answered this round or a later one. */
    void confirm(long round, List<ReadReady> ready) {
        while (!open.isEmpty() && open.getFirst().number <= round) {
            Round confirmed = open.removeFirst();
            for (long context : confirmed.contexts) {
                ready.add(new ReadReady(context, confirmed.index));
            }
        }
    }

    boolean hasOpen() {
        return !open.isEmpty();
    }

    /** Leadership ended. */
    void failAll(List<Long> failed) {
        for (Round round : open) {
            for (long context : round.contexts) {
                failed.add(context);
            }
        }
        open.clear();
        for (int i = 0; i < waitingCount; i++) {
            failed.add(waiting[i]);
        }
        waitingCount = 0;
    }

    private static final class Round {
        private final long number;
        private final long index;
        private final long[] contexts;

        Round(long number, long index, long[] contexts) {
            this.number = number;
            this.index = index;
            this.contexts = contexts;
        }
    }
}
