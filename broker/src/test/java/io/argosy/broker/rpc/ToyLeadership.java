package io.argosy.broker.rpc;

import io.argosy.raft.ReplicaId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A view of the leader that a test sets. */
final class ToyLeadership implements Leadership {

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile View view = View.NONE;

    @Override
    public View view() {
        return view;
    }

    @Override
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    void become(View changed) {
        view = changed;
        listeners.forEach(Runnable::run);
    }

    void lost(long term) {
        become(new View(term, Optional.empty(), false));
    }

    void follows(long term, int leader) {
        become(new View(term, Optional.of(new ReplicaId(leader)), false));
    }

    void leads(long term, int self) {
        become(new View(term, Optional.of(new ReplicaId(self)), true));
    }
}
