package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.storage.SnapshotManifest;
import io.argosy.raft.transport.Bulk;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Hands events to all checks, and keeps what is true for certain: the committed entries. */
final class Checks {

    private final World world;
    private final Check[] all;
    private long[] committedTerms = new long[1024];
    private int[] committedCrcs = new int[1024];
    private boolean[] contentKnown = new boolean[1024];
    private long committedIndex;
    private long highestLeaderTerm;
    private final TreeMap<Long, Membership> memberships = new TreeMap<>();

    Checks(World world) {
        this.world = world;
        this.all = Rules.all(world, this).toArray(Check[]::new);
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

    boolean isCommitted(long index, long term) {
        return index <= committedIndex && committedTerms[(int) index] == term;
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
        // Of the bytes, not of what their header says.
        int crc = Entry.crcOf(entry.payload());
        if (!contentKnown[index]) {
            contentKnown[index] = true;
            committedCrcs[index] = crc;
        }
        if (committedCrcs[index] != crc) {
            throw violated(node, "E4 " + where + " shows " + entry + " with other content");
        }
    }

    /** E10: R36, R37. */
    private void requireSuccessor(SimulatedNode node, Membership before, Membership now) {
        require(now.retired().containsAll(before.retired()), node, "E10 R37 forgets used ids: " + now);
        for (Member member : now.members()) {
            require(!before.isRetired(member.id()), node, "E10 R37 uses an id again: " + now);
            require(
                    !before.givesToAnother(member.id(), member.storeUuid()),
                    node,
                    "E10 R36 gives an id to another store: " + now);
        }
        world.counts().membershipsCommitted++;
    }

    /** E4: log that one replica gives to another. */
    void given(SimulatedNode node, Bulk.LogPart part) {
        for (Entry entry : part.entries()) {
            if (entry.index() <= part.committedIndex()) {
                shown(node, entry, "the giver of log");
            }
        }
    }

    /** The newest membership that is committed at or below the index, as far as any replica has applied. */
    Optional<ConfigAt> membershipAt(long index) {
        return Optional.ofNullable(memberships.floorEntry(index)).map(e -> new ConfigAt(e.getKey(), e.getValue()));
    }

    /** R25: a snapshot says what was committed at its index, no more and nothing else. */
    void offered(SimulatedNode node, SnapshotManifest snapshot) {
        long index = snapshot.index();
        if (index > committedIndex || committedTerms[(int) index] != snapshot.term()) {
            throw violated(
                    node,
                    "R25 offers a snapshot of index " + index + " and term " + snapshot.term()
                            + (index > committedIndex
                                    ? ", committed is " + committedIndex
                                    : ", which has term " + committedTerms[(int) index]));
        }
        Map.Entry<Long, Membership> expected = memberships.floorEntry(index);
        if (expected != null
                && !snapshot.config()
                        .filter(c ->
                                c.index() == expected.getKey() && c.membership().equals(expected.getValue()))
                        .isPresent()) {
            throw violated(
                    node,
                    "R25 offers a snapshot of index " + index + " with membership " + snapshot.config() + ", which is "
                            + expected);
        }
    }

    void applied(SimulatedNode node, Entry entry) {
        shown(node, entry, "apply");
        if (entry.type() == EntryType.CONFIG && !memberships.containsKey(entry.index())) {
            Membership now = Membership.decode(entry.payload());
            if (!memberships.isEmpty()) {
                requireSuccessor(node, memberships.lastEntry().getValue(), now);
            }
            memberships.put(entry.index(), now);
        }
        world.clients().learn(node, entry);
        for (Check check : all) {
            check.applied(node, entry);
        }
    }
}
