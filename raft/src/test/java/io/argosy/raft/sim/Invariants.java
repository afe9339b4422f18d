package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Effects.ReadReady;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RaftCore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What must hold whatever happens. Names as in docs/raft-rules.md: E1 one leader per term, E2 log matching, E3 leader
 * completeness, E4 committed entries never change, E5 a leader only appends, E6 committed means durable on a majority,
 * E7 one vote per term, E8 nothing runs backwards, E9 applied, committed, acknowledged stay within the log.
 */
final class Invariants {

    private final SimulatedCluster cluster;
    private final Map<Long, String> leaders = new HashMap<>();
    private final Map<String, ReplicaId> votes = new HashMap<>();
    private final List<Entry> committed = new ArrayList<>();
    private final List<Membership> memberships = new ArrayList<>();
    private final Map<String, Long> readFloors = new HashMap<>();
    private final long[] terms;
    private final long[] commits;
    private final long[] applied;
    private final String[] leading;
    private long readsConfirmed;

    Invariants(SimulatedCluster cluster, int replicas) {
        this.cluster = cluster;
        this.terms = new long[replicas];
        this.commits = new long[replicas];
        this.applied = new long[replicas];
        this.leading = new String[replicas];
        Arrays.fill(leading, "");
    }

    /** Highest index that any replica knew to be committed. */
    long committedIndex() {
        return committed.size();
    }

    /** Highest index up to which the disk holds what was committed. */
    long matchOf(SimulatedReplica replica) {
        long index = Math.min(replica.disk().lastIndex(), committed.size());
        while (index > 0 && !same(replica.disk().get(index), committed.get((int) index - 1))) {
            index--;
        }
        return index;
    }

    long readsConfirmed() {
        return readsConfirmed;
    }

    void restarted(SimulatedReplica replica) {
        int i = replica.position();
        RaftCore core = replica.core();
        require(core.term() >= replica.disk().hardState().term(), replica, "E8 term after restart");
        terms[i] = core.term();
        commits[i] = core.commitIndex();
        applied[i] = replica.appliedIndex();
        leading[i] = "";
    }

    /** After a turn of the replica's driver. */
    void turned(SimulatedReplica replica) {
        int i = replica.position();
        RaftCore core = replica.core();
        require(core.term() >= terms[i], replica, "E8 term");
        require(core.commitIndex() >= commits[i], replica, "E8 commit index");
        require(core.commitIndex() <= core.lastIndex(), replica, "E9 commit index beyond the log");
        require(replica.appliedIndex() <= core.commitIndex(), replica, "E9 applied beyond commit");
        require(core.durableIndex() <= replica.disk().lastIndex(), replica, "E9 durable beyond the disk");
        terms[i] = core.term();
        commits[i] = core.commitIndex();
        noteCommitted(replica);
        if (core.role() == Role.LEADER) {
            String me = core.term() + "/" + replica.id();
            if (!leading[i].equals(me)) {
                leading[i] = me;
                elected(replica);
            }
        }
    }

    private void elected(SimulatedReplica replica) {
        RaftCore core = replica.core();
        String name = "replica " + replica.id() + " from " + cluster.describeNow();
        String other = leaders.putIfAbsent(core.term(), name);
        require(other == null, replica, "E1 two leaders in term " + core.term() + ": " + other);
        for (int index = 1; index <= committed.size(); index++) {
            require(
                    index <= replica.written().size()
                            && same(replica.written().get(index - 1), committed.get(index - 1)),
                    replica,
                    "E3 leader lacks committed entry " + index);
        }
    }

    private void noteCommitted(SimulatedReplica replica) {
        long commit = replica.core().commitIndex();
        while (committed.size() < commit) {
            int index = committed.size() + 1;
            Entry entry = replica.written().get(index - 1);
            require(isDurableOnAMajority(replica, entry), replica, "E6 " + entry + " is not durable on a majority");
            committed.add(entry);
            if (entry.type() == EntryType.CONFIG) {
                memberships.add(Membership.decode(entry.payload()));
            }
        }
    }

    /** Of the voters in force, or, if that membership was appended in this very turn, of those before. */
    private boolean isDurableOnAMajority(SimulatedReplica replica, Entry entry) {
        if (isDurableOnAMajority(replica.core().membership().orElseThrow().membership(), entry)) {
            return true;
        }
        List<Entry> log = replica.written();
        int judged = 0;
        for (int i = log.size() - 1; i >= 0 && judged < 2; i--) {
            if (log.get(i).type() != EntryType.CONFIG) {
                continue;
            }
            if (isDurableOnAMajority(Membership.decode(log.get(i).payload()), entry)) {
                return true;
            }
            judged++;
        }
        return false;
    }

    private boolean isDurableOnAMajority(Membership membership, Entry entry) {
        int holders = 0;
        for (SimulatedReplica r : cluster.replicas()) {
            if (r.disk().holds(entry.index(), entry.term())
                    && membership.voter(r.id()).isPresent()) {
                holders++;
            }
        }
        return holders >= membership.majority();
    }

