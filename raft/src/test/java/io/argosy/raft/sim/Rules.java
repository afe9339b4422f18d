package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The rules of docs/reliability.md, E1 to E15. None looks further than a few fields, so all run after every event. */
final class Rules {

    private Rules() {}

    static List<Check> all(World world, Checks checks) {
        Map<Long, ReplicaId> votes = new HashMap<>();
        return List.of(
                new OneLeaderPerTerm(checks),
                new LogsMatch(checks),
                new LeaderIsComplete(checks),
                new LeaderOnlyAppends(world, checks),
                new CommittedMeansDurableOnAMajority(world, checks),
                new OneVotePerTerm(checks, votes),
                new NothingRunsBackwards(world, checks),
                new NobodyClaimsMoreThanItHas(checks),
                new LeaderHasItsVotes(world, checks, votes),
                new LeaderCommitsByItsOwnTerm(world, checks),
                new LeaderKnowsOnlyWhatIsTrue(world, checks),
                new LeaderSpeaksInItsTerm(checks),
                new AppliedMeansDurableHere(checks),
                new MembershipChangesOneByOne(world, checks),
                new OnlyMembersSpeak(checks),
                new MembershipIsThatOfTheLog(checks));
    }

    /** Key of a replica and a term. */
    private static long vote(ReplicaId replica, long term) {
        return term << 16 | replica.value();
    }

    /** E1. */
    private static final class OneLeaderPerTerm extends Check {
        private final Checks checks;
        private final Map<Long, ReplicaId> leaders = new HashMap<>();

        OneLeaderPerTerm(Checks checks) {
            this.checks = checks;
        }

        @Override
        void elected(SimulatedNode node) {
            ReplicaId other = leaders.putIfAbsent(node.core().term(), node.id());
            if (other != null) {
                throw checks.violated(
                        node, "E1 two leaders in term " + node.core().term() + ", the other one " + other);
            }
        }
    }

    /**
     * E2: an entry is told by index and term, and so is the one before it. By induction logs that agree at one place
     * agree in everything before it.
     */
    private static final class LogsMatch extends Check {
        private final Checks checks;
        private final Map<Long, Seen> seen = new HashMap<>();

        private record Seen(int crc, long prevTerm) {

            boolean agrees(Seen other) {
                return crc == other.crc && (prevTerm == other.prevTerm || prevTerm == -1 || other.prevTerm == -1);
            }
        }

        LogsMatch(Checks checks) {
            this.checks = checks;
        }

        @Override
        void appended(SimulatedNode node, Entry entry, long prevTerm) {
            Seen now = new Seen(entry.payloadCrc(), prevTerm);
            long slot = entry.term() << 32 | entry.index();
            Seen before = seen.get(slot);
            if (before == null || before.prevTerm == -1) {
                seen.put(slot, now);
            }
            if (before != null && !before.agrees(now)) {
                throw checks.violated(node, "E2 " + entry + " is " + now + " here and " + before + " elsewhere");
            }
        }
    }

    /** E3, with E2: who has the last committed entry has all of them. */
    private static final class LeaderIsComplete extends Check {
        private final Checks checks;

        LeaderIsComplete(Checks checks) {
            this.checks = checks;
        }

        @Override
        void elected(SimulatedNode node) {
            long index = checks.committedIndex();
            // A leader that is elected late in real time, by votes of long ago, may lead a term that is over already.
            if (index > 0 && node.core().term() > checks.committedTerm(index)) {
                long term = index > node.core().lastIndex() ? -1 : node.termAt(index);
                if (term != checks.committedTerm(index)) {
                    throw checks.violated(
                            node,
                            "E3 leader of term " + node.core().term() + " has term " + term + " at committed index "
                                    + index + ", not " + checks.committedTerm(index));
                }
            }
        }
    }

    /** E5. */
    private static final class LeaderOnlyAppends extends Check {
        private final Checks checks;
        private final long[] ledTerm;
        private final long[] lastIndex;

