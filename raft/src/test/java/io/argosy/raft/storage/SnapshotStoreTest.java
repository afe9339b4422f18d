package io.argosy.raft.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.storage.FaultyDisk.PowerLostException;
import io.argosy.raft.storage.IncomingSnapshot.Part;
import io.argosy.raft.storage.SnapshotManifest.SnapshotFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Snapshots on disk: received, published, taken over, with power failures at every operation (R23, R24, R26). */
class SnapshotStoreTest {

    private static final Path FOLDER = Path.of("/store");
    private static final long INDEX = 100;
    private static final long TERM = 7;
    private static final int CHUNK_BYTES = 700;

    private final Random random = new Random(11);
    private final List<byte[]> contents = new ArrayList<>();
    private final SnapshotManifest manifest = manifest();

    private SnapshotManifest manifest() {
        List<SnapshotFile> files = new ArrayList<>();
        int[] sizes = {1500, 0, 700, 2100};
        for (int i = 0; i < sizes.length; i++) {
            byte[] bytes = new byte[sizes[i]];
            random.nextBytes(bytes);
            contents.add(bytes);
            files.add(new SnapshotFile("00000" + i + ".sst", bytes.length, Entry.crcOf(ByteBuffer.wrap(bytes))));
        }
        return new SnapshotManifest(INDEX, TERM, Optional.of(new ConfigAt(40, membership(new UUID(1, 1)))), files);
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private static Membership membership(UUID store) {
        return new Membership(new UUID(7, 7), List.of(new Member(new ReplicaId(1), store)));
    }

    private LocalStore open(Disk disk) throws IOException {
        return LocalStore.openStepped(
                disk, FOLDER, new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 12 << 10, 0), this::uuid);
    }

    /** A store with a log of several segments, the last entries of which the group gave up. */
    private LocalStore storeWithLog(Disk disk) throws IOException {
        LocalStore store = open(disk);
        store.adopt("g", membership(store.storeUuid()));
        append(store, 2, 60, 1);
        return store;
    }

    private static void append(LocalStore store, long from, long to, long term) throws IOException {
        for (long index = from; index <= to; index++) {
            byte[] payload = new byte[400];
            store.log().append(List.of(Entry.of(index, term, EntryType.COMMAND, ByteBuffer.wrap(payload))));
            store.log().sync();
        }
    }

    private IncomingSnapshot receive(LocalStore store) throws IOException {
        IncomingSnapshot incoming = store.receiveSnapshot(manifest);
        for (Optional<Part> part = incoming.next(CHUNK_BYTES); part.isPresent(); part = incoming.next(CHUNK_BYTES)) {
            ByteBuffer bytes = bytes(part.get());
            assertThat(incoming.write(part.get(), bytes, Entry.crcOf(bytes))).isTrue();
        }
        return incoming;
    }

    private ByteBuffer bytes(Part part) {
        return ByteBuffer.wrap(contents.get(part.file()), (int) part.offset(), part.bytes());
    }

    private void requireWhole(Disk disk, Path folder) throws IOException {
        for (int i = 0; i < contents.size(); i++) {
            try (Disk.DiskFile file = disk.open(folder.resolve("00000" + i + ".sst"), false)) {
                ByteBuffer found = ByteBuffer.allocate((int) file.sizeBytes());
                Checksums.readFully(file, found, 0);
                assertThat(found.array()).isEqualTo(contents.get(i));
            }
        }
    }

