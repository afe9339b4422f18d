package io.argosy.broker.state;

import io.argosy.broker.command.Command;
import io.argosy.raft.Entry;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The rules of some kinds of command inside the state machine. Deterministic: reads the entry, the time it is given and
 * replicated state, nothing else (R59). All methods run on the applier thread. The constructor loads what the store
 * holds; every entry behind {@link StateStore#appliedIndex()} comes (again) through {@link #sequence}.
 */
public interface CommandApplier {

    Set<Command.Kind> kinds();

    /**
     * The state was replaced as a whole by that of another replica: forgets what is in memory and loads what the store
     * holds. Between two runs.
     */
    void reload(StateStore store);

    /**
     * Stage one: changes memory, in commit order.
     *
     * @param payload position to limit is the whole payload of the entry, header included; read-only
     * @param entryTimeMillis time of the entry: the leader's clock, clamped to never go back
     * @throws RuntimeException stops the replica; for bytes that no version of the broker could have proposed
     */
    void sequence(Entry entry, ByteBuffer payload, long entryTimeMillis);

    /** Stage two: writes what the run changed; once per run, after all of its entries were sequenced. */
    void index(StateStore.Batch batch);

    /** The batch is in the store: let readers see it and wake who waits. Proposers are answered after this. */
    default void visible() {}
}