        LeaderOnlyAppends(World world, Checks checks) {
            this.checks = checks;
            this.ledTerm = new long[world.size()];
            this.lastIndex = new long[world.size()];
        }

        @Override
        void started(SimulatedNode node) {
            ledTerm[node.position()] = 0;
        }

        @Override
        void turned(SimulatedNode node) {
            int i = node.position();
            RaftCore core = node.core();
            long leading = core.role() == Role.LEADER ? core.term() : 0;
            if (leading != 0 && leading == ledTerm[i] && core.lastIndex() < lastIndex[i]) {
                throw checks.violated(node, "E5 leader's log shrank from " + lastIndex[i]);
            }
            ledTerm[i] = leading;
            lastIndex[i] = core.lastIndex();
        }
    }

    /** E6. */
    private static final class CommittedMeansDurableOnAMajority extends Check {
        private final World world;
        private final Checks checks;
        /** At the end of the turn before: what the turn committed, it may have committed by this. */
        private final List<Optional<Membership>> before;

        CommittedMeansDurableOnAMajority(World world, Checks checks) {
            this.world = world;
            this.checks = checks;
            this.before = new ArrayList<>(Collections.nCopies(world.size(), Optional.empty()));
        }

        @Override
        void turned(SimulatedNode node) {
            before.set(node.position(), node.membership());
        }

        @Override
        void committed(SimulatedNode node, long index, long term) {
            Membership now = node.membership().orElseThrow();
            Optional<Membership> earlier = before.get(node.position());
            boolean fine = holders(now, index, term) >= now.majority()
                    || earlier.filter(m -> holders(m, index, term) >= m.majority())
                            .isPresent();
            if (!fine) {
                throw checks.violated(
                        node,
                        "E6 entry " + index + " of term " + term + " is committed and durable on "
                                + holders(now, index, term) + " of " + now);
            }
        }

        private int holders(Membership membership, long index, long term) {
            int holders = 0;
            for (Member voter : membership.voters()) {
                if (world.node(voter.id()).heldOnce(index, term)) {
                    holders++;
                }
            }
            return holders;
        }
    }

    /** E7 and R1: nobody hears of a vote that is not on disk, and there is one per term. */
    private static final class OneVotePerTerm extends Check {
        private final Checks checks;
        private final Map<Long, ReplicaId> votes;

        OneVotePerTerm(Checks checks, Map<Long, ReplicaId> votes) {
            this.checks = checks;
            this.votes = votes;
        }

        @Override
        void sent(SimulatedNode node, ReplicaId to, Message message) {
            if (message instanceof VoteRequest m && !m.preVote()) {
                vote(node, m.term(), node.id());
            } else if (message instanceof VoteResponse m && !m.preVote() && m.granted()) {
                vote(node, m.term(), to);
            } else if (message instanceof AppendResponse || message instanceof HeartbeatResponse) {
                if (message instanceof AppendResponse
                        && node.promised().hardState().term() < message.term()) {
                    throw checks.violated(
                            node,
                            "R1 answer of term " + message.term() + ", on disk is "
                                    + node.promised().hardState());
                }
            }
        }

        private void vote(SimulatedNode node, long term, ReplicaId candidate) {
            HardState durable = node.promised().hardState();
            boolean onDisk = durable.term() > term
                    || (durable.term() == term
                            && durable.votedFor().filter(candidate::equals).isPresent());
            if (!onDisk) {
                throw checks.violated(
                        node, "R1 vote for " + candidate + " in term " + term + ", but on disk is " + durable);
            }
            ReplicaId earlier = votes.putIfAbsent(Rules.vote(node.id(), term), candidate);
            if (earlier != null && !earlier.equals(candidate)) {
                throw checks.violated(node, "E7 votes for " + earlier + " and " + candidate + " in term " + term);
            }
        }
    }

    /** E8, E9. */
    private static final class NothingRunsBackwards extends Check {
        private final Checks checks;
        private final long[] terms;
        private final long[] commits;

        NothingRunsBackwards(World world, Checks checks) {
            this.checks = checks;
            this.terms = new long[world.size()];
            this.commits = new long[world.size()];
        }

