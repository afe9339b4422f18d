package io.argosy.raft.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.core.Effects.LogRead;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.Effects.ReadReady;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.core.Message.HeartbeatResponse;
import io.argosy.raft.core.Message.Refusal;
import io.argosy.raft.core.Message.VoteRequest;
import io.argosy.raft.core.Message.VoteResponse;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;

/** One core, driven by hand: its messages are collected, its disk writes wait until the test completes them. */
final class CoreUnderTest {

    static final long MILLI = 1_000_000;
    static final ReplicaId ONE = new ReplicaId(1);
    static final ReplicaId TWO = new ReplicaId(2);
    static final ReplicaId THREE = new ReplicaId(3);

    final RaftCore core;
    private final ReplicaId self;
    final List<Outbound> sent = new ArrayList<>();
    final ArrayDeque<Persist> pending = new ArrayDeque<>();
    final List<ReadReady> readsReady = new ArrayList<>();
    final List<Long> readsFailed = new ArrayList<>();
    final List<LogRead> logReads = new ArrayList<>();
    long applyIndex;
    private long nowNanos = 1_000 * MILLI;

    CoreUnderTest(CoreConfig config, RestoredState restored) {
        self = config.self();
        core = new RaftCore(config, restored, new SplittableRandom(1), nowNanos);
    }

    static CoreConfig config(ReplicaId self) {
        return new CoreConfig(
                self,
                new UUID(7, self.value()),
                50 * MILLI,
                300 * MILLI,
                600 * MILLI,
                1 << 20,
                8 << 20,
                256L << 20,
                64L << 20);
    }

    static Membership group(int voters) {
        List<Member> members = new ArrayList<>();
        for (int i = 1; i <= voters; i++) {
            members.add(new Member(new ReplicaId(i), new UUID(7, i)));
        }
        return new Membership(new UUID(1, 1), members);
    }

    /** A replica of a group whose log holds entries of these terms from index 1 on; all on disk, none in memory. */
    static RestoredState restored(int voters, long term, long... entryTerms) {
        List<TermStart> terms = new ArrayList<>();
        terms.add(new TermStart(0, 0));
        for (int i = 0; i < entryTerms.length; i++) {
            if (entryTerms[i] != terms.get(terms.size() - 1).term()) {
                terms.add(new TermStart(i + 1, entryTerms[i]));
            }
        }
        return new RestoredState(
                new HardState(term, Optional.empty()),
                List.of(new ConfigAt(1, group(voters))),
                1,
                entryTerms.length,
                terms,
                1,
                true);
    }

    static CoreUnderTest of(ReplicaId self, int voters, long term, long... entryTerms) {
        return new CoreUnderTest(config(self), restored(voters, term, entryTerms));
    }

    /** Leader of three in term 1: entry 1 is the membership, entry 2 its no-op; streams open, nothing answered yet. */
    static CoreUnderTest leaderOfThree() {
        CoreUnderTest one = of(ONE, 3, 0, 0);
        one.core.peerReset(TWO, 12);
        one.core.peerReset(THREE, 13);
        one.elect(TWO);
        return one;
    }

    /** As {@link #leaderOfThree}, with the no-op durable and committed everywhere. */
    static CoreUnderTest establishedLeader() {
        CoreUnderTest one = leaderOfThree();
        one.settle();
        one.accept(TWO, 12, one.core.lastIndex());
        one.accept(THREE, 13, one.core.lastIndex());
        one.settle();
        one.sent.clear();
        return one;
    }

    /** Follower of leader 2 in the term. */
    CoreUnderTest following(long term) {
        receive(TWO, new Message.Heartbeat(term, 0, 0, 0));
        settle();
        sent.clear();
        return this;
    }

    void elect(ReplicaId... electors) {
        tickUntil(Role.PRE_CANDIDATE, 700);
        for (ReplicaId elector : electors) {
            receive(elector, new VoteResponse(core.term() + 1, true, true, Refusal.NONE));
        }
        assertThat(core.role()).isEqualTo(Role.CANDIDATE);
        settle();
        for (ReplicaId elector : electors) {
            receive(elector, new VoteResponse(core.term(), true, false, Refusal.NONE));
        }
        assertThat(core.role()).isEqualTo(Role.LEADER);
        take();
    }

