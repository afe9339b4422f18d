package io.argosy.broker.consume;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.argosy.broker.state.StateStore;
import io.argosy.broker.state.StateStore.Family;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.function.BiConsumer;

/**
 * How progress lies in the store. Integers are big endian, so that keys sort by number.
 *
 * <pre>
 * family    key                                                    value
 * groups    UTF-8 name                                             version (1), groupId (4), createdMillis (8)
 * progress  groupId (4) topicId (4) queueId (4) 0                  version (1), opened (1), base (8), pullOffset (8, -1 none)
 * progress  groupId (4) topicId (4) queueId (4) 1 chunkNumber (8)  acked bitmap, 64 words: offsets above base only
 * progress  groupId (4) topicId (4) queueId (4) 2 blockNumber (8)  leases of 256 offsets, see {@link #encodeLeases}
 * </pre>
 */
final class ProgressStore {

    static final int LEASE_BLOCK_OFFSETS = 256;

    private static final byte VERSION = 1;
    private static final byte HEAD = 0;
    private static final byte CHUNK = 1;
    private static final byte LEASES = 2;
    private static final int HEAD_KEY_BYTES = 13;
    private static final long NO_PULL_OFFSET = -1;

    private ProgressStore() {}

    record StoredGroup(String name, int groupId, long createdMillis) {}

    /** Identifies the keys of one queue. */
    record StoredQueue(int groupId, int topicId, int queueId) {}

    static void putGroup(StateStore.Batch batch, StoredGroup group) {
        byte[] value = ByteBuffer.allocate(13)
                .put(VERSION)
                .putInt(group.groupId())
                .putLong(group.createdMillis())
                .array();
        batch.put(Family.GROUPS, group.name().getBytes(StandardCharsets.UTF_8), value);
    }

    static List<StoredGroup> loadGroups(StateStore store) {
        List<StoredGroup> groups = new ArrayList<>();
        byte[] end = new byte[256];
        Arrays.fill(end, (byte) 0xff);
        store.scan(Family.GROUPS, new byte[0], end, (key, value) -> {
            ByteBuffer fields = ByteBuffer.wrap(value);
            requireVersion(fields.get());
            groups.add(new StoredGroup(new String(key, StandardCharsets.UTF_8), fields.getInt(), fields.getLong()));
            return true;
        });
        return groups;
    }

    /** Calls back once per queue of the group, in order, with its progress as stored. */
    static void loadProgress(StateStore store, int groupId, BiConsumer<StoredQueue, QueueProgress> visitor) {
        Map<StoredQueue, QueueProgress> loaded = new LinkedHashMap<>();
        store.scan(Family.PROGRESS, groupKey(groupId), groupKey(groupId + 1), (key, value) -> {
            ByteBuffer fields = ByteBuffer.wrap(key);
            StoredQueue queue = new StoredQueue(fields.getInt(), fields.getInt(), fields.getInt());
            QueueProgress progress = loaded.computeIfAbsent(queue, absent -> new QueueProgress());
            byte part = fields.get();
            if (part == HEAD) {
                restoreHead(progress, ByteBuffer.wrap(value));
            } else if (part == CHUNK) {
                long[] words = new long[value.length / Long.BYTES];
                ByteBuffer.wrap(value).asLongBuffer().get(words);
                progress.acked().restoreChunk(fields.getLong(), words);
            } else if (part == LEASES) {
                decodeLeases(value, progress);
            } else {
                throw new IllegalStateException("progress key with part " + part + " of " + queue);
            }
            return true;
        });
        loaded.forEach((queue, progress) -> {
            progress.restored();
            visitor.accept(queue, progress);
        });
    }

    static void putHead(StateStore.Batch batch, StoredQueue queue, QueueProgress progress) {
        byte[] value = ByteBuffer.allocate(18)
                .put(VERSION)
                .put((byte) (progress.opened() ? 1 : 0))
                .putLong(progress.base())
                .putLong(progress.pullOffset().orElse(NO_PULL_OFFSET))
                .array();
        batch.put(Family.PROGRESS, key(queue, HEAD).array(), value);
    }

    static void putChunk(StateStore.Batch batch, StoredQueue queue, long number, long[] words) {
        ByteBuffer value = ByteBuffer.allocate(words.length * Long.BYTES);
        value.asLongBuffer().put(words);
        batch.put(Family.PROGRESS, key(queue, CHUNK, number), value.array());
    }

    static void deleteChunk(StateStore.Batch batch, StoredQueue queue, long number) {
        batch.delete(Family.PROGRESS, key(queue, CHUNK, number));
    }