        @Override
        void started(SimulatedNode node) {
            commits[node.position()] = 0;
        }

        @Override
        void turned(SimulatedNode node) {
            int i = node.position();
            RaftCore core = node.core();
            if (core.term() < terms[i] && !node.damageable()) {
                // A term that was never on disk may be forgotten by a crash, but then nobody heard of it.
                checks.require(core.term() >= node.promised().hardState().term(), node, "E8 term");
            }
            if (core.commitIndex() < commits[i]) {
                throw checks.violated(node, "E8 commit index fell from " + commits[i]);
            }
            // While a snapshot is installed, state and log are ahead of what the core knows of.
            if (core.commitIndex() > core.lastIndex()
                    || (node.appliedIndex() > core.commitIndex() && !core.installing())) {
                throw checks.violated(node, "E9 applied <= commit <= last");
            }
            if (core.durableIndex() > node.promised().syncedIndex() && !core.installing()) {
                throw checks.violated(
                        node,
                        "E9 durable " + core.durableIndex() + " beyond what was synced, "
                                + node.promised().syncedIndex());
            }
            terms[i] = core.term();
            commits[i] = core.commitIndex();
        }

        /** The disk follows memory late: what goes may be an index that is committed by now with another entry. */
        @Override
        void truncating(SimulatedNode node, long fromIndex) {
            if (fromIndex <= checks.committedIndex()
                    && node.promised().termAt(fromIndex) == checks.committedTerm(fromIndex)) {
                throw checks.violated(node, "R17 truncation of committed entries from " + fromIndex);
            }
        }
    }

    /** E9: an acknowledgement tells of entries that are on this disk. */
    private static final class NobodyClaimsMoreThanItHas extends Check {
        private final Checks checks;

        NobodyClaimsMoreThanItHas(Checks checks) {
            this.checks = checks;
        }

        @Override
        void sent(SimulatedNode node, ReplicaId to, Message message) {
            if (message instanceof AppendResponse m && !m.rejected()) {
                if (node.promised().hardState().term() == m.term()
                        && m.index() > node.promised().syncedIndex()) {
                    throw checks.violated(
                            node,
                            "E9 acknowledges " + m + " beyond what was synced, "
                                    + node.promised().syncedIndex());
                }
            } else if (message instanceof HeartbeatResponse m
                    && m.durableIndex() > node.promised().syncedIndex()) {
                throw checks.violated(node, "E9 claims " + m);
            }
        }
    }

    /** R7: a leader got the votes of a majority, and really got them. */
    private static final class LeaderHasItsVotes extends Check {
        private final World world;
        private final Checks checks;
        private final Map<Long, ReplicaId> votes;

        LeaderHasItsVotes(World world, Checks checks, Map<Long, ReplicaId> votes) {
            this.world = world;
            this.checks = checks;
            this.votes = votes;
        }

        @Override
        void elected(SimulatedNode node) {
            int count = 0;
            Membership membership = node.membership().orElseThrow();
            for (Member member : membership.voters()) {
                SimulatedNode voter = world.node(member.id());
                ReplicaId candidate = voter == node
                        ? voter.promised()
                                .hardState()
                                .votedFor()
                                .filter(v -> voter.promised().hardState().term()
                                        == node.core().term())
                                .orElse(null)
                        : votes.get(vote(voter.id(), node.core().term()));
                if (node.id().equals(candidate)) {
                    count++;
                }
            }
            if (count < membership.majority()) {
                throw checks.violated(node, "R7 leads term " + node.core().term() + " with " + count + " votes");
            }
        }
    }

    /** R14, figure 8 of the Raft paper. */
    private static final class LeaderCommitsByItsOwnTerm extends Check {
        private final Checks checks;
        private final long[] commits;

        LeaderCommitsByItsOwnTerm(World world, Checks checks) {
            this.checks = checks;
            this.commits = new long[world.size()];
        }

        @Override
        void started(SimulatedNode node) {
            commits[node.position()] = node.core().commitIndex();
        }

