package io.argosy.broker.consume;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.argosy.broker.command.Command;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Many changes of progress in one entry. Groups that are named here and unknown are created by applying it.
 *
 * <pre>
 * field            bytes    meaning
 * kind             1        {@link Kind#CONSUME}
 * version          1        1
 * timestampMillis  8        leader's clock, big endian
 * groups           ..       varint count, then each: varint length, UTF-8
 * clients          ..       the same
 * changes          ..       varint count, then each: type (1 byte) and its fields as varints unless said otherwise
 *   0 select                group (index), topic id, queue id: of the changes that follow
 *   1 opened                base
 *   2 leased                first, count, attempt, visibleAtMillis, nonce (8), client (index), attemptKey (8), autoRenew
 *   3 acked                 first, count
 *   4 advanced              offset
 *   5 pull committed        offset
 * </pre>
 *
 * @param groups names; at least those that the changes mention
 * @param changes in the order in which they take effect
 */
record ConsumeCommand(long timestampMillis, List<String> groups, List<QueueChange> changes) implements Command {

    private static final byte VERSION = 1;
    private static final int HEADER_BYTES = 10;

    private static final int SELECT = 0;
    private static final int OPENED = 1;
    private static final int LEASED = 2;
    private static final int ACKED = 3;
    private static final int ADVANCED = 4;
    private static final int PULL_COMMITTED = 5;

    ConsumeCommand {
        groups = List.copyOf(groups);
        changes = List.copyOf(changes);
    }

    /** One change in one queue. */
    record QueueChange(QueueRef queue, ProgressChange change) {}

    @Override
    public Kind kind() {
        return Kind.CONSUME;
    }

    @Override
    public ByteBuffer encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256 + 16 * changes.size());
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES)
                .put(kind().code())
                .put(VERSION)
                .putLong(timestampMillis);
        bytes.writeBytes(header.array());
        try {
            new Encoder(CodedOutputStream.newInstance(bytes)).encode(this);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    /** @throws IllegalArgumentException if the bytes are not a command of this kind and version */
    static ConsumeCommand decode(ByteBuffer payload) {
        ByteBuffer bytes = payload.slice();
        if (bytes.remaining() < HEADER_BYTES || bytes.get(0) != Kind.CONSUME.code() || bytes.get(1) != VERSION) {
            throw new IllegalArgumentException("not a consume command of version " + VERSION);
        }
        long timestampMillis = bytes.getLong(2);
        bytes.position(HEADER_BYTES);
        try {
            return new Decoder(CodedInputStream.newInstance(bytes)).decode(timestampMillis);
        } catch (IOException e) {
            throw new IllegalArgumentException("consume command cut short", e);
        }
    }

    private static final class Encoder {

        private final CodedOutputStream out;
        private final Map<String, Integer> groups = new LinkedHashMap<>();
        private final Map<String, Integer> clients = new LinkedHashMap<>();

        Encoder(CodedOutputStream out) {
            this.out = out;
        }

        void encode(ConsumeCommand command) throws IOException {
            command.groups.forEach(group -> indexOf(group, groups));
            for (QueueChange change : command.changes) {
                indexOf(change.queue().group(), groups);
                if (change.change() instanceof ProgressChange.Leased leased) {
                    indexOf(leased.lease().clientId(), clients);
                }
            }
            writeNames(groups);
            writeNames(clients);
            writeChanges(command.changes);
            out.flush();
        }

        private void writeNames(Map<String, Integer> names) throws IOException {
            out.writeUInt32NoTag(names.size());
            for (String name : names.keySet()) {
                out.writeStringNoTag(name);
            }
        }

        private void writeChanges(List<QueueChange> changes) throws IOException {
            out.writeUInt32NoTag(changes.size());
            Optional<QueueRef> selected = Optional.empty();
            for (QueueChange change : changes) {
                QueueRef queue = change.queue();
                if (selected.isEmpty() || !selected.get().equals(queue)) {
                    out.write((byte) SELECT);
                    out.writeUInt32NoTag(indexOf(queue.group(), groups));
                    out.writeUInt32NoTag(queue.topicId());
                    out.writeUInt32NoTag(queue.queueId());
                    selected = Optional.of(queue);
                }
                write(change.change());
            }
        }

        private void write(ProgressChange change) throws IOException {
            if (change instanceof ProgressChange.Acked acked) {
                out.write((byte) ACKED);
                out.writeUInt64NoTag(acked.first());
                out.writeUInt32NoTag(acked.count());
            } else if (change instanceof ProgressChange.Leased leased) {
                Lease lease = leased.lease();
                out.write((byte) LEASED);
                out.writeUInt64NoTag(leased.first());
                out.writeUInt32NoTag(leased.count());
                out.writeUInt32NoTag(lease.attempt());
                out.writeUInt64NoTag(lease.visibleAtMillis());
                out.writeFixed64NoTag(lease.nonce());
                out.writeUInt32NoTag(indexOf(lease.clientId(), clients));
                out.writeFixed64NoTag(lease.attemptKey());
                out.writeBoolNoTag(lease.autoRenew());
            } else if (change instanceof ProgressChange.Opened opened) {
                out.write((byte) OPENED);
                out.writeUInt64NoTag(opened.base());
            } else if (change instanceof ProgressChange.Advanced advanced) {
                out.write((byte) ADVANCED);
                out.writeUInt64NoTag(advanced.offset());
            } else if (change instanceof ProgressChange.PullCommitted committed) {
                out.write((byte) PULL_COMMITTED);
                out.writeUInt64NoTag(committed.offset());
            } else {
                throw new AssertionError(change);
            }
        }

        private static int indexOf(String name, Map<String, Integer> names) {
            Integer known = names.putIfAbsent(name, names.size());
            return known == null ? names.size() - 1 : known;
        }
    }

    private static final class Decoder {

        private final CodedInputStream in;

        Decoder(CodedInputStream in) {
            this.in = in;
        }

        ConsumeCommand decode(long timestampMillis) throws IOException {
            List<String> groups = readNames();
            List<String> clients = readNames();
            int count = in.readUInt32();
            List<QueueChange> changes = new ArrayList<>(Math.min(count, 1 << 16));
            QueueRef queue = new QueueRef("", 0, 0);
            while (changes.size() < count) {
                int type = in.readRawByte();
                if (type == SELECT) {
                    queue = new QueueRef(named(groups), in.readUInt32(), in.readUInt32());
                } else {
                    changes.add(new QueueChange(queue, change(type, clients)));
                }
            }
            return new ConsumeCommand(timestampMillis, groups, changes);
        }

        private List<String> readNames() throws IOException {
            int count = in.readUInt32();
            List<String> names = new ArrayList<>(Math.min(count, 1 << 12));
            for (int i = 0; i < count; i++) {
                names.add(in.readString());
            }
            return names;
        }

        private String named(List<String> names) throws IOException {
            int index = in.readUInt32();
            if (index < 0 || index >= names.size()) {
                throw new IllegalArgumentException("name " + index + " of " + names.size());
            }
            return names.get(index);
        }

        private ProgressChange change(int type, List<String> clients) throws IOException {
            return switch (type) {
                case OPENED -> new ProgressChange.Opened(in.readUInt64());
                case LEASED -> new ProgressChange.Leased(in.readUInt64(), in.readUInt32(), lease(clients));
                case ACKED -> new ProgressChange.Acked(in.readUInt64(), in.readUInt32());
                case ADVANCED -> new ProgressChange.Advanced(in.readUInt64());
                case PULL_COMMITTED -> new ProgressChange.PullCommitted(in.readUInt64());
                default -> throw new IllegalArgumentException("unknown change of progress " + type);
            };
        }

        private Lease lease(List<String> clients) throws IOException {
            return new Lease(
                    in.readUInt32(),
                    in.readUInt64(),
                    in.readFixed64(),
                    named(clients),
                    in.readFixed64(),
                    in.readBool());
        }
    }
}
