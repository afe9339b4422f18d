package io.argosy.raft.core;

import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Message.AppendResponse;
import java.util.ArrayList;
import java.util.List;

/** Messages of this turn, in two lanes: those that may leave at once, and those that wait for the disk (D29). */
final class Outbox {

    private ArrayList<Outbound> now = new ArrayList<>();
    private ArrayList<Outbound> afterDurable = new ArrayList<>();

    void now(ReplicaId to, Message message) {
        now.add(new Outbound(to, message));
    }

    /** Leaves once everything that changed up to and including this turn is durable. */
    void afterDurable(ReplicaId to, Message message) {
        if (message instanceof AppendResponse later && !afterDurable.isEmpty()) {
            Outbound last = afterDurable.get(afterDurable.size() - 1);
            if (last.to().equals(to) && last.message() instanceof AppendResponse earlier && covers(later, earlier)) {
                afterDurable.remove(afterDurable.size() - 1);
            }
        }
        afterDurable.add(new Outbound(to, message));
    }

    /** One answer for all appends of a turn: a match up to an index says the same of every index below. */
    private static boolean covers(AppendResponse later, AppendResponse earlier) {
        return !later.rejected()
                && !earlier.rejected()
                && later.term() == earlier.term()
                && later.session() == earlier.session()
                && later.index() >= earlier.index();
    }

    /** The term changed: what waits was said in an older one and is worth nothing any more. */
    void dropAfterDurable() {
        afterDurable.clear();
    }

    boolean hasNow() {
        return !now.isEmpty();
    }

    boolean hasAfterDurable() {
        return !afterDurable.isEmpty();
    }

    List<Outbound> takeNow() {
        if (now.isEmpty()) {
            return List.of();
        }
        List<Outbound> taken = now;
        now = new ArrayList<>(taken.size());
        return taken;
    }

    List<Outbound> takeAfterDurable() {
        if (afterDurable.isEmpty()) {
            return List.of();
        }
        List<Outbound> taken = afterDurable;
        afterDurable = new ArrayList<>(2);
        return taken;
    }
}
