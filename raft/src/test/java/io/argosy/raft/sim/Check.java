package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;

/** One rule. Overrides what it must see; everything is called right after it happened, and must be cheap. */
abstract class Check {

    /** The node's store opened what an earlier life left, and its replica is about to begin. */
    void started(SimulatedNode node) {}

    /** After one turn of the node's loop. */
    void turned(SimulatedNode node) {}

    /** The node began to lead the term in the turn that just ended. */
    void elected(SimulatedNode node) {}

    void sent(SimulatedNode node, ReplicaId to, Message message) {}

    /** The first node that knows the entry to be committed. */
    void committed(SimulatedNode node, long index, long term) {}

    /** @param prevTerm term of the entry before it in this log, -1 if unknown */
    void appended(SimulatedNode node, Entry entry, long prevTerm) {}

    void truncating(SimulatedNode node, long fromIndex) {}

    void applied(SimulatedNode node, Entry entry) {}
}