    @Test
    void aSnapshotIsTakenOverAtOnceAtWhateverOperationThePowerFails() throws IOException {
        boolean sawOld = false;
        boolean sawPublished = false;
        boolean finished = false;
        for (int cut = 1; !finished; cut++) {
            FaultyDisk disk = new FaultyDisk(random);
            LocalStore store = storeWithLog(disk);
            disk.losePowerAt(cut);
            boolean discarded = false;
            try {
                IncomingSnapshot incoming = receive(store);
                assertThat(incoming.verify()).isTrue();
                incoming.publish(false);
                store.resetLog(manifest);
                store.discardSnapshot();
                discarded = true;
                append(store, INDEX + 1, INDEX + 3, TERM);
                finished = true;
            } catch (PowerLostException e) {
                // Crashed below.
            }
            disk = disk.crash();

            // The start may be cut as well.
            disk.losePowerAt(1 + random.nextInt(12));
            try {
                store = open(disk);
                store.close();
            } catch (PowerLostException e) {
                disk = disk.crash();
            }
            disk.losePowerAt(Long.MAX_VALUE / 2);
            store = open(disk);

            if (store.publishedSnapshot().isPresent()) {
                sawPublished = true;
                assertThat(discarded).isFalse();
                assertThat(store.publishedSnapshot()).contains(manifest);
                requireWhole(disk, store.snapshotFolder());
                requireBegunBehindTheSnapshot(store, INDEX);
                store.discardSnapshot();
                append(store, INDEX + 1, INDEX + 2, TERM);
                store.close();
                requireBegunBehindTheSnapshot(open(disk), INDEX + 2);
            } else if (store.log().firstIndex() == 1) {
                sawOld = true;
                assertThat(discarded).isFalse();
                assertThat(store.log().lastIndex()).isEqualTo(60);
                assertThat(store.log().damage()).isEmpty();
                assertThat(disk.list(store.snapshotFolder())).isEmpty();
            } else {
                requireBegunBehindTheSnapshot(store, store.log().lastIndex());
                assertThat(disk.list(store.snapshotFolder())).isEmpty();
            }
        }
        assertThat(sawOld).isTrue();
        assertThat(sawPublished).isTrue();
    }

    private static void requireBegunBehindTheSnapshot(LocalStore store, long lastIndex) throws IOException {
        assertThat(store.log().firstIndex()).isEqualTo(INDEX + 1);
        assertThat(store.log().lastIndex()).isEqualTo(lastIndex);
        assertThat(store.log().damage()).isEmpty();
        RestoredState restored = store.restored(INDEX);
        assertThat(restored.terms().get(0)).isEqualTo(new RestoredState.TermStart(INDEX, TERM));
        assertThat(restored.membership().orElseThrow().index()).isEqualTo(40);
    }

    @Test
    void aSnapshotIsResumedWhereItStopped() throws IOException {
        FaultyDisk disk = new FaultyDisk(random);
        LocalStore store = storeWithLog(disk);
        IncomingSnapshot incoming = store.receiveSnapshot(manifest);
        Part first = incoming.next(CHUNK_BYTES).orElseThrow();
        assertThat(incoming.write(first, bytes(first), Entry.crcOf(bytes(first))))
                .isTrue();

        Part second = incoming.next(CHUNK_BYTES).orElseThrow();

        assertThat(second).isEqualTo(new Part(0, CHUNK_BYTES, CHUNK_BYTES));
        // What was sent twice, or for another place, is not written.
        assertThat(incoming.write(first, bytes(first), Entry.crcOf(bytes(first))))
                .isFalse();
        assertThat(incoming.next(CHUNK_BYTES)).contains(second);
        assertThat(incoming.receivedBytes()).isEqualTo(CHUNK_BYTES);
    }

    @Test
    void everyFlippedBitOfAChunkIsRefused() throws IOException {
        FaultyDisk disk = new FaultyDisk(random);
        LocalStore store = storeWithLog(disk);
        IncomingSnapshot incoming = store.receiveSnapshot(manifest);
        Part part = incoming.next(100).orElseThrow();
        int crc = Entry.crcOf(bytes(part));
        for (int bit = 0; bit < part.bytes() * 8; bit++) {
            byte[] flipped = new byte[part.bytes()];
            bytes(part).get(flipped);
            flipped[bit / 8] ^= (byte) (1 << bit % 8);

            assertThat(incoming.write(part, ByteBuffer.wrap(flipped), crc)).isFalse();
        }
        assertThat(incoming.write(part, bytes(part), crc)).isTrue();
    }

