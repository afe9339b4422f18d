package io.argosy.raft.node;

import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.Heartbeat;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.LeaderResigned;
import io.argosy.raft.core.Message.SnapshotOffer;
import io.argosy.raft.core.Message.TimeoutNow;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import java.util.List;
import java.util.Locale;

/**
 * The newest inputs of the loop, for the evidence of a replica that stops. Eight words per input, overwritten in turn;
 * nothing is allocated when one is noted, because that happens for every message, always. Bodies are not kept: they are
 * in the log. Belongs to the loop; read after it has ended, or by somebody who bears a torn line.
 */
final class InputRing {

    /** Inputs that are kept. */
    static final int INPUTS = 10_000;

    private static final int WORDS = 8;
    private static final int VALUES = WORDS - 2;
    private static final List<Class<?>> OTHERS = List.of(Input.Other.class.getPermittedSubclasses());

    /** @param code its place in {@link #KINDS} */
    private record Kind(int code, String name, List<String> values) {}

    /** why: 0 silence of the leader, 1 a transfer, 2 the leader is known to be gone. */
    private static final Kind VOTE_REQUEST =
            new Kind(0, "VOTE_REQUEST", List.of("term", "lastIndex", "lastTerm", "preVote", "why", "hollow"));

    private static final Kind VOTE_RESPONSE =
            new Kind(1, "VOTE_RESPONSE", List.of("term", "granted", "preVote", "refusal"));
    private static final Kind APPEND_REQUEST = new Kind(
            2, "APPEND_REQUEST", List.of("term", "prevIndex", "prevTerm", "commitIndex", "session", "entries"));
    private static final Kind APPEND_RESPONSE = new Kind(
            3, "APPEND_RESPONSE", List.of("term", "rejected", "index", "hintTerm", "hintIndex", "appliedIndex"));
    private static final Kind HEARTBEAT =
            new Kind(4, "HEARTBEAT", List.of("term", "commitIndex", "readRound", "session", "windowEnd", "windowHash"));
    private static final Kind HEARTBEAT_RESPONSE = new Kind(
            5,
            "HEARTBEAT_RESPONSE",
            List.of("term", "readRound", "durableIndex", "appliedIndex", "diskSlow", "completeFrom"));
    private static final Kind TIMEOUT_NOW = new Kind(6, "TIMEOUT_NOW", List.of("term"));
    private static final Kind SNAPSHOT_OFFER = new Kind(7, "SNAPSHOT_OFFER", List.of("term", "prevIndex", "prevTerm"));
    private static final Kind LEADER_RESIGNED = new Kind(8, "LEADER_RESIGNED", List.of("term"));
    private static final Kind PROPOSAL = new Kind(9, "PROPOSAL", List.of("bytes"));
    private static final Kind READ = new Kind(10, "READ", List.of());
    private static final Kind PEER_RESET = new Kind(11, "PEER_RESET", List.of("session"));
    private static final Kind PEER_UNREACHABLE = new Kind(12, "PEER_UNREACHABLE", List.of());
    private static final Kind PEER_LOST = new Kind(13, "PEER_LOST", List.of());
    private static final Kind LOG_READ = new Kind(14, "LOG_READ", List.of("session", "entries"));
    /** By its place in {@link #OTHERS}. */
    private static final Kind OTHER = new Kind(15, "OTHER", List.of());

    private static final Kind PERSISTED = new Kind(16, "PERSISTED", List.of("sequence"));
    private static final Kind APPLIED = new Kind(17, "APPLIED", List.of("index"));
    private static final Kind ROLE =
            new Kind(18, "ROLE", List.of("leading", "term", "leader", "lastIndex", "commitIndex"));

    private static final List<Kind> KINDS = List.of(
            VOTE_REQUEST,
            VOTE_RESPONSE,
            APPEND_REQUEST,
            APPEND_RESPONSE,
            HEARTBEAT,
            HEARTBEAT_RESPONSE,
            TIMEOUT_NOW,
            SNAPSHOT_OFFER,
            LEADER_RESIGNED,
            PROPOSAL,
            READ,
            PEER_RESET,
            PEER_UNREACHABLE,
            PEER_LOST,
            LOG_READ,
            OTHER,
            PERSISTED,
            APPLIED,
            ROLE);

    private final long[] words = new long[INPUTS * WORDS];
    private long count;

    void input(Input input, long nowNanos) {
        if (input instanceof Input.Received received) {
            message(received.from().value(), received.message(), nowNanos);
        } else if (input instanceof Proposal proposal) {
            note(PROPOSAL, 0, nowNanos, proposal.sizeBytes, 0, 0, 0, 0, 0);
        } else if (input instanceof Input.Read) {
            note(READ, 0, nowNanos, 0, 0, 0, 0, 0, 0);
        } else if (input instanceof Input.Peer peer) {
            Kind kind = switch (peer.event()) {
                case RESET -> PEER_RESET;
                case UNREACHABLE -> PEER_UNREACHABLE;
                case LOST -> PEER_LOST;
            };
            note(kind, peer.peer().value(), nowNanos, peer.session(), 0, 0, 0, 0, 0);
        } else if (input instanceof Input.LogRead read) {
            note(
                    LOG_READ,
                    read.peer().value(),
                    nowNanos,
                    read.session(),
                    read.entries().size(),
                    0,
                    0,
                    0,
                    0);
        } else {
            note(OTHER, 0, nowNanos, OTHERS.indexOf(input.getClass()), 0, 0, 0, 0, 0);
        }
    }

