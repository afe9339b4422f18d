package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.raft.ReplicaId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Entries that lie apart come with few reads, into memory that is used again. */
class ScatteredReadTest {

    private static final Path FOLDER = Path.of("/store");
    private static final int SEGMENT_BYTES = 1 << 20;
    private static final RaftConfig.Storage CONFIG = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, SEGMENT_BYTES, 0);

    private final Random random = new Random(7);
    private final List<byte[]> payloads = new ArrayList<>();
    private final FaultyDisk disk = new FaultyDisk(random);
    private LocalStore store;

    /** Four segments of entries of 0 to 100,000 bytes, most of them small, some of them written twice. */
    @BeforeEach
    void write() throws IOException {
        store = open();
        Membership membership =
                new Membership(UUID.randomUUID(), List.of(new Member(new ReplicaId(1), store.storeUuid())));
        store.adopt("g", membership);
        payloads.add(bytesOf(membership.encode()));
        while (store.log().sizeBytes() < 4L * SEGMENT_BYTES) {
            append(1 + random.nextInt(20));
            if (random.nextInt(10) == 0) {
                store.log().truncateFrom(payloads.size() - 1);
                payloads.subList(payloads.size() - 2, payloads.size()).clear();
            }
        }
        store.log().sync();
    }

    private LocalStore open() throws IOException {
        return LocalStore.openStepped(disk, FOLDER, CONFIG, () -> new UUID(random.nextLong(), random.nextLong()));
    }

    private void append(int count) throws IOException {
        List<Entry> batch = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] payload = new byte[random.nextInt(random.nextInt(8) == 0 ? 100_000 : 3_000)];
            random.nextBytes(payload);
            payloads.add(payload);
            batch.add(Entry.of(payloads.size(), payloads.size(), EntryType.COMMAND, ByteBuffer.wrap(payload)));
        }
        store.log().append(batch);
    }

    @Test
    void eachEntryAskedForComesWholeAndInOrder() throws IOException {
        for (ByteBuffer room :
                List.of(ByteBuffer.allocateDirect(1 << 20), ByteBuffer.allocate(150_000), ByteBuffer.allocate(2_000))) {
            for (int density = 1; density <= 64; density *= 4) {
                long[] indexes = every(density);
                int reads = 0;
                for (int at = 0; at < indexes.length; reads++) {
                    List<Entry> entries = store.log().read(indexes, at, indexes.length, room);
                    assertThat(entries).isNotEmpty();
                    for (Entry entry : entries) {
                        assertThat(entry.index()).isEqualTo(indexes[at]);
                        assertThat(bytesOf(entry.payload())).isEqualTo(payloads.get((int) indexes[at] - 1));
                        at++;
                    }
                }
                assertThat(reads).isLessThanOrEqualTo(indexes.length);
            }
        }
    }

    @Test
    void aLogThatWasOpenedAgainAndKnowsOnlyItsRecordsIsReadTheSame() throws IOException {
        List<Entry> record = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            byte[] payload = new byte[i % 3 == 0 ? 60_000 : random.nextInt(2_000)];
            random.nextBytes(payload);
            payloads.add(payload);
            record.add(Entry.of(payloads.size(), 1_000_000, EntryType.COMMAND, ByteBuffer.wrap(payload)));
        }
        store.log().append(record);
        store.log().sync();
        store = LocalStore.openStepped(
                disk.copy(), FOLDER, CONFIG, () -> new UUID(random.nextLong(), random.nextLong()));

        eachEntryAskedForComesWholeAndInOrder();
    }

    @Test
    void neighboursComeWithOneRead() throws IOException {
        long[] indexes = every(1);
        ByteBuffer room = ByteBuffer.allocateDirect(2 * SEGMENT_BYTES);

        List<Entry> entries = store.log().read(indexes, 10, indexes.length, room);

        long bytes = entries.stream().mapToLong(Entry::frameBytes).sum();
        assertThat(bytes).isGreaterThan(SEGMENT_BYTES / 2);
        assertThat(store.log().read(indexes, 10, 13, room)).hasSize(3);
    }

    @Test
    void damageEndsTheReadInFrontOfItAndIsNamedWhenItComesFirst() throws IOException {
        int damaged = payloads.size() - 40;
        while (payloads.get(damaged - 1).length < 500) {
            damaged++;
        }
        for (String name : disk.list(FOLDER)) {
            int at = find(disk.content(FOLDER.resolve(name)), payloads.get(damaged - 1));
            if (at >= 0) {
                disk.flip(FOLDER.resolve(name), at + 100, 1);
            }
        }
        long[] indexes = {damaged - 2, damaged - 1, damaged, damaged + 1};
        ByteBuffer room = ByteBuffer.allocate(SEGMENT_BYTES);

        List<Entry> entries = store.log().read(indexes, 0, 4, room);

        assertThat(entries).extracting(Entry::index).containsExactly(damaged - 2L, damaged - 1L);
        assertThatThrownBy(() -> store.log().read(indexes, 2, 4, room)).isInstanceOf(DamagedEntryException.class);
        assertThat(store.log().damage()).isNotEmpty();
        assertThat(store.log().read(indexes, 3, 4, room)).hasSize(1);
    }

    @Test
    void whatWasTrimmedOrIsNotThereIsNamed() throws IOException {
        long first = payloads.size() / 2;
        store.log().trim(first);
        assertThat(store.log().firstIndex()).isGreaterThan(1);
        ByteBuffer room = ByteBuffer.allocate(1000);

        assertThatThrownBy(() -> store.log().read(new long[] {1, payloads.size()}, 0, 2, room))
                .isInstanceOf(TrimmedException.class);
        assertThatThrownBy(() -> store.log().read(new long[] {payloads.size() + 1}, 0, 1, room))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private long[] every(int density) {
        return LongStream.rangeClosed(1, payloads.size())
                .filter(index -> random.nextInt(density) == 0)
                .toArray();
    }

    private static int find(byte[] file, byte[] part) {
        for (int at = 0; at <= file.length - part.length; at++) {
            if (Arrays.equals(file, at, at + part.length, part, 0, part.length)) {
                return at;
            }
        }
        return -1;
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
