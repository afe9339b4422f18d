package io.argosy.raft.core;

import io.argosy.raft.Membership;
import java.util.List;
import java.util.Optional;

/**
 * What the store held at start.
 *
 * @param configs the memberships that the log holds, ascending, the first one in force at {@code firstIndex - 1} or
 *     later; empty for a store without a group
 * @param firstIndex lowest index in the log, {@code lastIndex + 1} if it is empty
 * @param lastIndex highest index in the log, 0 if nothing was ever written
 * @param terms first index of each term in the log, ascending; the first one covers {@code firstIndex - 1},
 *     unless its term is lost
 * @param appliedIndex durable in the state machine, so known to be committed
 * @param electable false while entries of this store are damaged: it votes as the log it had, but does not campaign
 */
public record RestoredState(
        HardState hardState,
        List<ConfigAt> configs,
        long firstIndex,
        long lastIndex,
        List<TermStart> terms,
        long appliedIndex,
        boolean electable) {

    public RestoredState {
        terms = List.copyOf(terms);
        configs = List.copyOf(configs);
    }

    /** In force; empty for a store without a group. */
    public Optional<ConfigAt> membership() {
        return configs.isEmpty() ? Optional.empty() : Optional.of(configs.get(configs.size() - 1));
    }

    public record TermStart(long firstIndex, long term) {}

    public record ConfigAt(long index, Membership membership) {}
}