    void persisted(long sequence, long nowNanos) {
        note(PERSISTED, 0, nowNanos, sequence, 0, 0, 0, 0, 0);
    }

    void applied(long index, long nowNanos) {
        note(APPLIED, 0, nowNanos, index, 0, 0, 0, 0, 0);
    }

    void role(boolean leading, long term, int leader, long lastIndex, long commitIndex, long nowNanos) {
        note(ROLE, 0, nowNanos, flag(leading), term, leader, lastIndex, commitIndex, 0);
    }

    private void message(int from, Message message, long nowNanos) {
        if (message instanceof AppendRequest m) {
            note(
                    APPEND_REQUEST,
                    from,
                    nowNanos,
                    m.term(),
                    m.prevIndex(),
                    m.prevTerm(),
                    m.commitIndex(),
                    m.session(),
                    m.entries().size());
        } else if (message instanceof AppendResponse m) {
            note(
                    APPEND_RESPONSE,
                    from,
                    nowNanos,
                    m.term(),
                    flag(m.rejected()),
                    m.index(),
                    m.hintTerm(),
                    m.hintIndex(),
                    m.appliedIndex());
        } else if (message instanceof Heartbeat m) {
            note(
                    HEARTBEAT,
                    from,
                    nowNanos,
                    m.term(),
                    m.commitIndex(),
                    m.readRound(),
                    m.session(),
                    m.windowEnd(),
                    m.windowHash());
        } else if (message instanceof HeartbeatResponse m) {
            note(
                    HEARTBEAT_RESPONSE,
                    from,
                    nowNanos,
                    m.term(),
                    m.readRound(),
                    m.durableIndex(),
                    m.appliedIndex(),
                    flag(m.diskSlow()),
                    m.completeFrom());
        } else if (message instanceof VoteRequest m) {
            note(
                    VOTE_REQUEST,
                    from,
                    nowNanos,
                    m.term(),
                    m.lastIndex(),
                    m.lastTerm(),
                    flag(m.preVote()),
                    m.transfer() ? 1 : m.leaderLost() ? 2 : 0,
                    flag(m.hollow()));
        } else if (message instanceof VoteResponse m) {
            note(
                    VOTE_RESPONSE,
                    from,
                    nowNanos,
                    m.term(),
                    flag(m.granted()),
                    flag(m.preVote()),
                    code(m.refusal()),
                    0,
                    0);
        } else if (message instanceof TimeoutNow m) {
            note(TIMEOUT_NOW, from, nowNanos, m.term(), 0, 0, 0, 0, 0);
        } else if (message instanceof SnapshotOffer m) {
            note(SNAPSHOT_OFFER, from, nowNanos, m.term(), m.prevIndex(), m.prevTerm(), 0, 0, 0);
        } else if (message instanceof LeaderResigned m) {
            note(LEADER_RESIGNED, from, nowNanos, m.term(), 0, 0, 0, 0, 0);
        } else {
            throw new AssertionError(message);
        }
    }

    private static long code(Message.Refusal refusal) {
        return switch (refusal) {
            case NONE -> 0;
            case LEADER_ALIVE -> 1;
            case LOG_BEHIND -> 2;
            case STALE_TERM -> 3;
            case ALREADY_VOTED -> 4;
            case UNKNOWN_MEMBER -> 5;
            case CANDIDATE_HOLLOW -> 6;
            case LOST_MORE -> 7;
        };
    }

    private static long flag(boolean set) {
        return set ? 1 : 0;
    }

    private void note(Kind kind, int from, long nowNanos, long a, long b, long c, long d, long e, long f) {
        int at = (int) (count % INPUTS) * WORDS;
        words[at] = nowNanos;
        words[at + 1] = (long) kind.code << 32 | from;
        words[at + 2] = a;
        words[at + 3] = b;
        words[at + 4] = c;
        words[at + 5] = d;
        words[at + 6] = e;
        words[at + 7] = f;
        count++;
    }

    /** How many were noted, those that were overwritten included. */
    long count() {
        return count;
    }

    /**
     * One line per input, the oldest first.
     *
     * @param nowNanos the lines tell how long before it
     */
    String lines(long nowNanos) {
        StringBuilder out = new StringBuilder();
        for (long i = Math.max(0, count - INPUTS); i < count; i++) {
            int at = (int) (i % INPUTS) * WORDS;
            Kind kind = KINDS.get((int) (words[at + 1] >>> 32));
            int from = (int) words[at + 1];
            out.append(String.format(Locale.ROOT, "%,.3f ms ", (words[at] - nowNanos) / 1e6))
                    .append(kind.name);
            if (from > 0) {
                out.append(" from=").append(new ReplicaId(from));
            }
            if (kind.code == OTHER.code) {
                out.append(' ').append(OTHERS.get((int) words[at + 2]).getSimpleName());
            }
            for (int v = 0; v < Math.min(VALUES, kind.values.size()); v++) {
                out.append(' ').append(kind.values.get(v)).append('=').append(words[at + 2 + v]);
            }
            out.append('\n');
        }
        return out.toString();
    }
}
