package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.RaftCore;
import java.util.Arrays;
import java.util.List;

/** Hands events to all checks, and keeps what is true for certain: the committed entries. */
final class Checks {

    private final World world;
    private final List<Check> all;
    private long[] committedTerms = new long[1024];
    private int[] committedCrcs = new int[1024];
    private boolean[] contentKnown = new boolean[1024];
    private long committedIndex;
    private long highestLeaderTerm;

    Checks(World world) {
        this.world = world;
        this.all = Rules.all(world, this);
    }

    void require(boolean holds, SimulatedNode node, String rule) {
        if (!holds) {
            throw new Violation(rule + " at replica " + node.id() + "; " + world.describe());
        }
    }

    /** For messages that cost more than a constant. */
    Violation violated(SimulatedNode node, String rule) {
        return new Violation(rule + " at replica " + node.id() + "; " + world.describe());
    }

    /** Highest index that anybody knew to be committed. */
    long committedIndex() {
        return committedIndex;
    }

    long committedTerm(long index) {
        return committedTerms[(int) index];
    }

    /** Highest term that ever had a leader. */
    long highestLeaderTerm() {
        return highestLeaderTerm;
    }

    void started(SimulatedNode node) {
        for (Check check : all) {
            check.started(node);
        }
    }

    void turned(SimulatedNode node) {
        RaftCore core = node.core();
        while (committedIndex < core.commitIndex()) {
            long index = committedIndex + 1;
            long term = node.termAt(index);
            if (index >= committedTerms.length) {
                committedTerms = Arrays.copyOf(committedTerms, committedTerms.length * 2);
                committedCrcs = Arrays.copyOf(committedCrcs, committedTerms.length);
                contentKnown = Arrays.copyOf(contentKnown, committedTerms.length);
            }
            committedTerms[(int) index] = term;
            committedIndex = index;
            for (Check check : all) {
                check.committed(node, index, term);
            }
        }
        if (core.role() == Role.LEADER && node.ledTerm() != core.term()) {
            node.leads(core.term());
            highestLeaderTerm = Math.max(highestLeaderTerm, core.term());
            world.counts().elections++;
            for (Check check : all) {
                check.elected(node);
            }
        }
        for (Check check : all) {
            check.turned(node);
        }
    }

    void sent(SimulatedNode node, ReplicaId to, Message message) {
        for (Check check : all) {
            check.sent(node, to, message);
        }
    }

    void appended(SimulatedNode node, Entry entry, long prevTerm) {
        for (Check check : all) {
            check.appended(node, entry, prevTerm);
        }
    }

    void truncating(SimulatedNode node, long fromIndex) {
        for (Check check : all) {
            check.truncating(node, fromIndex);
        }
    }

    /** E4: whoever shows or applies an entry as committed shows the same one. */
    void shown(SimulatedNode node, Entry entry, String where) {
        int index = (int) entry.index();
        if (index > committedIndex) {
            throw violated(node, "E4 " + where + " shows " + entry + " but only " + committedIndex + " is committed");
        }
        if (committedTerms[index] != entry.term()) {
            throw violated(
                    node, "E4 " + where + " shows " + entry + " but committed is one of term " + committedTerms[index]);
        }
        if (!contentKnown[index]) {
            contentKnown[index] = true;
            committedCrcs[index] = entry.payloadCrc();
        }
        if (committedCrcs[index] != entry.payloadCrc()) {
            throw violated(node, "E4 " + where + " shows " + entry + " with other content");
        }
    }

    void applied(SimulatedNode node, Entry entry) {
        shown(node, entry, "apply");
        world.clients().learn(node, entry);
        for (Check check : all) {
            check.applied(node, entry);
        }
    }
}
