package io.argosy.raft.core;

import io.argosy.raft.Entry;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Effects.LogRead;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.SnapshotOffer;
import io.argosy.raft.core.PeerProgress.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The leader's side of replication: which entries each peer has, what to send it next, how far a majority got. Appends
 * are built once per turn, from the state at its end, so that an append's term is always one this replica leads (R11).
 */
final class Replicator {

    private final CoreConfig config;
    private final LogView log;
    private final Outbox outbox;
    private final Shortfall shortfall;
    private PeerProgress[] peers = new PeerProgress[0];
    private Quorum quorum = new Quorum(1);
    private boolean selfVotes;

    private List<LogRead> logReads = new ArrayList<>();
    private boolean pumpDue;

    // All peers that keep up get the same slice.
    private List<Entry> lastSlice = List.of();
    private long lastSliceFrom;
    private long lastSliceLogEnd;

    Replicator(CoreConfig config, LogView log, Outbox outbox, Shortfall shortfall) {
        this.config = config;
        this.log = log;
        this.outbox = outbox;
        this.shortfall = shortfall;
    }

    /**
     * Another membership is in force. Who stays keeps its progress; who was removed is still sent to by a leader until
     * {@link #dropLeft}, and counts for nothing.
     *
     * @param sessions of the streams that are open
     */
    void reconfigure(Membership membership, Map<ReplicaId, Long> sessions, boolean leading, long nowNanos) {
        TreeMap<ReplicaId, PeerProgress> next = new TreeMap<>();
        for (Member member : membership.members()) {
            if (member.id().equals(config.self())) {
                continue;
            }
            int position = find(member.id());
            PeerProgress peer = position >= 0 ? peers[position] : joining(member.id(), sessions, nowNanos);
            peer.voter = membership.voter(member.id()).isPresent();
            peer.priority = member.priority();
            peer.leaving = false;
            peer.leavesNanos = Long.MAX_VALUE;
            next.put(member.id(), peer);
        }
        for (PeerProgress peer : peers) {
            if (leading && !next.containsKey(peer.id)) {
                peer.voter = false;
                peer.leaving = true;
                next.put(peer.id, peer);
            }
        }
        peers = next.values().toArray(PeerProgress[]::new);
        selfVotes = membership
                .voter(config.self())
                .filter(member -> member.isStore(config.storeUuid()))
                .isPresent();
        int voters = selfVotes ? 1 : 0;
        for (PeerProgress peer : peers) {
            voters += peer.voter ? 1 : 0;
        }
        quorum = new Quorum(Math.max(1, voters));
        pumpDue = true;
    }

    private PeerProgress joining(ReplicaId id, Map<ReplicaId, Long> sessions, long nowNanos) {
        PeerProgress peer = new PeerProgress(id);
        peer.begin(log.lastIndex() + 1, nowNanos);
        Long session = sessions.get(id);
        if (session != null) {
            streamOpened(peer, session, nowNanos);
        }
        return peer;
    }

    /** The removal is committed: those that leave hear of it until then. */
    void leaveAt(long untilNanos) {
        for (PeerProgress peer : peers) {
            if (peer.leaving && peer.leavesNanos == Long.MAX_VALUE) {
                peer.leavesNanos = untilNanos;
            }
        }
    }

    void dropLeft(long nowNanos) {
        for (PeerProgress peer : peers) {
            if (peer.leavesNanos != Long.MAX_VALUE && nowNanos - peer.leavesNanos >= 0) {
                peers = Stream.of(peers).filter(p -> p != peer).toArray(PeerProgress[]::new);
            }
        }
    }

    /** All others, voters or not, sorted by id. */
    PeerProgress[] peers() {
        return peers;
    }

    /** Position of a peer, -1 if it is not one. */
    int find(ReplicaId id) {
        for (int i = 0; i < peers.length; i++) {
            if (peers[i].id.equals(id)) {
                return i;
            }
        }
        return -1;
    }

    /** A new leadership begins; the optimistic guess is that everybody has what we have. */
    void begin(long nowNanos) {
        peers = Stream.of(peers).filter(peer -> !peer.leaving).toArray(PeerProgress[]::new);
        for (PeerProgress peer : peers) {
            peer.begin(log.lastIndex() + 1, nowNanos);
        }
        pumpDue = true;
    }

