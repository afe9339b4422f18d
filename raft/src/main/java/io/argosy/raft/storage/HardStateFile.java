package io.argosy.raft.storage;

import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.LogEnd;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * Term and vote. Each save fills both slots, one after the other: a crash leaves at least one, and a slot that rots later
 * never brings an older vote back to life. Any thread: who sees a write fail notes it here, and the writer may be saving a
 * vote then.
 */
final class HardStateFile implements Closeable {

    static final String NAME = "hardstate";
    private static final int MAGIC = 0x41524748;
    private static final int VALUE_BYTES = 12;
    private static final int VALUE_BYTES_REACHED = VALUE_BYTES + 16;
    private static final int VALUE_BYTES_BOOT = VALUE_BYTES_REACHED + 16;

    private final TwoSlotFile file;
    private HardState state;
    /** The log has been written without syncing it since this start of the machine. */
    private Optional<UUID> unsyncedSince;

    private HardStateFile(TwoSlotFile file, Saved saved) {
        this.file = file;
        this.state = saved.state;
        this.unsyncedSince = saved.unsyncedSince;
    }

    private record Saved(HardState state, Optional<UUID> unsyncedSince) {}

    static HardStateFile create(Disk disk, Path folder) throws IOException {
        HardStateFile result = new HardStateFile(
                TwoSlotFile.create(disk, folder.resolve(NAME), MAGIC, TwoSlotFile.SLOT_BYTES),
                new Saved(HardState.INITIAL, Optional.empty()));
        result.write(HardState.INITIAL);
        return result;
    }

    /** @throws DamagedStoreException if neither slot is readable: a forgotten vote could elect two leaders (R3) */
    static HardStateFile open(Disk disk, Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        if (!disk.exists(path)) {
            throw new DamagedStoreException(path + " is missing: this replica forgot its vote and must not start."
                    + " Restore the folder, or remove the replica from its group and add it again empty.");
        }
        TwoSlotFile file = TwoSlotFile.open(disk, path, MAGIC, TwoSlotFile.SLOT_BYTES);
        Optional<Saved> state = file.value().flatMap(HardStateFile::decode);
        if (state.isEmpty()) {
            file.close();
            throw new DamagedStoreException(path + " is unreadable in both copies: this replica forgot its vote and"
                    + " must not start. Restore the folder, or remove the replica from its group and add it again"
                    + " empty.");
        }
        HardStateFile result = new HardStateFile(file, state.get());
        // It may be in the page cache only, if the force behind it failed or never came (R1, R30).
        result.write(state.get().state);
        return result;
    }

    private static Optional<Saved> decode(ByteBuffer bytes) {
        boolean boot = bytes.remaining() == VALUE_BYTES_BOOT;
        boolean reached = boot || bytes.remaining() == VALUE_BYTES_REACHED;
        if (bytes.remaining() != VALUE_BYTES && !reached) {
            return Optional.empty();
        }
        long term = bytes.getLong();
        int vote = bytes.getInt();
        HardState state = new HardState(
                term,
                vote == 0 ? Optional.empty() : Optional.of(new ReplicaId(vote)),
                reached ? new LogEnd(bytes.getLong(), bytes.getLong()) : LogEnd.NONE);
        return Optional.of(
                new Saved(state, boot ? Optional.of(new UUID(bytes.getLong(), bytes.getLong())) : Optional.empty()));
    }

    synchronized HardState state() {
        return state;
    }

    /** Since which start of the machine the log may hold what was not synced; empty if all of it is synced. */
    synchronized Optional<UUID> unsyncedSince() {
        return unsyncedSince;
    }

    /** Durable on return. */
    synchronized void unsyncedSince(Optional<UUID> boot) throws IOException {
        unsyncedSince = boot;
        write(state);
    }

    synchronized void save(HardState next) throws IOException {
        if (next.term() < state.term()) {
            throw new IllegalArgumentException("term went back from " + state.term() + " to " + next.term());
        }
        write(next);
        state = next;
    }

    /** Reads both slots back; writes them anew if they are not what they should be, and then returns true. */
    synchronized boolean renewed() throws IOException {
        if (file.isAsWritten()) {
            return false;
        }
        write(state);
        return true;
    }

    private void write(HardState next) throws IOException {
        ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES_BOOT)
                .putLong(next.term())
                .putInt(next.votedFor().map(ReplicaId::value).orElse(0));
        if (!next.reached().equals(LogEnd.NONE) || unsyncedSince.isPresent()) {
            value.putLong(next.reached().term()).putLong(next.reached().index());
        }
        unsyncedSince.ifPresent(
                boot -> value.putLong(boot.getMostSignificantBits()).putLong(boot.getLeastSignificantBits()));
        value.flip();
        file.fill(value);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
