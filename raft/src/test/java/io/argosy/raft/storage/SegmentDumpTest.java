package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.RaftConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SegmentDumpTest {

    private static final Path FOLDER = Path.of("/store");
    private static final Path FILE = FOLDER.resolve(Segment.name(1) + Segment.SUFFIX);

    private final FaultyDisk disk = new FaultyDisk(new Random(3));

    private List<SegmentDump.Item> dump() throws IOException {
        List<SegmentDump.Item> items = new ArrayList<>();
        SegmentDump.read(disk, FILE, items::add);
        return items;
    }

    private void write() throws IOException {
        RaftConfig.Storage config = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 1 << 20, 0);
        LocalStore store = LocalStore.openStepped(disk, FOLDER, config, UUID::randomUUID);
        ByteBuffer payload = ByteBuffer.wrap(new byte[600]);
        store.log()
                .append(List.of(
                        Entry.of(1, 1, EntryType.NOOP, ByteBuffer.allocate(0)),
                        Entry.of(2, 1, EntryType.COMMAND, payload)));
        store.log().sync();
        store.log().truncateFrom(2);
        store.log().append(List.of(Entry.of(2, 2, EntryType.COMMAND, payload)));
        store.log().sync();
        store.maintain();
        store.close();
    }

    @Test
    void listsEverythingInOrderOfPosition() throws IOException {
        write();

        List<SegmentDump.Item> items = dump();

        assertThat(items)
                .extracting(i -> (Object) i.getClass().getSimpleName())
                .containsExactly("Segment", "RecordHead", "Found", "Found", "Truncation", "RecordHead", "Found");
        assertThat(((SegmentDump.Found) items.get(6)).entry().term()).isEqualTo(2);
        assertThat(items).isSortedAccordingTo((a, b) -> Long.compare(a.position(), b.position()));
    }

    @Test
    void namesDamageAndGoesOnBehindIt() throws IOException {
        write();
        disk.flip(FILE, SegmentHeader.BYTES + 300, 1);
        disk.flip(FILE, SegmentHeader.BYTES + 1024 + 3, 1);

        List<SegmentDump.Item> items = dump();

        assertThat(items)
                .extracting(i -> (Object) i.getClass().getSimpleName())
                .containsExactly("Segment", "RecordHead", "Found", "Damaged", "Damaged", "RecordHead", "Found");
    }
}
