package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a snapshot is: the state after the entry at the index, in files with their sizes and checksums. Layout in {@code
 * package-info}.
 *
 * @param term of the entry at the index
 * @param config the membership as of the index (R25)
 */
public record SnapshotManifest(long index, long term, Optional<ConfigAt> config, List<SnapshotFile> files) {

    /** Bounds what a peer can make us allocate. */
    static final int FILES_MAX = 100_000;

    private static final int MAGIC = 0x41524750;
    private static final int FORMAT = 1;
    private static final int NAME_BYTES_MAX = 255;
    /** Nothing that leads out of the folder. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

    /** @param crc CRC-32C of all of it */
    public record SnapshotFile(String name, long sizeBytes, int crc) {
        public SnapshotFile {
            if (name.length() > NAME_BYTES_MAX || !NAME.matcher(name).matches() || sizeBytes < 0) {
                throw new IllegalArgumentException("snapshot file " + name + " of " + sizeBytes + " bytes");
            }
        }
    }

    public SnapshotManifest {
        files = List.copyOf(files);
        if (index < 1 || term < 0 || files.size() > FILES_MAX) {
            throw new IllegalArgumentException(
                    "snapshot at index " + index + " of term " + term + " in " + files.size() + " files");
        }
        Set<String> names = new HashSet<>();
        for (SnapshotFile file : files) {
            if (!names.add(file.name())) {
                throw new IllegalArgumentException("snapshot file " + file.name() + " twice");
            }
        }
    }

    /** Of all files. */
    public long sizeBytes() {
        long bytes = 0;
        for (SnapshotFile file : files) {
            bytes += file.sizeBytes();
        }
        return bytes;
    }

    public ByteBuffer encode() {
        ByteBuffer members = config.map(c -> c.membership().encode()).orElse(ByteBuffer.allocate(0));
        int bytes = 4 + 4 + 8 + 8 + 8 + 4 + members.remaining() + 4 + 4;
        for (SnapshotFile file : files) {
            bytes += 2 + file.name().length() + 12;
        }
        ByteBuffer out = ByteBuffer.allocate(bytes)
                .putInt(MAGIC)
                .putInt(FORMAT)
                .putLong(index)
                .putLong(term)
                .putLong(config.map(ConfigAt::index).orElse(0L))
                .putInt(members.remaining())
                .put(members)
                .putInt(files.size());
        for (SnapshotFile file : files) {
            byte[] name = file.name().getBytes(StandardCharsets.US_ASCII);
            out.putShort((short) name.length)
                    .put(name)
                    .putLong(file.sizeBytes())
                    .putInt(file.crc());
        }
        return out.putInt(Checksums.of(out, 0, out.position())).flip();
    }

    /** Empty if the bytes are no whole manifest of this format. */
    public static Optional<SnapshotManifest> decode(ByteBuffer source) {
        ByteBuffer in = source.duplicate();
        int end = in.limit() - 4;
        if (in.remaining() < 44
                || in.getInt(end) != Checksums.of(in, in.position(), end - in.position())
                || in.getInt() != MAGIC
                || in.getInt() != FORMAT) {
            return Optional.empty();
        }
        try {
            long index = in.getLong();
            long term = in.getLong();
            long configIndex = in.getLong();
            int membersBytes = in.getInt();
            Optional<ConfigAt> config = Optional.empty();
            if (membersBytes > 0) {
                config = Optional.of(
                        new ConfigAt(configIndex, Membership.decode(in.slice(in.position(), membersBytes))));
                in.position(in.position() + membersBytes);
            }
            int count = in.getInt();
            List<SnapshotFile> files = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] name = new byte[in.getShort()];
                in.get(name);
                files.add(new SnapshotFile(new String(name, StandardCharsets.US_ASCII), in.getLong(), in.getInt()));
            }
            return Optional.of(new SnapshotManifest(index, term, config, files));
        } catch (RuntimeException e) {
            // Whole by its checksum and yet nonsense: made by a newer version, or by nobody we know.
            return Optional.empty();
        }
    }
}
