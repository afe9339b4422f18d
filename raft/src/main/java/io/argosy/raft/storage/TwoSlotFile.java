package io.argosy.raft.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A small value that is replaced in place. Two slots, each in a page of its own, are written in turn, so that a crash
 * in the middle of a write leaves the value before it. Layout in {@code package-info}.
 */
final class TwoSlotFile implements Closeable {

    static final int SLOT_BYTES = 4096;
    private static final int HEADER_BYTES = 16;

    private final Disk.DiskFile file;
    private final int magic;
    private final ByteBuffer slot;
    private final ByteBuffer[] slots;
    private long version;
    private Optional<ByteBuffer> value = Optional.empty();

    private TwoSlotFile(Disk.DiskFile file, int magic, int slotBytes) {
        this.file = file;
        this.magic = magic;
        this.slot = ByteBuffer.allocateDirect(slotBytes);
        this.slots = new ByteBuffer[] {slot};
    }

    /** Creates the file with zeroed slots; the caller saves a value and syncs the folder. */
    static TwoSlotFile create(Disk disk, Path path, int magic, int slotBytes) throws IOException {
        TwoSlotFile result = new TwoSlotFile(disk.open(path, true), magic, slotBytes);
        result.file.truncate(0);
        result.file.write(new ByteBuffer[] {ByteBuffer.allocate(2 * slotBytes)}, 1, 0);
        result.file.force();
        return result;
    }

    static TwoSlotFile open(Disk disk, Path path, int magic, int slotBytes) throws IOException {
        TwoSlotFile result = new TwoSlotFile(disk.open(path, false), magic, slotBytes);
        result.load(0);
        result.load(1);
        return result;
    }

    private record Slot(long version, ByteBuffer value) {}

    private void load(int number) throws IOException {
        Optional<Slot> found = read(number);
        if (found.isPresent() && found.get().version > version) {
            version = found.get().version;
            value = Optional.of(found.get().value);
        }
    }

    private Optional<Slot> read(int number) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(slot.capacity());
        int count = Checksums.readFully(file, bytes, (long) number * slot.capacity());
        if (count < HEADER_BYTES + 4 || bytes.getInt(0) != magic) {
            return Optional.empty();
        }
        int length = bytes.getInt(4);
        long found = bytes.getLong(8);
        if (length < 0 || length > slot.capacity() - HEADER_BYTES - 4 || count < HEADER_BYTES + length + 4) {
            return Optional.empty();
        }
        if (bytes.getInt(HEADER_BYTES + length) != Checksums.of(bytes, 0, HEADER_BYTES + length)) {
            return Optional.empty();
        }
        return (found & 1) == number
                ? Optional.of(new Slot(found, bytes.slice(HEADER_BYTES, length).asReadOnlyBuffer()))
                : Optional.empty();
    }

    /** Whether the disk still holds, in both slots, what was written there. */
    boolean isAsWritten() throws IOException {
        for (long expected = Math.max(1, version - 1); expected <= version; expected++) {
            long wanted = expected;
            if (read((int) (wanted & 1)).filter(s -> s.version == wanted).isEmpty()) {
                return false;
            }
        }
        return value.isEmpty()
                || read((int) (version & 1))
                        .filter(s -> s.value.equals(value.get()))
                        .isPresent();
    }

    /** The newest value that passes its checksum; empty if none does. */
    Optional<ByteBuffer> value() {
        return value.map(ByteBuffer::duplicate);
    }

    /** Writes the value into the older slot; durable on return. */
    void save(ByteBuffer bytes) throws IOException {
        long next = version + 1;
        slot.clear();
        slot.putInt(magic).putInt(bytes.remaining()).putLong(next).put(bytes.duplicate());
        slot.putInt(Checksums.of(slot, 0, slot.position()));
        slot.flip();
        file.write(slots, 1, (next & 1) * slot.capacity());
        file.force();
        version = next;
        value = Optional.of(
                ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip());
    }

    /** Writes the value into both slots, so that one that rots later brings no older value back; durable on return. */
    void fill(ByteBuffer bytes) throws IOException {
        save(bytes);
        save(bytes);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
