package io.argosy.broker.consume;

import io.argosy.broker.command.Command;
import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.state.CommandApplier;
import io.argosy.broker.state.StateStore;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.ScrubStatus;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A group of one replica whose log commits when the test wants it to. */
final class LogOfOne implements RaftNode, Leadership {

    enum Mode {
        COMMIT,
        HOLD,
        BUSY,
        NOT_LEADER,
        INDETERMINATE
    }

    private record Held(ByteBuffer payload, Consumer<ProposeResult> listener) {}

    final List<ConsumeCommand> entries = new ArrayList<>();
    private final MapStore store;
    private final Deque<Held> held = new ArrayDeque<>();
    private final Deque<CompletableFuture<Long>> heldReads = new ArrayDeque<>();
    private final List<Runnable> listeners = new ArrayList<>();
    private CommandApplier applier;
    private View view = new View(1, Optional.of(new ReplicaId(1)), true);
    private Mode mode = Mode.COMMIT;
    private boolean holdReads;
    private int reads;

    LogOfOne(MapStore store, CommandApplier applier) {
        this.store = store;
        this.applier = applier;
    }

    void mode(Mode now) {
        mode = now;
        if (now == Mode.COMMIT) {
            while (!held.isEmpty()) {
                Held next = held.pollFirst();
                commit(next.payload, next.listener);
            }
        } else if (now == Mode.INDETERMINATE || now == Mode.NOT_LEADER) {
            while (!held.isEmpty()) {
                fail(held.pollFirst().listener);
            }
        }
    }

    void holdReads(boolean hold) {
        holdReads = hold;
        if (!hold) {
            heldReads.forEach(read -> read.complete((long) entries.size()));
            heldReads.clear();
        }
    }

    void failReads() {
        heldReads.forEach(read -> read.completeExceptionally(new NotLeaderException("deposed")));
        heldReads.clear();
    }

    int reads() {
        return reads;
    }

    void lead(long term, boolean self) {
        view = new View(term, Optional.empty(), self);
        listeners.forEach(Runnable::run);
    }

    /** A restart: what was applied is read back from the store. */
    void applier(CommandApplier fresh) {
        applier = fresh;
    }

    @Override
    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        if (payloadCrc != Entry.crcOf(payload)) {
            throw new AssertionError("wrong checksum");
        }
        switch (mode) {
            case COMMIT -> commit(payload, listener);
            case HOLD -> held.addLast(new Held(payload, listener));
            case BUSY -> listener.accept(new ProposeResult.Busy("disk full"));
            case NOT_LEADER, INDETERMINATE -> fail(listener);
        }
    }

    private void fail(Consumer<ProposeResult> listener) {
        listener.accept(
                mode == Mode.INDETERMINATE
                        ? new ProposeResult.Indeterminate(view.term())
                        : new ProposeResult.NotLeader(Optional.empty()));
    }

    private void commit(ByteBuffer payload, Consumer<ProposeResult> listener) {
        entries.add(ConsumeCommand.decode(payload));
        long index = entries.size();
        Entry entry = Entry.of(index, view.term(), EntryType.COMMAND, payload);
        StateStore.Batch batch = store.newBatch();
        applier.sequence(entry, entry.payload(), Command.timestampMillisOf(payload));
        applier.index(batch);
        store.write(batch, index);
        listener.accept(new ProposeResult.Committed(index, view.term()));
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        reads++;
        CompletableFuture<Long> read = new CompletableFuture<>();
        if (holdReads) {
            heldReads.addLast(read);
        } else {
            read.complete((long) entries.size());
        }
        return read;
    }

    @Override
    public View view() {
        return view;
    }

    @Override
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    @Override
    public RaftStatus status() {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    @Override
    public LogReader log() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void trim(long upToIndex) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