    static void putLeases(StateStore.Batch batch, StoredQueue queue, long block, NavigableMap<Long, Lease> leases) {
        batch.put(Family.PROGRESS, key(queue, LEASES, block), encodeLeases(leases));
    }

    static void deleteLeases(StateStore.Batch batch, StoredQueue queue, long block) {
        batch.delete(Family.PROGRESS, key(queue, LEASES, block));
    }

    static void deleteTopic(StateStore.Batch batch, int groupId, int topicId) {
        byte[] from = ByteBuffer.allocate(8).putInt(groupId).putInt(topicId).array();
        byte[] to = ByteBuffer.allocate(8).putInt(groupId).putInt(topicId + 1).array();
        batch.deleteRange(Family.PROGRESS, from, to);
    }

    private static void restoreHead(QueueProgress progress, ByteBuffer value) {
        requireVersion(value.get());
        boolean opened = value.get() != 0;
        long base = value.getLong();
        long pull = value.getLong();
        progress.restore(base, opened, pull == NO_PULL_OFFSET ? OptionalLong.empty() : OptionalLong.of(pull));
    }

    /**
     * Version (1), number of clients (varint) and their ids, then runs of equal leases until the end: first offset,
     * count, attempt, visibleAtMillis as varints, nonce (8, little endian), client index (varint), attemptKey (8, little
     * endian), autoRenew (1).
     */
    private static byte[] encodeLeases(NavigableMap<Long, Lease> leases) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + 8 * leases.size());
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.write(VERSION);
            Map<String, Integer> clients = new LinkedHashMap<>();
            leases.values().forEach(lease -> clients.putIfAbsent(lease.clientId(), clients.size()));
            out.writeUInt32NoTag(clients.size());
            for (String client : clients.keySet()) {
                out.writeStringNoTag(client);
            }
            long first = 0;
            int count = 0;
            Lease current = null;
            for (Map.Entry<Long, Lease> entry : leases.entrySet()) {
                if (current != null
                        && entry.getKey() == first + count
                        && entry.getValue().equals(current)) {
                    count++;
                    continue;
                }
                if (current != null) {
                    writeRun(out, first, count, current, clients.getOrDefault(current.clientId(), 0));
                }
                first = entry.getKey();
                count = 1;
                current = entry.getValue();
            }
            if (current != null) {
                writeRun(out, first, count, current, clients.getOrDefault(current.clientId(), 0));
            }
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    private static void writeRun(CodedOutputStream out, long first, int count, Lease lease, int client)
            throws IOException {
        out.writeUInt64NoTag(first);
        out.writeUInt32NoTag(count);
        out.writeUInt32NoTag(lease.attempt());
        out.writeUInt64NoTag(lease.visibleAtMillis());
        out.writeFixed64NoTag(lease.nonce());
        out.writeUInt32NoTag(client);
        out.writeFixed64NoTag(lease.attemptKey());
        out.writeBoolNoTag(lease.autoRenew());
    }

    private static void decodeLeases(byte[] value, QueueProgress progress) {
        CodedInputStream in = CodedInputStream.newInstance(value);
        try {
            requireVersion(in.readRawByte());
            int clientCount = in.readUInt32();
            List<String> clients = new ArrayList<>();
            for (int i = 0; i < clientCount; i++) {
                clients.add(in.readString());
            }
            while (!in.isAtEnd()) {
                long first = in.readUInt64();
                int count = in.readUInt32();
                Lease lease = new Lease(
                        in.readUInt32(),
                        in.readUInt64(),
                        in.readFixed64(),
                        clients.get(in.readUInt32()),
                        in.readFixed64(),
                        in.readBool());
                for (long offset = first; offset < first + count; offset++) {
                    progress.restoreLease(offset, lease);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("leases in the store are cut short", e);
        }
    }

    private static void requireVersion(byte version) {
        if (version != VERSION) {
            throw new IllegalStateException("progress of version " + version + " in the store, known is " + VERSION);
        }
    }

    private static byte[] groupKey(int groupId) {
        return ByteBuffer.allocate(4).putInt(groupId).array();
    }

    private static ByteBuffer key(StoredQueue queue, byte part) {
        return ByteBuffer.allocate(HEAD_KEY_BYTES)
                .putInt(queue.groupId())
                .putInt(queue.topicId())
                .putInt(queue.queueId())
                .put(part);
    }

    private static byte[] key(StoredQueue queue, byte part, long number) {
        return ByteBuffer.allocate(HEAD_KEY_BYTES + Long.BYTES)
                .put(key(queue, part).flip())
                .putLong(number)
                .array();
    }
}