        @Override
        void elected(SimulatedNode node) {
            // What it committed as a follower in the same turn.
            commits[node.position()] = node.core().commitIndex();
        }

        @Override
        void turned(SimulatedNode node) {
            int i = node.position();
            RaftCore core = node.core();
            if (core.commitIndex() > commits[i]) {
                if (core.role() == Role.LEADER && node.termAt(core.commitIndex()) != core.term()) {
                    throw checks.violated(
                            node,
                            "R14 leader of term " + core.term() + " committed " + core.commitIndex() + " of term "
                                    + node.termAt(core.commitIndex()));
                }
                commits[i] = core.commitIndex();
            }
        }
    }

    /**
     * R19: what the leader counts as a peer's match is on that peer's disk. Holds for the newest leader; an older one
     * may remember what is replaced by now.
     */
    private static final class LeaderKnowsOnlyWhatIsTrue extends Check {
        private final World world;
        private final Checks checks;

        LeaderKnowsOnlyWhatIsTrue(World world, Checks checks) {
            this.world = world;
            this.checks = checks;
        }

        @Override
        void turned(SimulatedNode node) {
            RaftCore core = node.core();
            if (core.role() != Role.LEADER || core.term() < checks.highestLeaderTerm()) {
                return;
            }
            for (PeerStatus peer : core.peers()) {
                SimulatedNode other = world.node(peer.id());
                long match = peer.matchIndex();
                if (match > 0
                        && !other.damageable()
                        && !other.wiped()
                        && !other.promised().hardState().reached().isUnknown()
                        && !other.promised().holds(match, node.termAt(match))) {
                    throw checks.violated(
                            node,
                            "R19 counts entry " + match + " of term " + node.termAt(match)
                                    + " as replica " + peer.id() + "'s, which has term "
                                    + other.promised().termAt(match)
                                    + ", synced up to " + other.promised().syncedIndex());
                }
            }
        }
    }

    /** R11, R18: appends and heartbeats are said by the leader of their term, and offer nothing uncommitted. */
    private static final class LeaderSpeaksInItsTerm extends Check {
        private final Checks checks;

        LeaderSpeaksInItsTerm(Checks checks) {
            this.checks = checks;
        }

        @Override
        void sent(SimulatedNode node, ReplicaId to, Message message) {
            boolean leaders = message instanceof AppendRequest || message instanceof Heartbeat;
            if (leaders && message.term() != node.ledTerm() && node.core().term() != message.term()) {
                throw checks.violated(node, "R11 sends " + message + " but leads no such term");
            }
        }
    }

    /** E10: R49, R50. What a leader appends of its own accord differs by one voter from what is committed. */
    private static final class MembershipChangesOneByOne extends Check {
        private final Checks checks;
        private final long[] indexes;
        private final List<Optional<Membership>> last;

        MembershipChangesOneByOne(World world, Checks checks) {
            this.checks = checks;
            this.indexes = new long[world.size()];
            this.last = new ArrayList<>(Collections.nCopies(world.size(), Optional.empty()));
        }

        @Override
        void started(SimulatedNode node) {
            last.set(node.position(), Optional.empty());
        }

        @Override
        void turned(SimulatedNode node) {
            int i = node.position();
            RaftCore core = node.core();
            Optional<ConfigAt> now = core.membership();
            long index = now.map(ConfigAt::index).orElse(0L);
            if (index != indexes[i]
                    && last.get(i).isPresent()
                    && core.role() == Role.LEADER
                    && node.termAt(index) == core.term()) {
                long commit = core.commitIndex();
                if (node.termAt(commit) != core.term()) {
                    throw checks.violated(node, "E10 R49 changes the membership before an entry of its term stands");
                }
                if (indexes[i] > commit) {
                    throw checks.violated(node, "E10 R50 changes the membership before the last change is committed");
                }
                if (changed(last.get(i).get(), now.orElseThrow().membership()) > 1) {
                    throw checks.violated(node, "E10 R50 changes two voters at once");
                }
            }
            indexes[i] = index;
            last.set(i, now.map(ConfigAt::membership));
        }

