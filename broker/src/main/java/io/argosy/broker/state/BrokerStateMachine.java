package io.argosy.broker.state;

import io.argosy.broker.command.Command;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.RoleChange;
import io.argosy.raft.StateMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * What the broker group replicates. Each kind of command has its {@link CommandApplier}; this class keeps the order:
 * all entries of a run are sequenced in memory, then one batch with the applied index goes to the store, then readers
 * see it (D9). Entry time is the leader's stamp, clamped to never go back, and is part of the state ({@link Family#META}
 * under {@code entry-time}).
 */
public final class BrokerStateMachine implements StateMachine {

    private static final byte[] TIME_KEY = "entry-time".getBytes(StandardCharsets.US_ASCII);

    private final StateStore store;
    private final List<CommandApplier> appliers;
    private final Map<Command.Kind, CommandApplier> byKind = new EnumMap<>(Command.Kind.class);
    private final List<Consumer<RoleChange>> roleListeners = new CopyOnWriteArrayList<>();

    // Applier thread only.
    private long appliedIndex;
    private long storedTimeMillis;

    private volatile long entryTimeMillis;
    private volatile long unflushedBytes;

    /**
     * @param appliers were built on the same store; asked in this order in each stage, so topics come before what depends
     *     on them
     */
    public BrokerStateMachine(StateStore store, List<CommandApplier> appliers) {
        this.store = store;
        this.appliers = List.copyOf(appliers);
        for (CommandApplier applier : appliers) {
            for (Command.Kind kind : applier.kinds()) {
                if (byKind.put(kind, applier) != null) {
                    throw new IllegalArgumentException("two appliers for " + kind);
                }
            }
        }
        loadPosition();
    }

    private void loadPosition() {
        appliedIndex = store.appliedIndex();
        storedTimeMillis = store.get(Family.META, TIME_KEY)
                .map(value -> ByteBuffer.wrap(value).getLong())
                .orElse(0L);
        entryTimeMillis = storedTimeMillis;
    }

    @Override
    public long snapshot(Path folder) throws IOException {
        return store.snapshot(folder);
    }

    @Override
    public void restore(Path folder) throws IOException {
        store.restore(folder);
        loadPosition();
        subtractFlushed(unflushedBytes);
        for (CommandApplier applier : appliers) {
            applier.reload(store);
        }
    }

    @Override
    public long durableBytes() {
        return store.durableBytes();
    }

    @Override
    public Optional<CheckedFile> checkFileAfter(String name) {
        return store.checkFileAfter(name);
    }

    /** Any thread. */
    @Override
    public long durableAppliedIndex() {
        return store.durableAppliedIndex();
    }

    /** Time of the newest applied entry, milliseconds since 1970; never goes back. Any thread. */
    public long entryTimeMillis() {
        return entryTimeMillis;
    }

    /** Bytes of log applied since the last {@link #flush}. Any thread. */
    public long unflushedBytes() {
        return unflushedBytes;
    }

    /** Makes what is applied durable; takes as long as the disk takes. Not on the applier thread: applying goes on. */
    public void flush() {
        long flushing = unflushedBytes;
        store.flush();
        subtractFlushed(flushing);
    }

    private synchronized void subtractFlushed(long bytes) {
        unflushedBytes -= bytes;
    }

    private synchronized void addUnflushed(long bytes) {
        unflushedBytes += bytes;
    }

    @Override
    public void apply(List<Entry> entries) {
        long bytes = 0;
        for (Entry entry : entries) {
            if (entry.index() != appliedIndex + 1) {
                throw new IllegalStateException(
                        "entry " + entry.index() + " does not follow applied index " + appliedIndex);
            }
            sequence(entry);
            appliedIndex = entry.index();
            bytes += entry.frameBytes();
        }
        index();
        addUnflushed(bytes);
        for (CommandApplier applier : appliers) {
            applier.visible();
        }
    }

    private void sequence(Entry entry) {
        if (entry.type() != EntryType.COMMAND) {
            return;
        }
        try {
            ByteBuffer payload = entry.payload();
            Command.Kind kind = Command.kindOf(payload);
            CommandApplier applier = byKind.get(kind);
            if (applier == null) {
                throw new IllegalStateException("no applier for " + kind);
            }
            entryTimeMillis = Math.max(entryTimeMillis, Command.timestampMillisOf(payload));
            applier.sequence(entry, payload, entryTimeMillis);
        } catch (RuntimeException e) {
            throw new IllegalStateException("cannot apply " + entry, e);
        }
    }

    private void index() {
        try (StateStore.Batch batch = store.newBatch()) {
            for (CommandApplier applier : appliers) {
                applier.index(batch);
            }
            if (entryTimeMillis != storedTimeMillis) {
                storedTimeMillis = entryTimeMillis;
                batch.put(
                        Family.META,
                        TIME_KEY,
                        ByteBuffer.allocate(8).putLong(storedTimeMillis).array());
            }
            store.write(batch, appliedIndex);
        }
    }

    /** Told of each role change, on the loop thread; must only hand the news over. */
    public void onRoleChange(Consumer<RoleChange> listener) {
        roleListeners.add(listener);
    }

    @Override
    public void roleChanged(RoleChange change) {
        roleListeners.forEach(listener -> listener.accept(change));
    }
}
