package io.argosy.raft.node;

import io.argosy.raft.ReplicaId;
import io.argosy.raft.transport.Bulk;
import java.io.IOException;
import java.util.Optional;

/** How the bulk lane asks peers. */
interface BulkCalls {

    /** On the bulk lane. */
    @FunctionalInterface
    interface Receiver {
        void receive(Bulk.Answer answer) throws IOException;
    }

    /** On the bulk lane; empty if the peer could not be asked. */
    @FunctionalInterface
    interface MaybeReceiver {
        void receive(Optional<Bulk.Answer> answer) throws IOException;
    }

    void ask(ReplicaId peer, Bulk.Request request, MaybeReceiver receiver);

    long nowNanos();
}