    void streamOpened(PeerProgress peer, long session, long nowNanos) {
        peer.session = session;
        peer.streamOpen = true;
        peer.matchConfirmed = false;
        peer.readFailed = false;
        // What was under way may be lost; what was confirmed is durable there (R27).
        long next = peer.matchIndex > 0 ? peer.matchIndex + 1 : Math.min(peer.nextIndex, log.lastIndex() + 1);
        peer.probe(next, nowNanos);
        pumpDue = true;
    }

    void streamBroken(PeerProgress peer, long nowNanos) {
        peer.streamOpen = false;
        peer.probe(peer.matchIndex > 0 ? peer.matchIndex + 1 : peer.nextIndex, nowNanos);
    }

    /** New entries, or room in a window. */
    void wake() {
        pumpDue = true;
    }

    boolean pumpDue() {
        return pumpDue;
    }

    void onAppendResponse(PeerProgress peer, AppendResponse m, long nowNanos) {
        peer.heard(nowNanos);
        peer.diskSlow = m.diskSlow();
        peer.appliedIndex = m.appliedIndex();
        if (m.session() != peer.session || !peer.streamOpen) {
            return;
        }
        peer.progressNanos = nowNanos;
        pumpDue = true;
        if (m.rejected()) {
            onRejected(peer, m, nowNanos);
        } else {
            onAccepted(peer, m.index(), nowNanos);
        }
    }

    private void onAccepted(PeerProgress peer, long index, long nowNanos) {
        if (index > log.lastIndex()) {
            throw new InvariantViolation(
                    "replica " + peer.id + " matches up to " + index + " but the log ends at " + log.lastIndex());
        }
        peer.matchConfirmed = true;
        if (index > peer.matchIndex) {
            peer.matchIndex = index;
        }
        if (peer.nextIndex <= peer.matchIndex) {
            peer.nextIndex = peer.matchIndex + 1;
        }
        peer.inflight.freeUpTo(index);
        if (peer.state != State.REPLICATE && index + 1 >= peer.nextIndex && peer.nextIndex >= log.firstIndex()) {
            peer.state = State.REPLICATE;
            peer.probeSent = false;
            peer.progressNanos = nowNanos;
        }
    }

    /** Never moves match forward (R19); a refusal that answers nothing we still ask is stale. */
    private void onRejected(PeerProgress peer, AppendResponse m, long nowNanos) {
        long refused = m.index();
        if (refused < peer.matchIndex || peer.state == State.SNAPSHOT) {
            return;
        }
        if (refused == peer.matchIndex && refused > 0) {
            if (peer.matchConfirmed) {
                return;
            }
            // First answer on a new stream, and the peer no longer has what it confirmed: its disk was rolled back
            // (only with asynchronous flush). It must not count for those entries until it has them again.
            peer.matchIndex = 0;
        } else if (peer.state == State.PROBE && refused != peer.nextIndex - 1) {
            return;
        }
        long hint = Math.max(Math.min(m.hintIndex(), refused - 1), peer.matchIndex);
        if (hint < log.firstIndex() - 1) {
            peer.probe(hint + 1, nowNanos);
            park(peer);
        } else {
            peer.probe(log.lastIndexWithTermAtMost(hint, m.hintTerm()) + 1, nowNanos);
        }
    }

    void onHeartbeatResponse(PeerProgress peer, HeartbeatResponse m, long nowNanos) {
        peer.heard(nowNanos);
        peer.diskSlow = m.diskSlow();
        peer.appliedIndex = m.appliedIndex();
        peer.completeFrom = m.completeFrom();
        peer.confirmedRound = Math.max(peer.confirmedRound, m.readRound());
    }

    /** Once per heartbeat interval: asks again where nothing was heard, since the transport may lose messages. */
    void retry(long nowNanos) {
        for (PeerProgress peer : peers) {
            if (peer.readFailed && nowNanos - peer.readRetryNanos >= 0) {
                peer.readFailed = false;
                pumpDue = true;
            }
            boolean silent = nowNanos - peer.progressNanos >= config.heartbeatNanos();
            if (peer.streamOpen && silent) {
                if (peer.state == State.PROBE && peer.probeSent) {
                    peer.probeSent = false;
                    peer.nudge = true;
                    pumpDue = true;
                } else if (peer.state == State.REPLICATE && !peer.inflight.isEmpty()) {
                    peer.nudge = true;
                    pumpDue = true;
                } else if (peer.state == State.SNAPSHOT && nowNanos - peer.progressNanos >= config.electionMaxNanos()) {
                    // It may hold more than it managed to tell us; the last trimmed index is one we can ask about.
                    peer.nextIndex = log.firstIndex();
                    peer.nudge = true;
                    peer.offerDue = true;
                    pumpDue = true;
                }
            }
        }
    }

