package io.argosy.broker.state;

import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What becomes of a state whose files are damaged: it is never served. A start that finds it sets the folder aside and
 * begins with an empty state, which the log or a snapshot of a peer fills again; a running replica notes it for its next
 * start and stops.
 *
 * @param canBeRebuilt whether log or peers have all that the state is made of. Any thread
 * @param clock names the folder that is set aside
 * @param onDamage stops the replica; called once, on the thread that came across the damage
 */
public record StateDamage(BooleanSupplier canBeRebuilt, InstantSource clock, Consumer<StateStoreException> onDamage) {

    /** Of a store that nobody replicates: damage is an error. */
    public static final StateDamage REFUSED = new StateDamage(() -> false, InstantSource.system(), e -> {});
}