        private static int changed(Membership before, Membership after) {
            int count = 0;
            for (Member voter : before.voters()) {
                count += after.voter(voter.id()).isEmpty() ? 1 : 0;
            }
            for (Member voter : after.voters()) {
                count += before.voter(voter.id()).isEmpty() ? 1 : 0;
            }
            return count;
        }
    }

    /** E13: strangers say nothing; learners and those who were removed don't campaign (R36, R53). */
    private static final class OnlyMembersSpeak extends Check {
        private final Checks checks;

        OnlyMembersSpeak(Checks checks) {
            this.checks = checks;
        }

        @Override
        void sent(SimulatedNode node, ReplicaId to, Message message) {
            if (node.core().membership().isEmpty()
                    || (node.isStranger() && node.membership().isPresent())) {
                throw checks.violated(node, "E13 is a stranger and sends " + message);
            }
            if (message instanceof VoteRequest m && m.preVote() && !mayLead(node)) {
                throw checks.violated(node, "E13 is no voter and sends " + message);
            }
        }

        @Override
        void elected(SimulatedNode node) {
            if (!mayLead(node)) {
                throw checks.violated(node, "E13 is no voter and leads");
            }
        }

        /** A voter, or one until it knows that its removal is committed, as the membership in front of it was (R50). */
        private static boolean mayLead(SimulatedNode node) {
            RaftCore core = node.core();
            Optional<ConfigAt> now = core.membership();
            return isVoter(now, node)
                    || (now.isPresent()
                            && now.get().index() > core.commitIndex()
                            && isVoter(core.membershipAt(now.get().index() - 1), node));
        }

        private static boolean isVoter(Optional<ConfigAt> config, SimulatedNode node) {
            return config.filter(c -> c.membership().voter(node.id()).isPresent())
                    .isPresent();
        }
    }

    /** E15: whose log is whole knows the newest membership in it, in the core and in the store. */
    private static final class MembershipIsThatOfTheLog extends Check {
        private final Checks checks;

        MembershipIsThatOfTheLog(Checks checks) {
            this.checks = checks;
        }

        @Override
        void turned(SimulatedNode node) {
            RaftCore core = node.core();
            if (core.installing() || !core.isWhole()) {
                return;
            }
            long index = Math.min(core.commitIndex(), core.durableIndex());
            Optional<ConfigAt> committed = checks.membershipAt(index);
            requireAtLeast(node, committed, core.membershipAt(index), "knows");
            if (!node.promised().isDamaged()) {
                List<ConfigAt> onDisk = node.promised().configs();
                Optional<ConfigAt> newest = newestUpTo(index, onDisk);
                requireAtLeast(node, committed, newest, "stores");
                requireAtLeast(
                        node,
                        newestUpTo(core.durableIndex(), onDisk),
                        core.membershipAt(core.durableIndex()),
                        "uses, besides what it stores,");
            }
        }

        private static Optional<ConfigAt> newestUpTo(long index, List<ConfigAt> configs) {
            return configs.stream().filter(c -> c.index() <= index).reduce((older, newer) -> newer);
        }

        private void requireAtLeast(
                SimulatedNode node, Optional<ConfigAt> expected, Optional<ConfigAt> actual, String verb) {
            if (expected.isPresent()
                    && (actual.isEmpty()
                            || actual.get().index() < expected.get().index()
                            || (actual.get().index() == expected.get().index() && !actual.equals(expected)))) {
                throw checks.violated(node, "E15 " + verb + " membership " + actual + ", in the log is " + expected);
            }
        }
    }

    /** R41. */
    private static final class AppliedMeansDurableHere extends Check {
        private final Checks checks;

        AppliedMeansDurableHere(Checks checks) {
            this.checks = checks;
        }

        @Override
        void applied(SimulatedNode node, Entry entry) {
            if (!node.promised().holds(entry.index(), entry.term())) {
                throw checks.violated(node, "R41 applied " + entry + " before it was durable here");
            }
        }
    }
}