    // ------------------------------------------------------------------------------------------------- driving it

    ReplicaId self() {
        return self;
    }

    long now() {
        return nowNanos;
    }

    void receive(ReplicaId from, Message message) {
        core.receive(from, message, nowNanos);
    }

    void accept(ReplicaId from, long session, long index) {
        receive(from, new AppendResponse(core.term(), session, false, index, 0, 0, 0, false));
    }

    void reject(ReplicaId from, long session, long refused, long hintTerm, long hintIndex) {
        receive(from, new AppendResponse(core.term(), session, true, refused, hintTerm, hintIndex, 0, false));
    }

    void answerHeartbeat(ReplicaId from, long round) {
        receive(from, new HeartbeatResponse(core.term(), round, 0, 0, 0, false, 1));
    }

    RaftCore.Proposed propose(int bytes) {
        ByteBuffer payload = ByteBuffer.allocate(bytes);
        return core.propose(EntryType.COMMAND, payload, Entry.crcOf(payload));
    }

    /** Takes the effects of a turn; what is to be persisted waits. */
    Effects take() {
        Effects effects = core.takeEffects();
        effects.persist().ifPresent(pending::add);
        sent.addAll(effects.sendNow());
        readsReady.addAll(effects.readsReady());
        readsFailed.addAll(effects.readsFailed());
        logReads.addAll(effects.logReads());
        assertThat(effects.commitIndex()).isGreaterThanOrEqualTo(applyIndex);
        applyIndex = effects.commitIndex();
        return effects;
    }

    /** Completes the oldest disk request. */
    Persist persistOne() {
        Persist done = pending.removeFirst();
        core.persisted(done.sequence());
        sent.addAll(done.sendAfterDurable());
        return done;
    }

    /** Turns and disk requests until nothing is left to do. */
    void settle() {
        take();
        while (!pending.isEmpty() || core.hasEffects()) {
            if (!pending.isEmpty()) {
                persistOne();
            }
            take();
        }
    }

    /** Ten-millisecond ticks, each with a turn. */
    void tickFor(long millis) {
        for (long i = 0; i < millis; i += 10) {
            nowNanos += 10 * MILLI;
            core.tick(nowNanos);
            take();
        }
    }

    void tickUntil(Role role, long withinMillis) {
        for (long i = 0; i < withinMillis && core.role() != role; i += 10) {
            tickFor(10);
        }
        assertThat(core.role()).isEqualTo(role);
    }

    /** Time passes without the core seeing it. */
    void sleepFor(long millis) {
        nowNanos += millis * MILLI;
    }

    // -------------------------------------------------------------------------------------------------- what it said

    List<Message> sentTo(ReplicaId to) {
        List<Message> messages = new ArrayList<>();
        for (Outbound outbound : sent) {
            if (outbound.to().equals(to)) {
                messages.add(outbound.message());
            }
        }
        return messages;
    }

    <M extends Message> List<M> sentTo(ReplicaId to, Class<M> type) {
        return sentTo(to).stream().filter(type::isInstance).map(type::cast).toList();
    }

    <M extends Message> M lastTo(ReplicaId to, Class<M> type) {
        List<M> messages = sentTo(to, type);
        assertThat(messages)
                .as("%s to %s among %s", type.getSimpleName(), to, sent)
                .isNotEmpty();
        return messages.get(messages.size() - 1);
    }

    // ------------------------------------------------------------------------------------------------------ messages

    static Entry entry(long index, long term) {
        return Entry.of(index, term, EntryType.COMMAND, ByteBuffer.allocate(10).putLong(0, index * 1_000 + term));
    }

    static List<Entry> entries(long fromIndex, long... terms) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            entries.add(entry(fromIndex + i, terms[i]));
        }
        return entries;
    }

    static AppendRequest append(long term, long prev, long prevTerm, long commit, List<Entry> entries) {
        return new AppendRequest(term, prev, prevTerm, commit, 77, entries);
    }

    static VoteRequest vote(long term, long lastIndex, long lastTerm) {
        return new VoteRequest(term, lastIndex, lastTerm, false, false, false, false);
    }

    static VoteRequest preVote(long term, long lastIndex, long lastTerm) {
        return new VoteRequest(term, lastIndex, lastTerm, true, false, false, false);
    }
}
