package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.io.Closeable;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest memberships of the log, once more beside the log: who lost the entry that changed the membership would count
 * majorities of the one before (R50). The last two, because the newest may be truncated, but not the one in front of it
 * as well: a change begins only when the one before is committed. Each save fills both slots, so that a slot that rots
 * later never brings an older list back. Layout in {@code package-info}.
 */
final class MembershipFile implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(MembershipFile.class);

    static final String NAME = "membership";
    static final int SLOT_BYTES = 8192;
    private static final int MAGIC = 0x4152474E;
    private static final int KEPT = 2;

    private final TwoSlotFile file;
    private final boolean rebuilt;
    private List<ConfigAt> newest;
    /** The last list that was looked at. */
    private List<ConfigAt> seen = List.of();

    private MembershipFile(TwoSlotFile file, boolean rebuilt, List<ConfigAt> newest) {
        this.file = file;
        this.rebuilt = rebuilt;
        this.newest = newest;
    }

    /** Makes the file anew; durable on return, but for its name. */
    static MembershipFile create(Disk disk, Path folder, List<ConfigAt> configs) throws IOException {
        return create(disk, folder, false, configs);
    }

    /** In place of one that cannot be read, from what the log says. */
    static MembershipFile rebuild(Disk disk, Path folder, List<ConfigAt> configs) throws IOException {
        log.error("the newest memberships beside the log are missing or unreadable folder={}", folder);
        MembershipFile result = create(disk, folder, true, configs);
        disk.syncFolder(folder);
        return result;
    }

    private static MembershipFile create(Disk disk, Path folder, boolean rebuilt, List<ConfigAt> configs)
            throws IOException {
        MembershipFile result = new MembershipFile(
                TwoSlotFile.create(disk, folder.resolve(NAME), MAGIC, SLOT_BYTES), rebuilt, newestOf(configs));
        result.write();
        return result;
    }

    /** Empty if the file is missing or unreadable in both slots. */
    static Optional<MembershipFile> open(Disk disk, Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        TwoSlotFile file = TwoSlotFile.open(disk, path, MAGIC, SLOT_BYTES);
        Optional<List<ConfigAt>> value = file.value().flatMap(MembershipFile::decode);
        if (value.isEmpty()) {
            file.close();
            return Optional.empty();
        }
        MembershipFile result = new MembershipFile(file, false, value.get());
        // It may be in the page cache only, if the force behind it failed or never came.
        result.write();
        return Optional.of(result);
    }

    static DamagedStoreException unreadable(Path folder) {
        return new DamagedStoreException(folder.resolve(NAME) + " is missing or unreadable in both copies, and the log"
                + " misses entries: which membership is in force is not known. Restore the folder, or remove the replica"
                + " from its group and add it again empty.");
    }

    /** It says no more than the log does. */
    boolean isRebuilt() {
        return rebuilt;
    }

    /** Ascending; those behind the end of the log are in force no longer. */
    List<ConfigAt> newest() {
        return newest;
    }

    /** Durable on return; costs nothing if the list is the one of the last call. */
    void save(List<ConfigAt> configs) throws IOException {
        if (configs == seen) {
            return;
        }
        List<ConfigAt> next = newestOf(configs);
        if (!next.equals(newest)) {
            newest = next;
            write();
        }
        seen = configs;
    }

    /** As {@link #known}, durably. */
    void know(SnapshotManifest snapshot) throws IOException {
        save(known(newest, snapshot));
    }

    /** Up to the snapshot's index none but the snapshot's membership is in force, whatever a log that misses entries says. */
    static List<ConfigAt> known(List<ConfigAt> configs, SnapshotManifest snapshot) {
        if (snapshot.config().isEmpty()) {
            return configs;
        }
        ConfigAt inForce = snapshot.config().get();
        List<ConfigAt> result = new ArrayList<>(configs);
        result.removeIf(c -> c.index() >= inForce.index() && c.index() <= snapshot.index());
        result.add(inForce);
        result.sort(Comparator.comparingLong(ConfigAt::index));
        return List.copyOf(result);
    }

    /** Reads both slots back; writes them anew if they are not what they should be, and then returns true. */
    boolean renewed() throws IOException {
        if (file.isAsWritten()) {
            return false;
        }
        write();
        return true;
    }

    private static List<ConfigAt> newestOf(List<ConfigAt> configs) {
        return List.copyOf(configs.subList(Math.max(0, configs.size() - KEPT), configs.size()));
    }

    private void write() throws IOException {
        ByteBuffer value = ByteBuffer.allocate(KEPT * (8 + 4 + Membership.ENCODED_BYTES_MAX));
        for (ConfigAt config : newest) {
            ByteBuffer members = config.membership().encode();
            value.putLong(config.index()).putInt(members.remaining()).put(members);
        }
        value.flip();
        file.fill(value);
    }

    private static Optional<List<ConfigAt>> decode(ByteBuffer in) {
        List<ConfigAt> result = new ArrayList<>();
        try {
            while (in.hasRemaining()) {
                long index = in.getLong();
                int bytes = in.getInt();
                result.add(new ConfigAt(index, Membership.decode(in.slice(in.position(), bytes))));
                in.position(in.position() + bytes);
            }
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
            // Whole by its checksum and yet nonsense: made by a newer version.
            return Optional.empty();
        }
        return Optional.of(List.copyOf(result));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
