package io.argosy.broker;

import io.argosy.broker.rpc.Leadership;
import io.argosy.raft.Entry;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Who leads, for everything above Raft. A new leader serves only when it has applied an entry of its own term: before
 * that, what the terms before it committed may not be visible here yet (thesis 6.4).
 */
final class GroupLeadership implements Leadership {

    private final ReplicaId self;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    // Written under the monitor, by the loop and the applier; read by everybody.
    private volatile View view = View.NONE;
    private volatile Role role = Role.FOLLOWER;
    private long appliedTerm;

    GroupLeadership(ReplicaId self) {
        this.self = self;
    }

    @Override
    public View view() {
        return view;
    }

    /** As of the last change; for metrics. */
    Role role() {
        return role;
    }

    @Override
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** On the loop thread. */
    void roleChanged(RoleChange change) {
        synchronized (this) {
            if (change.term() < view.term()) {
                return;
            }
            role = change.role();
            boolean leading = change.role() == Role.LEADER;
            boolean serving = leading && appliedTerm == change.term();
            // Not yet serving, it is nobody's leader: calls are held until it is, and not relayed to itself.
            Optional<ReplicaId> leader = leading ? Optional.of(self).filter(id -> serving) : change.leader();
            view = new View(change.term(), leader, serving);
        }
        listeners.forEach(Runnable::run);
    }

    /** On the applier thread, after the entries can be seen by readers. */
    void applied(List<Entry> entries) {
        long term = entries.get(entries.size() - 1).term();
        synchronized (this) {
            if (term == appliedTerm) {
                return;
            }
            appliedTerm = term;
            boolean serving = role == Role.LEADER && view.term() == term;
            if (!serving || view.self()) {
                return;
            }
            view = new View(term, Optional.of(self), true);
        }
        listeners.forEach(Runnable::run);
    }
}