    /** Builds all appends of this turn. */
    void pump(long term, long commitIndex, long nowNanos) {
        pumpDue = false;
        for (PeerProgress peer : peers) {
            if (peer.streamOpen && !peer.readFailed) {
                pump(peer, term, commitIndex, nowNanos);
            }
        }
        lastSlice = List.of();
        lastSliceFrom = 0;
    }

    private void pump(PeerProgress peer, long term, long commitIndex, long nowNanos) {
        if (peer.offerDue) {
            peer.offerDue = false;
            long prev = log.firstIndex() - 1;
            outbox.now(peer.id, new SnapshotOffer(term, prev, log.termAt(prev)));
        }
        if (peer.nudge) {
            peer.nudge = false;
            long prev = peer.nextIndex - 1;
            if (prev >= log.firstIndex() - 1) {
                send(peer, term, commitIndex, prev, List.of());
                peer.probeSent = peer.state == State.PROBE;
                peer.progressNanos = nowNanos;
            } else {
                // Its window is full of what was lost on the way, and the log was trimmed beyond it since.
                park(peer);
                pump(peer, term, commitIndex, nowNanos);
                return;
            }
        }
        while (wantsMore(peer)) {
            if (peer.nextIndex < log.firstIndex()) {
                park(peer);
                pump(peer, term, commitIndex, nowNanos);
                return;
            }
            if (peer.nextIndex <= log.lastIndex() && peer.nextIndex < log.tailFirst()) {
                readFromDisk(peer);
                return;
            }
            List<Entry> entries = slice(peer.nextIndex);
            sendEntries(peer, term, commitIndex, entries, nowNanos);
        }
    }

    private boolean wantsMore(PeerProgress peer) {
        return switch (peer.state) {
            case PROBE -> !peer.probeSent && peer.readFrom == 0;
            case REPLICATE ->
                peer.nextIndex <= log.lastIndex() && peer.readFrom == 0 && peer.inflight.hasRoom(config.windowBytes());
            case SNAPSHOT -> false;
        };
    }

    private void park(PeerProgress peer) {
        peer.state = State.SNAPSHOT;
        peer.offerDue = true;
        peer.inflight.clear();
    }

    private void readFromDisk(PeerProgress peer) {
        peer.readFrom = peer.nextIndex;
        logReads.add(new LogRead(peer.id, peer.session, peer.nextIndex, config.batchBytesMax()));
    }

    /** Entries that were read for a peer; sent only if they are still the log's and still what the peer needs. */
    void onLogRead(PeerProgress peer, long session, List<Entry> entries, long term, long commitIndex, long nowNanos) {
        long from = peer.readFrom;
        if (from == 0 || session != peer.session || !peer.streamOpen) {
            return;
        }
        peer.readFrom = 0;
        pumpDue = true;
        if (entries.isEmpty()) {
            // Never answered by an append without entries: the peer would take it for a match (R22).
            peer.probe(peer.nextIndex, nowNanos);
            peer.readFailed = true;
            peer.readRetryNanos = nowNanos + config.electionMaxNanos();
            return;
        }
        if (from != peer.nextIndex || from < log.firstIndex() || !isOurs(entries, from)) {
            return;
        }
        sendEntries(peer, term, commitIndex, entries, nowNanos);
    }