    Membership committedMembership() {
        return memberships.isEmpty() ? cluster.membership() : memberships.get(memberships.size() - 1);
    }

    int membershipsCommitted() {
        return memberships.size();
    }

    void applied(SimulatedReplica replica, Entry entry) {
        int i = replica.position();
        require(entry.index() == applied[i] + 1, replica, "E8 applied " + entry + " after " + applied[i]);
        applied[i] = entry.index();
        require(replica.disk().holds(entry.index(), entry.term()), replica, "R41 applied before durable " + entry);
        noteCommitted(replica);
        require(
                same(entry, committed.get((int) entry.index() - 1)),
                replica,
                "E4 applied " + entry + " but committed is " + committed.get((int) entry.index() - 1));
    }

    void persisting(SimulatedReplica replica, Persist persist) {
        if (persist.truncateFrom().isPresent()) {
            long from = persist.truncateFrom().getAsLong();
            require(from > commits[replica.position()], replica, "R17 truncation from " + from);
            require(
                    !leading[replica.position()].equals(persist.term() + "/" + replica.id()),
                    replica,
                    "E5 leader truncates from " + from);
        }
    }

    void synced(SimulatedReplica replica) {
        long last = Math.min(replica.disk().lastIndex(), committed.size());
        require(last >= replica.disk().flushedAppliedIndex(), replica, "E4 applied entries left the disk");
    }

    void sent(SimulatedReplica replica, ReplicaId to, Message message) {
        HardState durable = replica.disk().hardState();
        if (message instanceof VoteRequest m && !m.preVote()) {
            vote(replica, m.term(), replica.id());
        } else if (message instanceof VoteResponse m && !m.preVote() && m.granted()) {
            vote(replica, m.term(), to);
        } else if (message instanceof AppendResponse m) {
            require(durable.term() >= m.term(), replica, "R1 answer of term " + m.term() + " is not durable");
            if (!m.rejected() && durable.term() == m.term()) {
                require(m.index() <= replica.disk().lastIndex(), replica, "E9 acknowledged beyond the disk: " + m);
            }
        } else if (message instanceof HeartbeatResponse m) {
            require(m.durableIndex() <= replica.disk().lastIndex(), replica, "E9 durable claim: " + m);
        }
    }

    private void vote(SimulatedReplica replica, long term, ReplicaId candidate) {
        HardState durable = replica.disk().hardState();
        require(
                durable.term() > term
                        || (durable.term() == term
                                && durable.votedFor().filter(candidate::equals).isPresent()),
                replica,
                "R1 vote for " + candidate + " in term " + term + " but durable is " + durable);
        ReplicaId earlier = votes.putIfAbsent(replica.id() + "/" + term, candidate);
        require(earlier == null || earlier.equals(candidate), replica, "E7 votes for " + earlier + " and " + candidate);
    }

    void readBegan(SimulatedReplica replica, long context) {
        readFloors.put(replica.id() + "/" + context, committedIndex());
    }

    void readConfirmed(SimulatedReplica replica, ReadReady ready) {
        Long floor = readFloors.remove(replica.id() + "/" + ready.context());
        require(floor != null, replica, "R44 read answered twice: " + ready);
        require(floor != null && ready.index() >= floor, replica, "R44 stale read " + ready + " below " + floor);
        readsConfirmed++;
    }

    void readFailed(SimulatedReplica replica, long context) {
        require(readFloors.remove(replica.id() + "/" + context) != null, replica, "R44 read failed twice");
    }

    /** E2 over all disks; costs their size, so it is not run after every event. */
    void checkLogsMatch() {
        List<SimulatedReplica> all = cluster.replicas();
        for (int a = 0; a < all.size(); a++) {
            for (int b = a + 1; b < all.size(); b++) {
                boolean sameFromHere = false;
                SimulatedDisk left = all.get(a).disk();
                SimulatedDisk right = all.get(b).disk();
                for (long i = Math.min(left.lastIndex(), right.lastIndex()); i >= 1; i--) {
                    boolean sameTerm = left.get(i).term() == right.get(i).term();
                    require(sameTerm || !sameFromHere, all.get(a), "E2 logs differ below a match at " + i);
                    sameFromHere |= sameTerm;
                    require(!sameTerm || same(left.get(i), right.get(i)), all.get(a), "E2 entry " + i + " differs");
                }
            }
        }
    }

    private static boolean same(Entry a, Entry b) {
        return a == b
                || (a.index() == b.index()
                        && a.term() == b.term()
                        && a.type() == b.type()
                        && a.payloadCrc() == b.payloadCrc());
    }

    private void require(boolean holds, SimulatedReplica replica, String rule) {
        if (!holds) {
            throw new AssertionError(rule + " at replica " + replica.id() + "; " + cluster.describeNow());
        }
    }
}
