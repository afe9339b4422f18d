package io.argosy.raft.core;

import io.argosy.raft.Membership;
import java.util.List;
import java.util.Optional;

/**
 * What the store held at start.
 *
 * @param membership as of the last CONFIG entry in the log, with its index; empty for a store without a group
 * @param storeIsVoter this store's UUID is the one the membership names for this replica id
 * @param firstIndex lowest index in the log, {@code lastIndex + 1} if it is empty
 * @param lastIndex highest index in the log, 0 if nothing was ever written
 * @param terms first index of each term in the log, ascending; the first one covers {@code firstIndex - 1}
 * @param appliedIndex durable in the state machine, so known to be committed
 * @param electable false while entries of this store are damaged: it votes as the log it had, but does not campaign
 */
public record RestoredState(
        HardState hardState,
        Optional<ConfigAt> membership,
        boolean storeIsVoter,
        long firstIndex,
        long lastIndex,
        List<TermStart> terms,
        long appliedIndex,
        boolean electable) {

    public RestoredState {
        terms = List.copyOf(terms);
    }

    public record TermStart(long firstIndex, long term) {}

    public record ConfigAt(long index, Membership membership) {}
}