    private boolean isOurs(List<Entry> entries, long from) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            long index = from + i;
            if (entry.index() != index || index > log.lastIndex() || log.termAt(index) != entry.term()) {
                return false;
            }
        }
        return true;
    }

    private void sendEntries(PeerProgress peer, long term, long commitIndex, List<Entry> entries, long nowNanos) {
        send(peer, term, commitIndex, peer.nextIndex - 1, entries);
        if (peer.state == State.PROBE) {
            peer.probeSent = true;
            peer.progressNanos = nowNanos;
            return;
        }
        if (peer.inflight.isEmpty()) {
            peer.progressNanos = nowNanos;
        }
        long sizeBytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            sizeBytes += entries.get(i).frameBytes();
        }
        peer.nextIndex += entries.size();
        peer.inflight.add(peer.nextIndex - 1, sizeBytes);
    }

    private void send(PeerProgress peer, long term, long commitIndex, long prev, List<Entry> entries) {
        outbox.now(peer.id, new AppendRequest(term, prev, log.termAt(prev), commitIndex, peer.session, entries));
    }

    private List<Entry> slice(long from) {
        if (from > log.lastIndex()) {
            return List.of();
        }
        if (from != lastSliceFrom || lastSliceLogEnd != log.lastIndex()) {
            lastSlice = log.slice(from, config.batchBytesMax());
            lastSliceFrom = from;
            lastSliceLogEnd = log.lastIndex();
        }
        return lastSlice;
    }

    void sendHeartbeats(long term, long commitIndex, long readRound, Divergence divergence) {
        for (PeerProgress peer : peers) {
            // A peer must never commit what it was not verified to hold (R18).
            long commit = Math.min(commitIndex, peer.matchIndex);
            outbox.now(
                    peer.id,
                    new Heartbeat(
                            term, commit, readRound, peer.session, divergence.newestEnd(), divergence.newestHash()));
        }
    }

    /**
     * Highest index that is durable on a majority; this replica counts only if it is a voter, which a leader that removed
     * itself no longer is (R52), and only with what its own disk has.
     */
    long majorityMatch(long selfDurableIndex) {
        long[] slots = quorum.slots();
        int count = 0;
        if (selfVotes) {
            slots[count++] = selfDurableIndex;
        }
        for (PeerProgress peer : peers) {
            if (peer.voter) {
                slots[count++] = peer.matchIndex;
            }
        }
        return quorum.reached();
    }

    /** Highest read round that a majority answered. */
    long majorityRound() {
        long[] slots = quorum.slots();
        int count = 0;
        if (selfVotes) {
            slots[count++] = Long.MAX_VALUE;
        }
        for (PeerProgress peer : peers) {
            if (peer.voter) {
                slots[count++] = peer.confirmedRound;
            }
        }
        return quorum.reached();
    }

    /** A majority answered within the span; this replica counts if it is a voter. */
    boolean heardFromMajority(long nowNanos, long spanNanos) {
        int heard = selfVotes ? 1 : 0;
        for (PeerProgress peer : peers) {
            if (peer.voter && nowNanos - peer.heardNanos < spanNanos) {
                heard++;
            }
        }
        return heard >= quorum.majority();
    }

    /** Some peer is there, keeps up and has a disk that works: somebody who could lead instead. */
    boolean hasHealthySuccessor(long nowNanos, long spanNanos) {
        for (PeerProgress peer : peers) {
            if (peer.voter
                    && !peer.diskSlow
                    && peer.state == State.REPLICATE
                    && nowNanos - peer.heardNanos < spanNanos) {
                return true;
            }
        }
        return false;
    }

    /** Who is sent a snapshot will lack what lies below it. */
    boolean isHollow(PeerProgress peer) {
        return peer.state == State.SNAPSHOT || shortfall.isNeededBelow(peer.completeFrom);
    }

    boolean hasLogReads() {
        return !logReads.isEmpty();
    }

    List<LogRead> takeLogReads() {
        if (logReads.isEmpty()) {
            return List.of();
        }
        List<LogRead> taken = logReads;
        logReads = new ArrayList<>();
        return taken;
    }

    List<PeerStatus> status(CatchUp catchUp, long nowNanos) {
        List<PeerStatus> status = new ArrayList<>(peers.length);
        for (PeerProgress peer : peers) {
            status.add(new PeerStatus(
                    peer.id,
                    peer.matchIndex,
                    peer.nextIndex,
                    peer.inflight.bytes(),
                    peer.state.name(),
                    peer.streamOpen,
                    peer.leaving
                            ? PeerStatus.Standing.LEAVING
                            : peer.voter ? PeerStatus.Standing.VOTER : PeerStatus.Standing.LEARNER,
                    peer.appliedIndex,
                    peer.matchConfirmed && catchUp.reached(peer.matchIndex, log.lastIndex()),
                    peer.diskSlow,
                    isHollow(peer),
                    !isLive(peer, nowNanos),
                    nowNanos - peer.heardNanos,
                    peer.answered));
        }
        return status;
    }

    /** It answers this leader. */
    boolean isLive(PeerProgress peer, long nowNanos) {
        return peer.streamOpen && nowNanos - peer.heardNanos < config.electionMaxNanos();
    }
}