    @Test
    void aFileThatRotsBeforePublicationIsFound() throws IOException {
        FaultyDisk disk = new FaultyDisk(random);
        LocalStore store = storeWithLog(disk);
        IncomingSnapshot incoming = receive(store);
        assertThat(incoming.verify()).isTrue();

        disk.flip(store.snapshotFolder().resolve("000003.sst"), 1234, 4);

        assertThat(incoming.verify()).isFalse();
    }

    /** Between its publication and its end a snapshot is all that the replica has. */
    @Test
    void aPublishedSnapshotThatRotsOrLosesAPieceIsRefusedWithAWayOut() throws IOException {
        FaultyDisk whole = new FaultyDisk(random);
        LocalStore store = storeWithLog(whole);
        receive(store).publish(false);
        store.close();
        open(whole.copy()).close();
        List<Path> files = new ArrayList<>(List.of(FOLDER.resolve(IncomingSnapshot.MANIFEST)));
        whole.list(store.snapshotFolder())
                .forEach(name -> files.add(store.snapshotFolder().resolve(name)));
        for (Path file : files) {
            int size = whole.content(file).length;
            for (int at = 0; at < size; at++) {
                FaultyDisk flipped = whole.copy();
                flipped.flip(file, at, 1 << random.nextInt(8));
                FaultyDisk cut = whole.copy();
                cut.cut(file, at);
                for (FaultyDisk hurt : List.of(flipped, cut)) {
                    assertThatThrownBy(() -> open(hurt))
                            .as("%s at %d", file, at)
                            .isInstanceOf(DamagedStoreException.class)
                            .hasMessageContaining("remove the replica from its group and add it again");
                }
            }
            FaultyDisk lost = whole.copy();
            lost.lose(file);
            if (file.endsWith(IncomingSnapshot.MANIFEST)) {
                // Never published, as far as anybody can tell, and nothing was taken over yet.
                LocalStore old = open(lost);
                assertThat(old.log().lastIndex()).isEqualTo(60);
                old.close();
            } else {
                assertThatThrownBy(() -> open(lost)).isInstanceOf(DamagedStoreException.class);
            }
        }
    }

    @Test
    void everyFlippedBitOfAManifestIsFound() {
        byte[] bytes = new byte[manifest.encode().remaining()];
        manifest.encode().get(bytes);
        assertThat(SnapshotManifest.decode(ByteBuffer.wrap(bytes))).contains(manifest);
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(SnapshotManifest.decode(ByteBuffer.wrap(bytes))).isEmpty();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @Test
    void namesLeadNowhereElse() {
        for (String name : List.of("../identity", "/etc/passwd", "a/b", ".", "..", "", ".hidden")) {
            assertThatThrownBy(() -> new SnapshotFile(name, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void whatIsOfferedIsReadInParts() throws IOException {
        FaultyDisk disk = new FaultyDisk(random);
        LocalStore store = storeWithLog(disk);
        Path folder = store.checkpointFolder();
        for (int i = 0; i < contents.size(); i++) {
            try (Disk.DiskFile file = disk.open(folder.resolve("00000" + i + ".sst"), true)) {
                file.write(new ByteBuffer[] {ByteBuffer.wrap(contents.get(i))}, 1, 0);
            }
        }

        OutgoingSnapshot offered = store.offerSnapshot(55);

        assertThat(offered.manifest().index()).isEqualTo(55);
        assertThat(offered.manifest().term()).isEqualTo(1);
        assertThat(offered.manifest().config().orElseThrow().index()).isEqualTo(1);
        assertThat(offered.manifest().files()).isEqualTo(manifest.files());
        assertThat(offered.read(3, 700, 1400)).isEqualTo(ByteBuffer.wrap(contents.get(3), 700, 1400));
        assertThatThrownBy(() -> offered.read(3, 700, 1401)).isInstanceOf(IllegalArgumentException.class);
        offered.close();
        assertThat(disk.list(folder)).isEmpty();
        assertThatThrownBy(() -> store.offerSnapshot(61)).isInstanceOf(IOException.class);
    }
}
