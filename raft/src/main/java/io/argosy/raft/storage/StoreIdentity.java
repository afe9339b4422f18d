package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * Who this store is. The adoption is part of it, so that it happens at once: entry 1 is derived from it, at the next
 * start if need be. Layout in {@code package-info}.
 *
 * @param recoveryEpoch how often the group was recovered by force from the replicas that were left; 0 is the usual
 */
record StoreIdentity(UUID storeUuid, Optional<Adoption> adoption, long recoveryEpoch) {

    static final String NAME = "identity";
    private static final int MAGIC = 0x41524749;
    private static final int FORMAT = 1;
    /** With a recovery epoch; written only if there was a recovery. */
    private static final int FORMAT_RECOVERED = 2;

    /** The group, as it was when this store became a member. */
    record Adoption(String groupName, Membership membership) {}

    /** Replaces the file; durable on return (R4). */
    void save(Disk disk, Path folder) throws IOException {
        byte[] name = adoption.map(a -> a.groupName().getBytes(StandardCharsets.UTF_8))
                .orElse(new byte[0]);
        ByteBuffer members = adoption.map(a -> a.membership().encode()).orElse(ByteBuffer.allocate(0));
        ByteBuffer out = ByteBuffer.allocate(4 + 4 + 16 + 4 + name.length + 4 + members.remaining() + 8 + 4);
        out.putInt(MAGIC)
                .putInt(recoveryEpoch == 0 ? FORMAT : FORMAT_RECOVERED)
                .putLong(storeUuid.getMostSignificantBits())
                .putLong(storeUuid.getLeastSignificantBits())
                .putInt(name.length)
                .put(name)
                .putInt(members.remaining())
                .put(members);
        if (recoveryEpoch != 0) {
            out.putLong(recoveryEpoch);
        }
        out.putInt(Checksums.of(out, 0, out.position())).flip();
        AtomicFile.replace(disk, folder, NAME, out);
    }

    /** Whether the file still says this. */
    boolean isOn(Disk disk, Path folder) throws IOException {
        try {
            return load(disk, folder).filter(this::equals).isPresent();
        } catch (DamagedStoreException e) {
            return false;
        }
    }

    static Optional<StoreIdentity> load(Disk disk, Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        ByteBuffer in = AtomicFile.load(disk, path);
        int end = in.remaining() - 4;
        if (end < 32 || in.getInt(end) != Checksums.of(in, 0, end) || in.getInt() != MAGIC) {
            throw new DamagedStoreException(path + " is damaged: the store no longer knows who it is. Restore the file,"
                    + " or remove the replica from its group and add it again empty.");
        }
        int format = in.getInt();
        if (format != FORMAT && format != FORMAT_RECOVERED) {
            throw new DamagedStoreException(path + " has format " + format + ", this version reads up to "
                    + FORMAT_RECOVERED + ": start a newer version.");
        }
        UUID store = new UUID(in.getLong(), in.getLong());
        byte[] name = new byte[in.getInt()];
        in.get(name);
        int membersBytes = in.getInt();
        Optional<Adoption> adoption = membersBytes == 0
                ? Optional.empty()
                : Optional.of(new Adoption(
                        new String(name, StandardCharsets.UTF_8),
                        Membership.decode(in.slice(in.position(), membersBytes))));
        in.position(in.position() + membersBytes);
        long recoveryEpoch = format == FORMAT_RECOVERED ? in.getLong() : 0;
        return Optional.of(new StoreIdentity(store, adoption, recoveryEpoch));
    }
}
