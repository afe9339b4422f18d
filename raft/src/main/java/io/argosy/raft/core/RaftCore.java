package io.argosy.raft.core;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Forbidden;
import io.argosy.raft.Forbidden.Reason;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Effects.ReadReady;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.LeaderResigned;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.SnapshotOffer;
import io.argosy.raft.core.Message.TimeoutNow;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Raft as a pure state machine: inputs change memory only, {@link #takeEffects} says what to do about it. A driver
 * feeds all inputs that wait, then takes the effects once, so that one turn makes one append to disk and at most one
 * append message per peer and batch.
 *
 * <p>Same state, same inputs, same effects. Not thread-safe: one thread owns it.
 *
 * <p>A store without a membership, or one whose id the membership gives to another store, is inert: it takes inputs and
 * does nothing, above all it never votes, campaigns or acknowledges (D1, R36).
 */
public final class RaftCore {

    // Who we are and how we were set up.
    private final CoreConfig config;
    private final RandomGenerator random;
    private final PauseGuard clock;
    private final LogView log;
    private final Durability durability;
    private final Outbox outbox = new Outbox();
    private final ReadRounds reads = new ReadRounds();
    private final Shortfall shortfall = new Shortfall();
    private final TreeMap<ReplicaId, Long> openSessions = new TreeMap<>();
    private final Replicator replicator;
    private final CatchUp catchUp = new CatchUp();
    private final Divergence divergence = new Divergence();
    private final ChangeRules changeRules;
    private final Successors successors;

    // Who we are to the group: read from the membership in force.
    private final ConfigHistory configs;
    private Ballot ballot = new Ballot(Set.of());
    /** We belong to a group that doesn't give our id to another store; else we are inert. */
    private boolean takesPart;

    private boolean voter;
    private int priority = Member.PRIORITY_DEFAULT;
    private long nowNanos;

    // Persistent on all replicas (Raft paper, figure 2).
    private long term;
    private Optional<ReplicaId> votedFor;
    private LogEnd reached;
    private HardState handedHardState;

    // Volatile. lastApplied <= commitIndex <= lastIndex
    private Role role = Role.FOLLOWER;
    private Optional<ReplicaId> leader = Optional.empty();
    private long commitIndex;
    private long lastApplied;
    private boolean electable;

    // Elections.
    private long electionDeadlineNanos;
    private long leaderHeardNanos;
    /** The last leader is known to be gone and no other was heard; for a while candidates say so and retry soon. */
    private boolean leaderLost;

    private long fastRetryEndNanos;
    /** What this candidate asks for, and when those that have not answered are asked again. */
    private Optional<VoteRequest> asked = Optional.empty();

    private long askAgainDueNanos;

    // The leader's own.
    private long termFirstIndex;
    private long heartbeatDueNanos;
    private boolean heartbeatDue;
    private Optional<TransferProgress> transfer = Optional.empty();
    /** When to look again for somebody who should lead instead. */
    private long betterLeaderDueNanos;
    /** The membership without this leader is committed: it leads for this turn only (R52). */
    private boolean departing;

    // Disk health, docs/raft-rules.md 4.5.
    private boolean diskSlow;
    private long diskHealthySinceNanos;

    // Lost entries, docs/raft-rules.md 4.4.
    /** No entry that was in the log when the process began is of a higher term. */
    private final long restoredTerm;

    /** The leader's appends have met entries here whose terms nobody knows, since then. */
    private OptionalLong unknownMetNanos = OptionalLong.empty();

    /** Of the stream on which this leader was told that entries are gone here, with the index that was refused. */
    private long lossToldSession;

    private long lossToldIndex;
    /** Up to here, what was acknowledged to this leader before the loss is here again. */
    private OptionalLong broughtUpAt = OptionalLong.empty();

    private Optional<ReplicaId> fetchSnapshot = Optional.empty();

    // What the driver was told.
    private long handedApplyIndex;
    private RoleChange announced;
    private boolean configChanged;
    private List<ReadReady> readsReady = new ArrayList<>();
    private List<Long> readsFailed = new ArrayList<>();

    public RaftCore(CoreConfig config, RestoredState restored, RandomGenerator random, long nowNanos) {
        this.config = config;
        this.random = random;
        this.nowNanos = nowNanos;
        this.clock = new PauseGuard(config.electionMinNanos() / 2, shortNanos() / 2, nowNanos);
        this.log = new LogView(restored.firstIndex(), restored.lastIndex(), restored.terms());
        this.durability = new Durability(restored.hardState(), restored.lastIndex());
        this.term = restored.hardState().term();
        this.votedFor = restored.hardState().votedFor();
        this.reached = restored.hardState().reached();
        this.restoredTerm = term;
        this.handedHardState = restored.hardState();
        this.commitIndex = restored.appliedIndex();
        this.lastApplied = restored.appliedIndex();
        this.handedApplyIndex = restored.appliedIndex();
        this.electable = restored.electable();
        this.announced = new RoleChange(Role.FOLLOWER, term, Optional.empty());
        this.replicator = new Replicator(config, log, outbox, shortfall);
        this.changeRules = new ChangeRules(config, log, replicator, catchUp, shortfall);
        this.successors = new Successors(config, log, replicator);
        this.configs = new ConfigHistory(restored.configs());
        if (restored.appliedIndex() > restored.lastIndex()) {
            throw new InvariantViolation("state machine applied " + restored.appliedIndex() + " but the log ends at "
                    + restored.lastIndex());
        }
        if (log.lastTerm() > term) {
            throw new InvariantViolation("log ends in term " + log.lastTerm() + " beyond the current term " + term);
        }
        reconfigure();
        configChanged = false;
        resetElectionTimer();
    }

    /** Another membership is in force, or the first one. */
    private void reconfigure() {
        if (configs.current().isEmpty()) {
            return;
        }
        configChanged = true;
        Membership membership = configs.current().get().membership();
        takesPart = !membership.givesToAnother(config.self(), config.storeUuid());
        voter = takesPart && membership.voter(config.self()).isPresent();
        priority = membership.member(config.self()).map(Member::priority).orElse(Member.PRIORITY_DEFAULT);
        ballot = ballotOf(membership);
        replicator.reconfigure(membership, openSessions, role == Role.LEADER, nowNanos);
        if (role == Role.LEADER) {
            // A smaller majority may have been reached already (R46).
            advanceCommit();
            confirmReads();
        }
    }

    // ---------------------------------------------------------------------------------------------------- inputs

    /** Time passes. A tick that comes late by more than half the shortest election timeout counts as one tick (R48). */
    public void tick(long nowNanos) {
        readClock(nowNanos);
        if (!takesPart) {
            return;
        }
        if (role == Role.LEADER) {
            tickLeader();
        } else if (this.nowNanos - electionDeadlineNanos >= 0) {
            campaign();
        } else if (role == Role.PRE_CANDIDATE || role == Role.CANDIDATE) {
            askAgain();
        }
    }

    public void receive(ReplicaId from, Message message, long nowNanos) {
        readClock(nowNanos);
        if (!takesPart) {
            return;
        }
        // Who leads or campaigns may have become a member behind the end of our log: membership is no reason not to
        // follow or to vote (thesis 4.1). That a removed replica stays harmless is the work of R12.
        int peer = replicator.find(from);
        if (message instanceof AppendRequest m) {
            onAppend(from, m);
        } else if (message instanceof AppendResponse m) {
            if (peer >= 0 && isAnswerToThisLeadership(m.term())) {
                replicator.onAppendResponse(replicator.peers()[peer], m, this.nowNanos);
                advanceCommit();
                askTarget();
            }
        } else if (message instanceof Heartbeat m) {
            onHeartbeat(from, m);
        } else if (message instanceof HeartbeatResponse m) {
            if (peer >= 0 && isAnswerToThisLeadership(m.term())) {
                replicator.onHeartbeatResponse(replicator.peers()[peer], m, this.nowNanos);
                confirmReads();
            }
        } else if (message instanceof VoteRequest m) {
            onVoteRequest(from, m);
        } else if (message instanceof VoteResponse m) {
            onVoteResponse(from, m);
        } else if (message instanceof LeaderResigned m) {
            onLeaderResigned(from, m);
        } else if (message instanceof TimeoutNow m) {
            onTimeoutNow(from, m);
        } else if (message instanceof SnapshotOffer m) {
            onSnapshotOffer(from, m);
        } else {
            throw new AssertionError(message);
        }
    }

    /** What became of a proposal at the core's door. */
    public sealed interface Proposed {
        record Accepted(long index, long term) implements Proposed {}

        record NotLeader(Optional<ReplicaId> leader) implements Proposed {}

        record Busy(String reason) implements Proposed {}
    }

    /**
     * Appends an entry to the leader's log.
     *
     * @param type {@link EntryType#COMMAND}; the other types are the core's own
     */
    public Proposed propose(EntryType type, ByteBuffer payload, int payloadCrc) {
        if (type != EntryType.COMMAND) {
            throw new IllegalArgumentException("only commands are proposed, not " + type);
        }
        if (role != Role.LEADER) {
            return new Proposed.NotLeader(leader);
        }
        if (transfer.isPresent() || !voter) {
            // Nothing may be appended behind what the next leader must have; it will take this soon.
            return new Proposed.NotLeader(Optional.empty());
        }
        long uncommittedBytes = log.bytesBehind(commitIndex);
        int frameBytes = Entry.HEADER_BYTES + payload.remaining();
        if (uncommittedBytes > 0 && uncommittedBytes + frameBytes > config.uncommittedBytesMax()) {
            return new Proposed.Busy(uncommittedBytes + " bytes are not committed yet");
        }
        long index = log.lastIndex() + 1;
        log.append(Entry.of(index, term, type, payload, payloadCrc));
        replicator.wake();
        return new Proposed.Accepted(index, term);
    }

    /**
     * Asks for a confirmed read index; the answer comes as {@link Effects.ReadReady} or in
     * {@link Effects#readsFailed()}, at once if this replica does not lead.
     *
     * @param context unique per call
     */
    public void requestRead(long context) {
        if (role != Role.LEADER || !reads.add(context)) {
            readsFailed.add(context);
        }
    }

    /** The append lane made durable all of this request and those before it. */
    public void persisted(long sequence) {
        durability.persisted(sequence, term);
        if (role == Role.CANDIDATE && termIsDurable()) {
            vote();
            leadIfElected();
        } else if (role == Role.LEADER) {
            advanceCommit();
        }
        if (!reached.equals(LogEnd.NONE)
                && !isBroughtUp()
                && shortfall.firstUnknownBehind(commitIndex) == 0
                && log.firstIndex() <= durability.durableIndex()
                && !new LogEnd(log.termAt(durability.durableIndex()), durability.durableIndex()).isBehind(reached)) {
            // Whatever was acknowledged of what it gave up is here again, or was never committed.
            reached = LogEnd.NONE;
        }
        forgetOldEntries();
    }

    /**
     * By the very leader to which entries were acknowledged that are gone: it has forgotten that they were, and this log has
     * all that it knew then to be committed, and an entry of its term, behind all that was committed before.
     */
    private boolean isBroughtUp() {
        if (!reached.isUnknown()
                || reached.term() != term
                || broughtUpAt.isEmpty()
                || durability.durableIndex() < broughtUpAt.getAsLong()
                || log.termAt(durability.durableIndex()) != term) {
            return false;
        }
        reached = LogEnd.NONE;
        return true;
    }

    public void applied(long index) {
        if (index < lastApplied || index > handedApplyIndex) {
            throw new InvariantViolation("applied " + index + " outside of " + lastApplied + ".." + handedApplyIndex);
        }
        lastApplied = index;
        configs.forgetBelow(index);
    }

    /**
     * A window of the log was applied, whole ({@link WindowHash}).
     *
     * @throws InvariantViolation if a leader applied something else there
     */
    public void windowApplied(long endIndex, long hash) {
        divergence.applied(endIndex, hash);
    }

    /** A new append stream to the peer is open; everything sent on older sessions may be lost. */
    public void peerReset(ReplicaId peer, long session) {
        openSessions.put(peer, session);
        int position = replicator.find(peer);
        if (position >= 0) {
            replicator.streamOpened(replicator.peers()[position], session, nowNanos);
        }
    }

    /** The append stream to the peer broke; nothing is sent to it but heartbeats until {@link #peerReset}. */
    public void peerUnreachable(ReplicaId peer) {
        openSessions.remove(peer);
        int position = replicator.find(peer);
        if (position >= 0) {
            replicator.streamBroken(replicator.peers()[position], nowNanos);
        }
    }

    /** The peer's process has died: its connections were reset and a new one is refused. The forget-leader fast path. */
    public void peerLost(ReplicaId peer, long nowNanos) {
        readClock(nowNanos);
        if (takesPart && role == Role.FOLLOWER && isLeader(peer)) {
            forgetLeader(peer);
        }
    }

    /** Answers {@link Effects.LogRead}; an empty list means the read failed and the stream to the peer ends (R22). */
    public void logRead(ReplicaId peer, long session, List<Entry> entries) {
        int position = replicator.find(peer);
        if (position >= 0 && role == Role.LEADER) {
            replicator.onLogRead(replicator.peers()[position], session, entries, term, commitIndex, nowNanos);
        }
    }

    /**
     * @param oldestPendingNanos age of the oldest unfinished write or fsync, 0 if none (rules of docs/raft-rules.md
     *     4.5: beyond one election timeout a leader resigns, and does not campaign until healthy)
     */
    public void diskHealth(long oldestPendingNanos, long nowNanos) {
        readClock(nowNanos);
        if (oldestPendingNanos > config.electionMinNanos()) {
            diskSlow = true;
            diskHealthySinceNanos = this.nowNanos;
            boolean stalled = oldestPendingNanos > 2 * config.electionMinNanos();
            // With all disks slow alike (one machine, one disk) a change of leader would only add an outage.
            if (stalled || replicator.hasHealthySuccessor(this.nowNanos, config.electionMinNanos())) {
                resign();
            }
        } else if (oldestPendingNanos > config.electionMinNanos() / 2) {
            diskHealthySinceNanos = this.nowNanos;
        } else if (diskSlow && this.nowNanos - diskHealthySinceNanos >= config.electionMaxNanos()) {
            diskSlow = false;
        }
    }

    /** Entries of this store are damaged, or no longer: a damaged store does not campaign, and resigns if it leads. */
    public void electable(boolean electable) {
        this.electable = electable;
        if (!electable) {
            resign();
        }
    }

    /**
     * These entries are lost on this disk, or no longer: as {@link #electable}, and of what is not known to be committed
     * none of them counts as held. If all of them may never have been committed, it campaigns as the log in front of them.
     *
     * @param ranges ascending
     */
    public void damaged(List<LostRange> ranges) {
        if (shortfall.installing()) {
            return; // The log on disk may be another one already; told again, or of no matter, once it is installed.
        }
        if (shortfall.damaged(ranges, durability.durableIndex())) {
            electable(shortfall.isWhole());
            if (role == Role.PRE_CANDIDATE || role == Role.CANDIDATE) {
                stepDown(); // It campaigned as a log that it does not have.
            }
        }
    }

    /**
     * What this replica has of the bodies that the state refers to (D2). One that lacks some is hollow: it campaigns only if
     * no complete one can.
     *
     * @param completeFrom from here to its end the log is on this disk, undamaged
     * @param neededFrom bodies below it nobody asks for any more; judges the other replicas too while this one leads
     */
    public void holds(long completeFrom, long neededFrom) {
        shortfall.holds(completeFrom, neededFrom);
    }

    /**
     * The state is lost, or an entry that it lacks is damaged here and trimmed elsewhere: it waits for a snapshot from
     * whoever leads. Until then this replica votes and acknowledges as the log it has, and does not lead.
     *
     * @param upToIndex the snapshot must hold at least this index
     */
    public void needSnapshot(long upToIndex) {
        shortfall.needSnapshot(upToIndex);
        resign();
    }

    /** What is to be done with a snapshot. */
    public enum Install {
        /** Nothing: it is of no use, or this replica leads or campaigns (R26). */
        NO,
        /** It is to be asked again once what this replica gives up with its log is remembered durably. */
        NOT_YET,
        /** It replaces the state, and the log begins behind it. */
        STATE_AND_LOG,
        /** The log holds its entry, and goes on: what lies behind it this replica has acknowledged. */
        STATE_ONLY
    }

    /**
     * A snapshot is here, whole and checked. Unless the answer is no, this replica takes no entries until
     * {@link #installed}; it goes on voting as the log it has.
     */
    public Install beginInstall(long index, long snapshotTerm) {
        boolean held = index <= commitIndex
                || (index >= log.firstIndex() - 1
                        && index <= log.lastIndex()
                        && !shortfall.isUnknown(index)
                        && log.termAt(index) == snapshotTerm);
        boolean useful = !held || (shortfall.isHelpedBy(index) && index >= log.firstIndex() - 1);
        if (!useful || index < lastApplied || role != Role.FOLLOWER || snapshotTerm > term || shortfall.installing()) {
            return Install.NO;
        }
        if (!termIsDurable()) {
            return Install.NO; // A crash would leave a log of a term that the hard state does not know (R5).
        }
        if (held && index > durability.durableIndex()) {
            return Install.NO; // The state must not be ahead of the log that a crash would leave behind (R41).
        }
        if (!held && mayHaveAcknowledgedBehind(index, snapshotTerm)) {
            reached = heldEnd();
            if (durability.durableHardState().reached().isBehind(reached)) {
                return Install.NOT_YET;
            }
        }
        shortfall.installing(true);
        return held ? Install.STATE_ONLY : Install.STATE_AND_LOG;
    }

    /** The entry at the index is lost with its term: it may be the snapshot's, and then what follows it here may count. */
    private boolean mayHaveAcknowledgedBehind(long index, long snapshotTerm) {
        return index < log.lastIndex() && shortfall.isUnknown(index) && log.termAt(index) <= snapshotTerm;
    }

    /** The state on disk is that of the snapshot, durably; the log is as it was. */
    public void installedState(long index) {
        if (!shortfall.installing() || index > log.lastIndex()) {
            throw new InvariantViolation(
                    "installed a state of index " + index + " over a log up to " + log.lastIndex());
        }
        shortfall.installed();
        commitIndex = Math.max(commitIndex, index);
        lastApplied = index;
        handedApplyIndex = Math.max(handedApplyIndex, index);
        configs.forgetBelow(index);
    }

    /** State and log on disk begin behind the snapshot, durably. */
    public void installed(long index, long snapshotTerm, Optional<ConfigAt> config) {
        if (!shortfall.installing() || index <= commitIndex) {
            throw new InvariantViolation("installed a snapshot of index " + index + " at commit index " + commitIndex);
        }
        shortfall.installed();
        shortfall.damaged(List.of(), index);
        electable = true;
        log.resetBehind(index, snapshotTerm);
        durability.resetBehind(index);
        commitIndex = index;
        lastApplied = index;
        handedApplyIndex = index;
        config.ifPresent(configs::resetTo);
        reconfigure();
    }

    /** A snapshot is being installed. */
    public boolean installing() {
        return shortfall.installing();
    }

    /** The log on disk begins lower than it did: older entries were fetched. */
    public void prepended(long firstIndex, List<TermStart> older) {
        log.prepend(firstIndex, older);
    }

    /**
     * Lost entries may be back: the terms of those that are committed may have been guesses, and memberships may be among
     * them that nothing else told of. Goes in front of {@link #damaged}, which may make this replica electable.
     */
    public void repaired(List<TermStart> terms, List<ConfigAt> memberships) {
        if (shortfall.installing()) {
            return; // The log on disk may be another one already.
        }
        long upTo = Math.min(commitIndex, durability.durableIndex());
        log.learn(terms, upTo);
        boolean changed = configs.learn(memberships, durability.durableIndex());
        configs.forgetBelow(lastApplied);
        if (changed) {
            if (role == Role.PRE_CANDIDATE || role == Role.CANDIDATE) {
                stepDown(); // It counts the votes of another membership.
            }
            reconfigure();
        }
    }

    /** It knows of no damage. */
    public boolean isWhole() {
        return shortfall.isWhole();
    }

    /** The log dropped everything below the index. */
    public void trimmed(long firstIndex) {
        if (firstIndex > lastApplied + 1) {
            throw new InvariantViolation("trim to " + firstIndex + " but only " + lastApplied + " is applied");
        }
        log.trim(firstIndex);
    }

    /**
     * The store was adopted into a group: entry 1, the membership of the group's birth, is durable in its log. Only a
     * founder is named there; others wait for the entry that adds them.
     */
    public void adopted(Membership membership, long nowNanos) {
        readClock(nowNanos);
        if (configs.current().isPresent()) {
            throw new InvariantViolation("adopted twice");
        }
        log.born();
        durability.born();
        configs.append(1, membership);
        reconfigure();
        resetElectionTimer();
    }

    /** Gives up leadership before a planned stop, if it has it. */
    public void resign() {
        if (role != Role.LEADER) {
            return;
        }
        for (PeerProgress peer : replicator.peers()) {
            outbox.now(peer.id, new LeaderResigned(term));
        }
        stepDown();
        electionDeadlineNanos = nowNanos + config.electionMaxNanos() + randomElectionNanos();
    }

    /**
     * Begins one change of the membership, which is in force at once and done when its entry is committed. Refused while
     * it could lose safety (R49, R50), a majority, or the last copy of something.
     */
    public Decision changeMembership(MembershipChange change, long nowNanos) {
        Decision judged = judge(change, nowNanos);
        if (!(judged instanceof Decision.Allowed allowed)) {
            return judged;
        }
        Membership next = allowed.next();
        long index = log.lastIndex() + 1;
        log.append(Entry.of(index, term, EntryType.CONFIG, next.encode()));
        configs.append(index, next);
        reconfigure();
        return new Decision.Appended(index, term);
    }

    /**
     * What {@link #changeMembership} would answer now, with {@link Decision.Allowed} for what it would begin. Nothing
     * changes. The removal of this leader is judged as by the one that leads after it: this one counts for nothing.
     */
    public Decision judge(MembershipChange change, long nowNanos) {
        readClock(nowNanos);
        if (role != Role.LEADER) {
            return new Decision.NotLeader(leader);
        }
        if (commitIndex < termFirstIndex) {
            return refused(Reason.TERM_NOT_OPEN, "the leader has not committed anything in its term yet: try again");
        }
        if (configs.currentIndex() > commitIndex) {
            return refused(
                    Reason.CHANGE_UNDER_WAY,
                    "the change before, entry " + configs.currentIndex() + ", is not committed yet: try again");
        }
        if (transfer.isPresent()) {
            return refused(Reason.TRANSFER_UNDER_WAY, "leadership is being handed over: try again");
        }
        Membership now = configs.current().orElseThrow().membership();
        ChangeRules.Judged judged = changeRules.judge(change, now, this.nowNanos);
        if (judged instanceof ChangeRules.Judged.Denied denied) {
            return new Decision.Refused(denied.why());
        }
        return new Decision.Allowed(((ChangeRules.Judged.Allowed) judged).next());
    }

    /**
     * Begins to hand leadership over (thesis 3.10; R13): proposals are refused until the target leads, or until an
     * election timeout is over and this replica goes on.
     *
     * @param to empty for the fittest voter
     */
    public Decision transferLeadership(Optional<ReplicaId> to, long nowNanos) {
        readClock(nowNanos);
        if (role != Role.LEADER) {
            return new Decision.NotLeader(leader);
        }
        if (transfer.isPresent()) {
            return refused(
                    Reason.TRANSFER_UNDER_WAY,
                    "leadership is being handed over to replica "
                            + transfer.get().target() + " already: try again");
        }
        Optional<ReplicaId> target =
                to.or(() -> successors.best(commitIndex, this.nowNanos).map(peer -> peer.id));
        if (target.isEmpty()) {
            return refused(
                    Reason.NO_SUCCESSOR,
                    "no other voter answers, keeps up and has a healthy disk: 'argosy cluster status' shows what they lack");
        }
        if (target.get().equals(config.self())) {
            return refused(Reason.ALREADY_LEADER, "replica " + target.get() + " leads already: nothing is left to do");
        }
        int position = replicator.find(target.get());
        if (position < 0) {
            return refused(
                    Reason.UNKNOWN_REPLICA,
                    "the group has no replica " + target.get() + ": 'argosy raft status' lists those it has");
        }
        Optional<Forbidden> unfit = successors.unfit(replicator.peers()[position], commitIndex, this.nowNanos);
        if (unfit.isPresent()) {
            return new Decision.Refused(unfit.get());
        }
        beginTransfer(target.get());
        return new Decision.HandingOver(target.get());
    }

    private static Decision refused(Reason reason, String text) {
        return new Decision.Refused(new Forbidden(reason, text));
    }

    // --------------------------------------------------------------------------------------------------- effects

    public boolean hasEffects() {
        return outbox.hasNow()
                || needsPersist()
                || applyIndex() > handedApplyIndex
                || !readsReady.isEmpty()
                || !readsFailed.isEmpty()
                || roleChanged()
                || configChanged
                || replicator.hasLogReads()
                || fetchSnapshot.isPresent()
                || (role == Role.LEADER && (heartbeatDue || replicator.pumpDue() || canBeginReads()));
    }

    /** Everything that has come due since the last call. */
    public Effects takeEffects() {
        if (role == Role.LEADER) {
            if (canBeginReads()) {
                reads.begin(commitIndex);
                heartbeatDue = true;
                confirmReads();
            }
            if (heartbeatDue) {
                heartbeatDue = false;
                replicator.sendHeartbeats(term, commitIndex, reads.lastRound(), divergence);
            }
            if (replicator.pumpDue()) {
                replicator.pump(term, commitIndex, nowNanos);
            }
            if (departing) {
                depart();
            }
        }
        Optional<Persist> persist = needsPersist() ? Optional.of(persist()) : Optional.empty();
        handedApplyIndex = applyIndex();
        Optional<RoleChange> roleChange = Optional.empty();
        if (roleChanged()) {
            announced = new RoleChange(role, term, leader);
            roleChange = Optional.of(announced);
        }
        Optional<ReplicaId> snapshotFrom = fetchSnapshot;
        fetchSnapshot = Optional.empty();
        requireOrder();
        return new Effects(
                persist,
                outbox.takeNow(),
                handedApplyIndex,
                takeReadsReady(),
                takeReadsFailed(),
                roleChange,
                takeConfigChange(),
                replicator.takeLogReads(),
                snapshotFrom);
    }

    /**
     * What must hold at the end of each turn, whatever came in, in production too: a few comparisons, and no message
     * leaves if one fails.
     */
    private void requireOrder() {
        boolean ordered = lastApplied <= handedApplyIndex
                && handedApplyIndex <= commitIndex
                && commitIndex <= log.lastIndex()
                && handedApplyIndex <= durability.durableIndex()
                && durability.durableIndex() <= log.lastIndex()
                && log.lastTerm() <= term
                && (role != Role.LEADER || durability.durableHardState().term() == term);
        if (!ordered) {
            throw new InvariantViolation("these do not agree: " + describe());
        }
    }

    /** For people, when something is wrong. */
    public String describe() {
        return "role=" + role + " term=" + term + " votedFor=" + votedFor + " leader=" + leader + " handedHardState="
                + handedHardState + " durableHardState=" + durability.durableHardState() + " log=" + log.firstIndex()
                + ".." + log.lastIndex() + " lastTerm=" + log.lastTerm() + " tailFirst=" + log.tailFirst()
                + " durableIndex=" + durability.durableIndex() + " commitIndex=" + commitIndex + " handedApplyIndex="
                + handedApplyIndex + " lastApplied=" + lastApplied + " termFirstIndex=" + termFirstIndex
                + " electable=" + electable + " reached=" + reached + " lost=" + shortfall.damaged() + " diskSlow="
                + diskSlow + " installing=" + shortfall.installing()
                + " transfer=" + handingOverTo() + " membership=" + configs.current();
    }

    private boolean needsPersist() {
        return log.hasUnhanded() || outbox.hasAfterDurable() || hardStateChanged();
    }

    private Persist persist() {
        Optional<HardState> changed = Optional.empty();
        if (hardStateChanged()) {
            if (term < handedHardState.term()) {
                throw new InvariantViolation("term " + term + " after term " + handedHardState.term());
            }
            if (term == handedHardState.term()
                    && handedHardState.votedFor().isPresent()
                    && !votedFor.equals(handedHardState.votedFor())) {
                throw new InvariantViolation("vote for " + votedFor + " after " + handedHardState);
            }
            handedHardState = new HardState(term, votedFor, reached);
            changed = Optional.of(handedHardState);
        }
        OptionalLong truncateFrom = log.takeTruncation();
        List<Entry> entries = log.takeUnhanded();
        long sequence = durability.issue(handedHardState, log.lastIndex());
        long prevTerm = truncateFrom.isPresent() ? log.termAt(truncateFrom.getAsLong() - 1) : 0;
        return new Persist(sequence, term, changed, truncateFrom, prevTerm, entries, outbox.takeAfterDurable());
    }

    private boolean hardStateChanged() {
        return term != handedHardState.term()
                || !votedFor.equals(handedHardState.votedFor())
                || !reached.equals(handedHardState.reached());
    }

    /**
     * Only what is durable here is applied: the state machine must never be ahead of the log that a crash would leave
     * behind (R41).
     */
    private long applyIndex() {
        if (shortfall.needsSnapshot()) {
            return handedApplyIndex;
        }
        return Math.max(handedApplyIndex, Math.min(commitIndex, durability.durableIndex()));
    }

    private boolean roleChanged() {
        return announced.role() != role
                || announced.term() != term
                || !announced.leader().equals(leader);
    }

    private Optional<ConfigAt> takeConfigChange() {
        if (!configChanged) {
            return Optional.empty();
        }
        configChanged = false;
        return configs.current();
    }

    private List<ReadReady> takeReadsReady() {
        if (readsReady.isEmpty()) {
            return List.of();
        }
        List<ReadReady> taken = readsReady;
        readsReady = new ArrayList<>();
        return taken;
    }

    private List<Long> takeReadsFailed() {
        if (readsFailed.isEmpty()) {
            return List.of();
        }
        List<Long> taken = readsFailed;
        readsFailed = new ArrayList<>();
        return taken;
    }

    // --------------------------------------------------------------------------------------------------- queries

    public Role role() {
        return role;
    }

    public long term() {
        return term;
    }

    public Optional<ReplicaId> leader() {
        return leader;
    }

    /** Known to be committed; {@link Effects#commitIndex()} is this or less, as far as this disk has it. */
    public long commitIndex() {
        return commitIndex;
    }

    public long lastIndex() {
        return log.lastIndex();
    }

    /** Highest index that is durable on this replica's disk. */
    public long durableIndex() {
        return durability.durableIndex();
    }

    /** An entry that the core still holds in memory. */
    public Optional<Entry> cached(long index) {
        return index < log.tailFirst() || index > log.lastIndex() ? Optional.empty() : Optional.of(log.get(index));
    }

    /** What the leader knows of the others; stale on a replica that doesn't lead. */
    public List<RaftStatus.PeerStatus> peers() {
        return replicator.status(catchUp, nowNanos);
    }

    /** In force, committed or not; empty while the store belongs to no group. */
    public Optional<ConfigAt> membership() {
        return configs.current();
    }

    /** In force at an index from the last applied one on (R25). */
    public Optional<ConfigAt> membershipAt(long index) {
        return configs.at(index);
    }

    /** Whom leadership is being handed over to. */
    public Optional<ReplicaId> handingOverTo() {
        return transfer.map(TransferProgress::target);
    }

    // ------------------------------------------------------------------------------------------------- elections

    private void campaign() {
        leader = Optional.empty();
        if (!mayCampaign()) {
            resetElectionTimer();
            return;
        }
        // A pre-vote changes nothing here: a replica that can't win doesn't raise its term (thesis 9.6).
        role = Role.PRE_CANDIDATE;
        openBallot();
        vote();
        electionDeadlineNanos = nowNanos + (retriesFast() ? shortNanos() : randomElectionNanos());
        if (ballot.won() || ballot.nobodyHasMore()) {
            campaignForReal(false);
            return;
        }
        boolean hollow = shortfall.letsOthersLead(nowNanos, 2 * config.electionMaxNanos());
        LogEnd end = offeredEnd();
        ask(new VoteRequest(term + 1, end.index(), end.term(), true, false, retriesFast(), hollow));
    }

    /** A vote of the own term leaves once that is durable, with the own vote (R1). */
    private void ask(VoteRequest request) {
        asked = Optional.of(request);
        askAgainDueNanos = nowNanos + config.heartbeatNanos();
        for (PeerProgress peer : replicator.peers()) {
            if (peer.voter && request.preVote()) {
                outbox.now(peer.id, request);
            } else if (peer.voter) {
                outbox.afterDurable(peer.id, request);
            }
        }
    }

    /**
     * Requests and answers get lost. Where all the voters that are left are needed, a candidate that waits for its next
     * campaign hardly ever hears of all of them in one (Raft paper, 5.5).
     */
    private void askAgain() {
        if (asked.isEmpty()
                || nowNanos - askAgainDueNanos < 0
                || !mayCampaign()
                || (role == Role.CANDIDATE && !termIsDurable())) {
            return;
        }
        askAgainDueNanos = nowNanos + config.heartbeatNanos();
        if (role == Role.CANDIDATE && ballot.nobodyHasMore()) {
            askToGiveUp();
            return;
        }
        for (PeerProgress peer : replicator.peers()) {
            if (peer.voter && ballot.waitsFor(peer.id)) {
                outbox.now(peer.id, asked.get());
            }
        }
    }

    private void campaignForReal(boolean transfer) {
        adoptTerm(term + 1);
        votedFor = Optional.of(config.self());
        role = Role.CANDIDATE;
        leader = Optional.empty();
        openBallot();
        electionDeadlineNanos =
                nowNanos + (retriesFast() ? 5 * shortNanos() + randomUpTo(5 * shortNanos()) : randomElectionNanos());
        LogEnd end = offeredEnd();
        ask(new VoteRequest(term, end.index(), end.term(), false, transfer, retriesFast(), false));
    }

    private boolean mayCampaign() {
        boolean hasLog = electable || (!shortfall.isWhole() && shortfall.firstLostBehind(0) > commitIndex);
        boolean fit = hasLog && !diskSlow && !shortfall.installing() && !shortfall.needsSnapshot();
        return takesPart && fit && (voter || isVoterUntilCommitted());
    }

    // Lost entries (docs/raft-rules.md, 4.4)

    /** The log that this replica votes as: what it ever had, and may have acknowledged. */
    private LogEnd heldEnd() {
        long atLeast = log.lastTerm();
        LogEnd end =
                new LogEnd(isUnknown(log.lastIndex()) ? Math.max(restoredTerm, atLeast) : atLeast, log.lastIndex());
        return end.orFurther(reached);
    }

    /** It is lost with its term, or was in front of what is. */
    private boolean isUnknown(long index) {
        return shortfall.isUnknown(index) || log.isUnknownFront(index);
    }

    /** What is in front of the log was committed, and so the leader's is the same, of whatever term (R21). */
    private boolean conflicts(long prev, long prevTerm) {
        return prev > commitIndex && log.termAt(prev) != prevTerm && !log.isUnknownFront(prev);
    }

    /** The log that this replica campaigns with: what it can still give to others. */
    private LogEnd offeredEnd() {
        long lost = shortfall.firstLostBehind(commitIndex);
        long index = lost == 0 ? log.lastIndex() : lost - 1;
        return new LogEnd(log.termAt(index), index);
    }

    /** It has all that it ever had. */
    private boolean hasLostNothing() {
        return !offeredEnd().isBehind(heldEnd());
    }

    /**
     * The first entry that goes beyond the end is lost here, and nothing proves that it was ever durable. What follows it
     * is of no use without it.
     */
    private boolean hasLostWhatGoesBeyond(LogEnd end) {
        long index = log.lastIndexWithTermAtMost(log.lastIndex(), end.term());
        long common = log.termAt(index) == end.term() ? Math.min(index, end.index()) : index;
        return !end.isBehind(reached)
                && common >= commitIndex
                && !shortfall.installing()
                && shortfall.firstUnknownBehind(commitIndex) == 0
                && shortfall.isDoubtful(common + 1);
    }

    /** A membership that is given up with the end of the log has no say. */
    private void openBallot() {
        Optional<ConfigAt> inForce = configs.at(offeredEnd().index()).or(configs::current);
        ballot = ballotOf(inForce.orElseThrow().membership());
    }

    private static Ballot ballotOf(Membership membership) {
        return new Ballot(membership.voters().stream().map(Member::id).collect(Collectors.toSet()));
    }

    /** For itself, as for anybody: not for a log that is behind what it ever had. */
    private void vote() {
        if (hasLostNothing()) {
            ballot.grant(config.self());
        } else if (hasLostWhatGoesBeyond(offeredEnd())) {
            ballot.lostMore(config.self());
        }
    }

    /** Nobody has anything beyond this log: those who had more are asked again, to give it up. */
    private void askToGiveUp() {
        LogEnd end = offeredEnd();
        VoteRequest request = new VoteRequest(term, end.index(), end.term(), false, false, false, false, true);
        for (PeerProgress peer : replicator.peers()) {
            if (ballot.hasLostMore(peer.id)) {
                outbox.now(peer.id, request);
            }
        }
        ballot.grant(config.self());
    }

    /** Before this replica leads: what it lost and may give up is no longer part of its log. */
    private void giveUpLostEntries() {
        long lost = shortfall.firstLostBehind(commitIndex);
        if (lost == 0) {
            return;
        }
        truncateFrom(lost);
    }

    private void truncateFrom(long index) {
        truncateFrom(index, index);
    }

    private void truncateFrom(long index, long membershipsFrom) {
        log.truncateFrom(index);
        durability.truncated(index);
        electable |= shortfall.truncateFrom(index);
        if (configs.truncateFrom(membershipsFrom)) {
            reconfigure();
        }
    }

    /**
     * Learners and those who were removed never campaign (R53), but until a removal is committed the one that it removes
     * may be needed: of {1, 2}, if only 1 has the entry that removes 1, it can't vote for 2, whose log is shorter. It
     * wins without its own vote, commits its removal and leaves (thesis 4.2.2). A start may not know how far anything was
     * committed: but whoever appended the change had committed the membership in front of it (R50).
     */
    private boolean isVoterUntilCommitted() {
        Optional<ConfigAt> before = configs.at(configs.currentIndex() - 1);
        return before.isPresent()
                && configs.currentIndex() > commitIndex
                && before.get()
                        .membership()
                        .voter(config.self())
                        .filter(member -> member.isStore(config.storeUuid()))
                        .isPresent();
    }

    private void onVoteRequest(ReplicaId from, VoteRequest m) {
        if (m.term() < term || (m.preVote() && m.term() == term)) {
            refuse(from, m, Refusal.STALE_TERM);
        } else if (wasRemoved(from)) {
            refuse(from, m, Refusal.UNKNOWN_MEMBER);
        } else if (!m.transfer() && leaderIsAlive(m)) {
            // The term is not adopted: a replica that was cut off can't depose a leader that others hear (R12).
            refuse(from, m, Refusal.LEADER_ALIVE);
        } else if (m.preVote()) {
            if (candidateLogIsBehind(m)) {
                refuse(from, m, reasonWhyBehind(m));
                campaignInsteadOf(m);
            } else if (m.hollow() && leadsBetterThan(m)) {
                refuse(from, m, Refusal.CANDIDATE_HOLLOW);
                if (role == Role.FOLLOWER) {
                    campaign();
                }
            } else {
                outbox.now(from, new VoteResponse(m.term(), true, true, Refusal.NONE));
                waitForFastCandidate(from, m);
            }
        } else {
            onRealVoteRequest(from, m);
        }
    }

    /** This replica lacks nothing that the hollow candidate has, and no body either. */
    private boolean leadsBetterThan(VoteRequest m) {
        return mayCampaign()
                && hasLostNothing()
                && !shortfall.isHollow()
                && log.lastTerm() == m.lastTerm()
                && log.lastIndex() == m.lastIndex();
    }

    private void onRealVoteRequest(ReplicaId from, VoteRequest m) {
        if (m.term() > term) {
            follow(m.term(), Optional.empty()); // Adopted even if the vote is refused below (R8).
        }
        boolean free = votedFor.isEmpty() || votedFor.get().equals(from); // Granted again if the answer was lost (R6).
        if (!free) {
            refuse(from, m, Refusal.ALREADY_VOTED);
        } else if (candidateLogIsBehind(m) && !(m.givesUp() && hasLostWhatGoesBeyond(m.end()))) {
            refuse(from, m, reasonWhyBehind(m));
        } else {
            votedFor = Optional.of(from);
            resetElectionTimer();
            whenTermIsDurable(from, new VoteResponse(term, true, false, Refusal.NONE));
        }
    }

    /** For good: a removal that is not committed may still be undone, and until then the vote may be needed. */
    private boolean wasRemoved(ReplicaId candidate) {
        Optional<ConfigAt> current = configs.current();
        return current.isPresent()
                && current.get().index() <= commitIndex
                && current.get().membership().isRetired(candidate);
    }

    private void refuse(ReplicaId to, VoteRequest m, Refusal refusal) {
        whenTermIsDurable(to, new VoteResponse(term, false, m.preVote(), refusal));
    }

    /** Raft paper, section 5.4.1. */
    private boolean candidateLogIsBehind(VoteRequest m) {
        return m.end().isBehind(heldEnd());
    }

    private Refusal reasonWhyBehind(VoteRequest m) {
        return hasLostWhatGoesBeyond(m.end()) ? Refusal.LOST_MORE : Refusal.LOG_BEHIND;
    }

    /**
     * Stickiness: who hears a leader helps nobody to replace it (thesis 4.2.3). If the candidate saw the leader's
     * process die, half the silence is enough: our own connection may just not have told us yet.
     */
    private boolean leaderIsAlive(VoteRequest m) {
        if (role == Role.LEADER) {
            return true;
        }
        long spanNanos = m.leaderLost() ? config.electionMinNanos() / 2 : config.electionMinNanos();
        return leader.isPresent() && nowNanos - leaderHeardNanos < spanNanos;
    }

    private void onVoteResponse(ReplicaId from, VoteResponse m) {
        // An answer to a round before is none to this one: a grant of a pre-vote, or any answer to a vote, tells by its
        // term.
        boolean late = m.preVote() ? m.granted() && m.term() != term + 1 : m.term() < term;
        if (m.preVote() == (role == Role.PRE_CANDIDATE) && !late) {
            ballot.answered(from);
        }
        if (!m.granted()) {
            // A higher term is news, never a grant (R7).
            if (m.term() > term) {
                follow(m.term(), Optional.empty());
            } else if (m.refusal() == Refusal.LOST_MORE) {
                onLostMore(from, m);
            }
            return;
        }
        if (m.preVote() && role == Role.PRE_CANDIDATE && m.term() == term + 1) {
            ballot.grant(from);
            if (ballot.won() || ballot.nobodyHasMore()) {
                campaignForReal(false);
            }
        } else if (!m.preVote() && role == Role.CANDIDATE && m.term() == term) {
            ballot.grant(from);
            leadIfElected();
        }
    }

    /** A refusal says the voter's own term: it asks for no vote, so that it is at most the candidate's. */
    private void onLostMore(ReplicaId from, VoteResponse m) {
        if (m.preVote() && role == Role.PRE_CANDIDATE) {
            ballot.lostMore(from);
            if (ballot.nobodyHasMore()) {
                campaignForReal(false);
            }
        } else if (!m.preVote() && role == Role.CANDIDATE && m.term() == term) {
            ballot.lostMore(from);
            leadIfElected();
        }
    }

    private void leadIfElected() {
        if (!ballot.won() && ballot.nobodyHasMore()) {
            askToGiveUp();
        }
        if (!ballot.won()) {
            return;
        }
        giveUpLostEntries();
        role = Role.LEADER;
        leader = Optional.of(config.self());
        leaderLost = false;
        replicator.begin(nowNanos);
        catchUp.begin(log.lastIndex(), nowNanos);
        // Entries of older terms commit only under one of this term, so there must be one at once (R14, R15).
        termFirstIndex = log.lastIndex() + 1;
        log.append(Entry.of(termFirstIndex, term, EntryType.NOOP, ByteBuffer.allocate(0)));
        heartbeatDue = true;
        heartbeatDueNanos = nowNanos + config.heartbeatNanos();
        betterLeaderDueNanos = nowNanos + 2 * config.electionMaxNanos();
    }

    // ------------------------------------------------------------------------------------ the forget-leader fast path

    /**
     * The leader is gone for certain: no need to wait for silence. Survivors go one after the other, by priority and
     * id, so that two that notice at the same moment rarely collide. Safe because stickiness only helps liveness.
     */
    private void forgetLeader(ReplicaId lost) {
        leader = Optional.empty();
        leaderLost = true;
        fastRetryEndNanos = nowNanos + config.electionMinNanos();
        int rank = 0;
        for (PeerProgress peer : replicator.peers()) {
            if (peer.voter && campaignsBefore(peer) && !peer.id.equals(lost)) {
                rank++;
            }
        }
        if (rank == 0) {
            campaign();
        } else {
            electionDeadlineNanos = nowNanos + rank * shortNanos() + randomUpTo(shortNanos() / 2);
        }
    }

    private boolean campaignsBefore(PeerProgress peer) {
        return peer.priority > priority || (peer.priority == priority && peer.id.compareTo(config.self()) < 0);
    }

    /** Refused because it hasn't seen the loss yet, a voter will grant in a moment: ask again soon, for a while. */
    private boolean retriesFast() {
        return leaderLost && fastRetryEndNanos - nowNanos > 0;
    }

    /** Our log is longer than that of a candidate who hurries: nobody needs to wait for it to give up. */
    private void campaignInsteadOf(VoteRequest m) {
        if (m.leaderLost() && retriesFast() && role == Role.FOLLOWER) {
            campaign();
        }
    }

    /**
     * Bounded to the fast path: elsewhere a candidate that can't win could hold back one that can (R10). Of two that
     * ask each other at the same moment the later in order steps back, or both would go on and split the vote.
     */
    private void waitForFastCandidate(ReplicaId candidate, VoteRequest m) {
        if (!retriesFast()) {
            return;
        }
        int position = replicator.find(candidate);
        if (role == Role.PRE_CANDIDATE
                && m.leaderLost()
                && position >= 0
                && campaignsBefore(replicator.peers()[position])) {
            role = Role.FOLLOWER;
        }
        if (role == Role.FOLLOWER) {
            long waitNanos = 5 * shortNanos() + randomUpTo(shortNanos());
            if (electionDeadlineNanos - nowNanos < waitNanos) {
                electionDeadlineNanos = nowNanos + waitNanos;
            }
        }
    }

    private void onLeaderResigned(ReplicaId from, LeaderResigned m) {
        if (m.term() > term) {
            follow(m.term(), Optional.empty());
        } else if (m.term() == term && role == Role.FOLLOWER && isLeader(from)) {
            forgetLeader(from);
        }
    }

    private void onTimeoutNow(ReplicaId from, TimeoutNow m) {
        if (m.term() == term && role == Role.FOLLOWER && isLeader(from) && mayCampaign() && hasLostNothing()) {
            campaignForReal(true);
        }
    }

    // ------------------------------------------------------------------------------------------------- followers

    private void onAppend(ReplicaId from, AppendRequest m) {
        if (m.term() < term) {
            // Told the newer term, a deposed leader steps down (R9). Session 0: this answers no stream of ours.
            whenTermIsDurable(from, new AppendResponse(term, 0, true, m.prevIndex(), 0, 0, lastApplied, diskSlow));
            return;
        }
        hearLeader(from, m.term());
        if (shortfall.installing()) {
            return;
        }
        long prev = m.prevIndex();
        boolean replacesUnknown = replacesUnknown(m);
        long unknown = shortfall.firstUnknownBehind(commitIndex);
        boolean asksBehind = unknown != 0 && prev >= unknown && (replacesUnknown || shortfall.isUnknown(prev));
        if (prev > log.lastIndex() || asksBehind || conflicts(prev, m.prevTerm())) {
            // The prefix up to commit can't conflict, so the search for the conflict ends there.
            long hint = log.lastIndexWithTermAtMost(Math.min(prev - 1, log.lastIndex()), m.prevTerm());
            hint = Math.max(asksBehind ? Math.min(hint, unknown - 1) : hint, Math.min(commitIndex, prev - 1));
            long hintTerm = log.isUnknownFront(hint) ? m.term() : log.termAt(hint);
            lossToldSession = m.session();
            lossToldIndex = prev;
            whenTermIsDurable(
                    from, new AppendResponse(term, m.session(), true, prev, hintTerm, hint, lastApplied, diskSlow));
            return;
        }
        requireCommittedMatch(from, prev, m.prevTerm());
        noteBeingBroughtUp(m);
        appendMissing(from, m, replacesUnknown);
        long verified = prev + m.entries().size();
        // Everything committed is in the leader's log too: behind a snapshot it need not find out entry by entry.
        long held = Math.max(verified, Math.min(commitIndex, durability.durableIndex()));
        long claimed = shortfall.claimable(held, commitIndex);
        AppendResponse response = new AppendResponse(term, m.session(), false, claimed, 0, 0, lastApplied, diskSlow);
        if (durability.durableIndex() >= claimed) {
            whenTermIsDurable(from, response);
        } else {
            outbox.afterDurable(from, response);
        }
        // Only what this very message verified: what lies behind it may be another leader's (R18).
        commitTo(Math.min(m.commitIndex(), verified));
    }

    /**
     * A new stream begins behind what the leader takes for acknowledged. If that is here, all of it is; if it was refused,
     * the leader counts from nothing again (R36), and what it sends below that says how far it committed before.
     */
    private void noteBeingBroughtUp(AppendRequest m) {
        if (reached.isUnknown() && reached.term() == term && broughtUpAt.isEmpty()) {
            if (m.session() != lossToldSession || m.prevIndex() < lossToldIndex) {
                broughtUpAt = OptionalLong.of(Math.max(m.prevIndex(), m.commitIndex()));
            }
        }
    }

    /**
     * Entries here that are lost with their terms are replaced by the leader's, if they don't come to be committed without
     * us: for a while others may do that, and then the file is repaired and nothing is cut.
     */
    private boolean replacesUnknown(AppendRequest m) {
        long unknown = shortfall.firstUnknownBehind(commitIndex);
        if (unknown == 0 || m.commitIndex() >= unknown) {
            unknownMetNanos = OptionalLong.empty();
            return false;
        }
        if (unknownMetNanos.isEmpty()) {
            unknownMetNanos = OptionalLong.of(nowNanos);
        }
        return nowNanos - unknownMetNanos.getAsLong() >= 2 * config.electionMaxNanos();
    }

    /**
     * The log shrinks only here, at a real conflict (R16), and where entries are lost with their terms. Those may have been
     * acknowledged: they are remembered with the truncation, and this replica votes as if it had them until its log has
     * taken their place.
     */
    private void appendMissing(ReplicaId from, AppendRequest m, boolean replacesUnknown) {
        long prev = m.prevIndex();
        List<Entry> entries = m.entries();
        int count = entries.size();
        boolean reconfigured = false;
        int i = 0;
        for (; i < count; i++) {
            long index = prev + 1 + i;
            Entry entry = entries.get(i);
            if (entry.index() != index) {
                throw new InvariantViolation("entry " + i + " behind index " + prev + " from " + from + " is " + entry);
            }
            if (index > log.lastIndex()) {
                break;
            }
            if (shortfall.isUnknown(index) && mayBeOfTerm(index, entry.term())) {
                if (index <= commitIndex || !replacesUnknown) {
                    continue;
                }
                reached = heldEnd();
                // The leader's entry 1, which follows at once, is the founding membership as well.
                truncateFrom(index, Math.max(2, index));
                log.knowFront(
                        index - 1, i == 0 ? m.prevTerm() : entries.get(i - 1).term());
                break;
            }
            if (index >= log.firstIndex() && log.termAt(index) != entry.term()) {
                if (index <= commitIndex) {
                    throw new InvariantViolation("committed entry " + index + " has term " + log.termAt(index)
                            + " here and " + entry.term() + " at leader " + from + " of term " + term
                            + "; commit index " + commitIndex);
                }
                truncateFrom(index);
                break;
            }
        }
        for (; i < count; i++) {
            Entry entry = entries.get(i);
            log.append(entry);
            if (entry.type() == EntryType.CONFIG
                    && (entry.index() > 1 || configs.current().isEmpty())) {
                configs.append(entry.index(), Membership.decode(entry.payload()));
                reconfigured = true;
            }
        }
        if (reconfigured) {
            reconfigure();
        }
    }

    /** Of a lost entry: terms never descend, and of those around it something is known. */
    private boolean mayBeOfTerm(long index, long entryTerm) {
        long behind = shortfall.firstKnownBehind(index);
        return log.termAt(index) <= entryTerm && (behind > log.lastIndex() || entryTerm <= log.termAt(behind));
    }

    private void requireCommittedMatch(ReplicaId from, long prev, long prevTerm) {
        if (prev <= commitIndex && prev >= log.firstIndex() - 1 && log.termAt(prev) != prevTerm && !isUnknown(prev)) {
            throw new InvariantViolation("committed entry " + prev + " has term " + log.termAt(prev) + " here and "
                    + prevTerm + " at leader " + from + " of term " + term + "; commit index " + commitIndex);
        }
    }

    private void onSnapshotOffer(ReplicaId from, SnapshotOffer m) {
        if (m.term() < term) {
            whenTermIsDurable(
                    from, new HeartbeatResponse(term, 0, 0, 0, lastApplied, diskSlow, shortfall.completeFrom()));
            return;
        }
        hearLeader(from, m.term());
        long prev = m.prevIndex();
        boolean needed = prev > log.lastIndex()
                || conflicts(prev, m.prevTerm())
                || (prev > commitIndex && shortfall.isUnknown(prev));
        if (needed && !shortfall.installing()) {
            fetchSnapshot = Optional.of(from);
        }
    }

    private void onHeartbeat(ReplicaId from, Heartbeat m) {
        if (m.term() < term) {
            whenTermIsDurable(
                    from, new HeartbeatResponse(term, 0, 0, 0, lastApplied, diskSlow, shortfall.completeFrom()));
            return;
        }
        hearLeader(from, m.term());
        divergence.told(from, m.windowEnd(), m.windowHash());
        commitTo(Math.min(m.commitIndex(), log.lastIndex()));
        if (shortfall.needsSnapshot() && !shortfall.installing()) {
            fetchSnapshot = Optional.of(from);
        }
        outbox.now(
                from,
                new HeartbeatResponse(
                        term,
                        m.readRound(),
                        m.session(),
                        durability.durableIndex(),
                        lastApplied,
                        diskSlow,
                        shortfall.completeFrom()));
    }

    private void hearLeader(ReplicaId from, long leaderTerm) {
        if (leaderTerm == term && (role == Role.LEADER || (leader.isPresent() && !isLeader(from)))) {
            throw new InvariantViolation("two leaders in term " + term + ": " + from + " and " + leader.orElseThrow());
        }
        if (leaderTerm > term || role != Role.FOLLOWER || leader.isEmpty()) {
            follow(leaderTerm, Optional.of(from));
        }
        leaderLost = false;
        leaderHeardNanos = nowNanos;
        shortfall.leaderHeard();
        resetElectionTimer();
    }

    private void commitTo(long index) {
        if (index <= commitIndex) {
            return;
        }
        if (index > log.lastIndex()) {
            throw new InvariantViolation("commit of " + index + " but the log ends at " + log.lastIndex());
        }
        boolean configCommitted = commitIndex < configs.currentIndex() && index >= configs.currentIndex();
        commitIndex = index;
        forgetOldEntries();
        if (configCommitted && role == Role.LEADER) {
            // Whoever was removed hears that it is final, and a leader that removed itself leaves behind the same news.
            replicator.leaveAt(nowNanos + config.electionMaxNanos());
            heartbeatDue = true;
            departing = !voter;
        }
    }

    // ------------------------------------------------------------------------------------------------- the leader

    private void tickLeader() {
        if (!replicator.heardFromMajority(nowNanos, config.electionMaxNanos())) {
            // Check-quorum: others may have elected somebody, and what is proposed here can't commit.
            stepDown();
            return;
        }
        if (nowNanos - heartbeatDueNanos >= 0) {
            heartbeatDueNanos = nowNanos + config.heartbeatNanos();
            heartbeatDue = true;
            replicator.retry(nowNanos);
            transfer.ifPresent(TransferProgress::askAgain);
            askTarget();
        }
        catchUp.tick(log.lastIndex(), nowNanos);
        replicator.dropLeft(nowNanos);
        if (transfer.isPresent() && transfer.get().isOver(nowNanos)) {
            transfer = Optional.empty();
        }
        handToBetter();
    }

    /**
     * Leadership goes to the replica with the highest priority once it is fit to lead, and from a hollow replica to one
     * that lacks nothing. Looked at now and then, and rarely again after it failed.
     */
    private void handToBetter() {
        if (nowNanos - betterLeaderDueNanos < 0 || transfer.isPresent() || configs.currentIndex() > commitIndex) {
            return;
        }
        betterLeaderDueNanos = nowNanos + config.electionMaxNanos();
        Optional<PeerProgress> best = successors.best(commitIndex, nowNanos);
        if (best.isPresent() && (best.get().priority > priority || shortfall.isHollow())) {
            betterLeaderDueNanos = nowNanos + 20 * config.electionMaxNanos();
            beginTransfer(best.get().id);
        }
    }

    private void beginTransfer(ReplicaId target) {
        transfer = Optional.of(new TransferProgress(target, nowNanos + config.electionMinNanos()));
        askTarget();
    }

    /** Asks the target of a transfer to campaign once it has the whole log. */
    private void askTarget() {
        if (role != Role.LEADER || transfer.isEmpty()) {
            return;
        }
        int position = replicator.find(transfer.get().target());
        if (position >= 0 && transfer.get().shallAsk(replicator.peers()[position].matchIndex, log.lastIndex())) {
            outbox.now(transfer.get().target(), new TimeoutNow(term));
        }
    }

    /** The last act of a leader that was removed: somebody campaigns at once, nobody waits for silence (R52). */
    private void depart() {
        successors.best(commitIndex, nowNanos).ifPresent(peer -> outbox.now(peer.id, new TimeoutNow(term)));
        stepDown();
    }

    /** An answer of an older leadership is worth nothing (R19), one of a higher term ends this one. */
    private boolean isAnswerToThisLeadership(long answerTerm) {
        if (answerTerm > term) {
            follow(answerTerm, Optional.empty());
        }
        return role == Role.LEADER && answerTerm == term;
    }

    private void advanceCommit() {
        long claimed = shortfall.claimable(durability.durableIndex(), commitIndex);
        long copied = replicator.majorityMatch(claimed);
        // Counting copies decides only for entries of the own term; older ones commit with them (R14, figure 8).
        if (role == Role.LEADER && copied >= termFirstIndex) {
            commitTo(copied);
        }
    }

    private boolean canBeginReads() {
        // Before an entry of this term is committed, the leader doesn't know how far others committed (R44).
        return reads.canBegin() && commitIndex >= termFirstIndex;
    }

    private void confirmReads() {
        if (reads.hasOpen()) {
            reads.confirm(replicator.majorityRound(), readsReady);
        }
    }

    // ---------------------------------------------------------------------------------------------------- helpers

    /** Becomes a follower of the term, which is the current one or a higher one. */
    private void follow(long newTerm, Optional<ReplicaId> newLeader) {
        if (newTerm > term) {
            adoptTerm(newTerm);
            resetElectionTimer();
        }
        endLeadership();
        role = Role.FOLLOWER;
        leader = newLeader;
    }

    /** Stops leading, in the same term. */
    private void stepDown() {
        endLeadership();
        role = Role.FOLLOWER;
        leader = Optional.empty();
        resetElectionTimer();
    }

    private void endLeadership() {
        if (role == Role.LEADER) {
            heartbeatDue = false;
            departing = false;
            transfer = Optional.empty();
            reads.failAll(readsFailed);
        }
    }

    private void adoptTerm(long newTerm) {
        if (newTerm <= term) {
            throw new InvariantViolation("term " + newTerm + " after term " + term);
        }
        term = newTerm;
        votedFor = Optional.empty();
        outbox.dropAfterDurable();
    }

    private boolean isLeader(ReplicaId replica) {
        return leader.isPresent() && leader.get().equals(replica);
    }

    private boolean termIsDurable() {
        HardState durable = durability.durableHardState();
        return durable.term() == term && durable.votedFor().equals(votedFor);
    }

    /** At once if term and vote are on disk, else behind them (R1; docs/raft-rules.md, what may leave when). */
    private void whenTermIsDurable(ReplicaId to, Message message) {
        if (termIsDurable()) {
            outbox.now(to, message);
        } else {
            outbox.afterDurable(to, message);
        }
    }

    private void forgetOldEntries() {
        log.evict(Math.min(commitIndex, durability.durableIndex()), config.tailBytesMax());
    }

    /** Entries up to the index have been in memory for long: who still wants them has them read from the log. */
    public void forgetUpTo(long index) {
        log.evict(Math.min(index, Math.min(commitIndex, durability.durableIndex())), 0);
    }

    private void readClock(long now) {
        nowNanos = clock.advance(now);
    }

    private void resetElectionTimer() {
        electionDeadlineNanos = nowNanos + randomElectionNanos() + (isOutranked() ? config.electionMinNanos() : 0);
    }

    /** Somebody with a higher priority may campaign first; a head start, never a veto, since it may be gone. */
    private boolean isOutranked() {
        for (PeerProgress peer : replicator.peers()) {
            if (peer.voter && peer.priority > priority && !isLeader(peer.id)) {
                return true;
            }
        }
        return false;
    }

    private long randomElectionNanos() {
        return config.electionMinNanos() + randomUpTo(config.electionMaxNanos() - config.electionMinNanos());
    }

    private long randomUpTo(long boundNanos) {
        return boundNanos > 0 ? random.nextLong(boundNanos) : 0;
    }

    /** 20 ms with default timing: a few round trips, two ticks. */
    private long shortNanos() {
        return config.heartbeatNanos() * 2 / 5;
    }
}
