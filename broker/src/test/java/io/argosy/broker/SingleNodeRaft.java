package io.argosy.broker;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A group of one replica in memory: what is proposed is committed and applied on the proposing thread, each entry a run of
 * its own, and the listener is called before propose returns (unless another thread is applying: then that one does it).
 * Proposals can be held back, and refused. Give {@link #entries} to a new node to see a restart.
 */
public final class SingleNodeRaft implements RaftNode {

    private static final ReplicaId SELF = new ReplicaId(1);
    private static final UUID STORE = new UUID(1, 1);
    private static final UUID GROUP = new UUID(2, 2);

    private record Waiting(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {}

    private final StateMachine stateMachine;
    private final List<Entry> entries = new ArrayList<>();
    private final Queue<Waiting> waiting = new ArrayDeque<>();
    private Optional<ProposeResult> refusal = Optional.empty();
    private boolean held;
    private boolean applying;
    private boolean cached = true;
    private boolean leading = true;
    private long term = 1;
    private long firstIndex = 1;

    public SingleNodeRaft(StateMachine stateMachine) {
        this(stateMachine, List.of());
    }

    /** Replays what the state machine does not hold durably. */
    public SingleNodeRaft(StateMachine stateMachine, List<Entry> log) {
        this.stateMachine = stateMachine;
        entries.addAll(log);
        List<Entry> replay = log.stream()
                .filter(entry -> entry.index() > stateMachine.durableAppliedIndex())
                .toList();
        if (!replay.isEmpty()) {
            stateMachine.apply(replay);
        }
    }

    /** Everything committed so far. */
    public synchronized List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Proposals wait from now on, until {@link #release}. */
    public synchronized void hold() {
        held = true;
    }

    public void release() {
        synchronized (this) {
            held = false;
        }
        drain();
    }

    /** From now on every proposal gets this answer and enters no log. */
    public synchronized void refuseWith(ProposeResult result) {
        refusal = Optional.of(result);
    }

    public synchronized void refuseNothing() {
        refusal = Optional.empty();
    }

    /** Whether {@link LogReader#cached} finds entries. */
    public synchronized void cacheEntries(boolean yes) {
        cached = yes;
    }

    /** Proposals are refused with NotLeader while not leading. */
    public synchronized void lead(boolean yes) {
        leading = yes;
        term++;
    }

    @Override
    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        if (Entry.crcOf(payload) != payloadCrc) {
            throw new IllegalArgumentException("checksum does not fit the payload");
        }
        Optional<ProposeResult> refused;
        synchronized (this) {
            refused = leading ? refusal : Optional.of(new ProposeResult.NotLeader(Optional.empty()));
            if (refused.isEmpty()) {
                waiting.add(new Waiting(payload, payloadCrc, listener));
            }
        }
        refused.ifPresent(listener);
        drain();
    }

    private void drain() {
        synchronized (this) {
            if (applying) {
                return; // the one that applies, up the stack or on another thread, takes it
            }
            applying = true;
        }
        for (Optional<Waiting> next = next(); next.isPresent(); next = next()) {
            commit(next.get());
        }
    }

    private synchronized Optional<Waiting> next() {
        Optional<Waiting> next = held ? Optional.empty() : Optional.ofNullable(waiting.poll());
        applying = next.isPresent();
        return next;
    }

    private void commit(Waiting proposal) {
        Entry entry;
        synchronized (this) {
            entry = Entry.of(
                    firstIndex + entries.size(), term, EntryType.COMMAND, proposal.payload, proposal.payloadCrc);
            entries.add(entry);
        }
        stateMachine.apply(List.of(entry));
        proposal.listener.accept(new ProposeResult.Committed(entry.index(), entry.term()));
    }

    @Override
    public synchronized CompletableFuture<Long> readIndex() {
        return leading
                ? CompletableFuture.completedFuture(lastIndex())
                : CompletableFuture.failedFuture(new NotLeaderException("told not to lead"));
    }

    private long lastIndex() {
        return firstIndex + entries.size() - 1;
    }

    @Override
    public synchronized RaftStatus status() {
        long last = lastIndex();
        long bytes = entries.stream().mapToLong(Entry::frameBytes).sum();
        return new RaftStatus(
                SELF,
                STORE,
                Optional.of(GROUP),
                Optional.empty(),
                false,
                leading ? Role.LEADER : Role.FOLLOWER,
                term,
                leading ? Optional.of(SELF) : Optional.empty(),
                Optional.empty(),
                firstIndex,
                last,
                last,
                last,
                last,
                bytes,
                List.of(),
                List.of(),
                false,
                false,
                Optional.empty(),
                Optional.empty());
    }

    @Override
    public void scrub(long bytesPerSecond) {}

    @Override
    public ScrubStatus scrubbed() {
        return ScrubStatus.NONE;
    }

    @Override
    public Operations operations() {
        throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<UUID> bootstrap() {
        return CompletableFuture.completedFuture(GROUP);
    }

    @Override
    public LogReader log() {
        return new Reader();
    }

    @Override
    public synchronized void trim(long upToIndex) {
        while (firstIndex <= upToIndex && !entries.isEmpty()) {
            entries.remove(0);
            firstIndex++;
        }
    }

    @Override
    public void close() {}

    private final class Reader implements LogReader {

        @Override
        public long firstIndex() {
            synchronized (SingleNodeRaft.this) {
                return firstIndex;
            }
        }

        @Override
        public Optional<Entry> cached(long index) {
            synchronized (SingleNodeRaft.this) {
                return cached && index >= firstIndex && index <= lastIndex()
                        ? Optional.of(entries.get((int) (index - firstIndex)))
                        : Optional.empty();
            }
        }

        @Override
        public CompletableFuture<List<Entry>> read(long fromIndex, int bytesMax) {
            try {
                return CompletableFuture.completedFuture(readBlocking(fromIndex, bytesMax));
            } catch (TrimmedException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        @Override
        public List<Entry> readBlocking(long fromIndex, int bytesMax) {
            synchronized (SingleNodeRaft.this) {
                if (fromIndex < firstIndex) {
                    throw new TrimmedException("entry " + fromIndex + " is below " + firstIndex);
                }
                List<Entry> read = new ArrayList<>();
                long bytes = 0;
                for (long i = fromIndex; i <= lastIndex() && (read.isEmpty() || bytes < bytesMax); i++) {
                    Entry entry = entries.get((int) (i - firstIndex));
                    read.add(entry);
                    bytes += entry.frameBytes();
                }
                return read;
            }
        }
    }
}
