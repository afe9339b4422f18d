package io.argosy.broker.rpc;

import io.argosy.raft.ReplicaId;
import java.util.Optional;

/** Who leads the group, as far as this replica knows; readable from any thread. */
public interface Leadership {

    /** The newest view. Must not change back to an older one once a listener was told. */
    View view();

    /** Called after each change, on any thread; the listener returns quickly and reads {@link #view()}. */
    void onChange(Runnable listener);

    /**
     * @param leader empty while none is known, and on a new leader until it serves
     * @param self whether this replica is the leader and serves calls: its state machine has applied its own term
     */
    record View(long term, Optional<ReplicaId> leader, boolean self) {

        public static final View NONE = new View(0, Optional.empty(), false);
    }
}
