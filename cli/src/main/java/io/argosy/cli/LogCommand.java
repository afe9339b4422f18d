package io.argosy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.message.MessageScan;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Membership;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.SegmentDump;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Files of the log. */
@picocli.CommandLine.Command(
        name = "log",
        description = "Looks into the files of a replica's log.",
        mixinStandardHelpOptions = true,
        subcommands = LogCommand.Dump.class)
final class LogCommand extends CommandGroup {

    /** {@code argosy log dump}. */
    @picocli.CommandLine.Command(
            name = "dump",
            description = {
                "Prints what is in a segment, or in all segments of a folder. Needs no running broker and changes nothing.",
                "Ends with 5 if something is damaged. With -o json, one object per line."
            },
            mixinStandardHelpOptions = true)
    static final class Dump implements Callable<Integer> {
        private static final Pattern SEGMENT_NAME = Pattern.compile("(^|/)\\d{20}\\.log$");

        @Mixin
        private final OutputOptions common = new OutputOptions();

        @Parameters(paramLabel = "FILE", description = "A segment (*.log), or the data folder of a replica")
        private Path file = Path.of("");

        @Option(names = "--from", paramLabel = "INDEX", description = "First log index to print (default: all)")
        private long from;

        @Option(names = "--to", paramLabel = "INDEX", description = "Last log index to print (default: all)")
        private long to = Long.MAX_VALUE;

        @Option(names = "--messages", description = "Print each message of a batch, not only the batch")
        private boolean messages;

        private boolean damaged;
        private long lastIndex;

        @Override
        public Integer call() {
            List<Path> segments = segments();
            if (segments.isEmpty()) {
                throw new CommandFailure(ExitCodes.USAGE, "there is no segment (*.log) in " + file);
            }
            for (Path segment : segments) {
                try {
                    SegmentDump.read(new FileSystemDisk(), segment.toAbsolutePath(), item -> print(segment, item));
                } catch (IOException e) {
                    throw new CommandFailure(ExitCodes.FAILED, "cannot read " + segment + ": " + e.getMessage());
                }
            }
            if (lastIndex > 0 && from > lastIndex) {
                common.say("nothing to print: the last index is " + lastIndex + ", --from is " + from);
            }
            return damaged ? ExitCodes.PARTIAL : ExitCodes.OK;
        }

        private List<Path> segments() {
            if (!Files.isDirectory(file)) {
                if (!Files.isReadable(file)) {
                    throw new CommandFailure(ExitCodes.USAGE, "cannot read " + file + "; give a segment or its folder");
                }
                return List.of(file);
            }
            try (Stream<Path> all = Files.walk(file, 3)) {
                return all.filter(path -> SEGMENT_NAME.matcher(path.toString()).find())
                        .sorted()
                        .toList();
            } catch (IOException e) {
                throw new CommandFailure(ExitCodes.FAILED, "cannot list " + file + ": " + e.getMessage());
            }
        }

        private void print(Path segment, SegmentDump.Item item) {
            ObjectNode body = Output.object().put("position", item.position());
            if (item instanceof SegmentDump.Segment head) {
                body.put("item", "segment")
                        .put("file", segment.toString())
                        .put("firstIndex", head.firstIndex())
                        .put("prevTerm", head.prevTerm());
                emit(body, segment + ": first index " + head.firstIndex() + ", term before " + head.prevTerm());
            } else if (item instanceof SegmentDump.RecordHead) {
                return; // How entries were grouped on their way to the disk says nothing to a reader of the log.
            } else if (item instanceof SegmentDump.Truncation cut) {
                body.put("item", "truncation").put("fromIndex", cut.fromIndex());
                emit(body, at(item) + "truncated: entries from " + cut.fromIndex() + " on count no longer");
            } else if (item instanceof SegmentDump.Damaged bad) {
                if (bad.position() == 0
                        && !SEGMENT_NAME.matcher(segment.toString()).find()) {
                    throw new CommandFailure(ExitCodes.USAGE, segment + " is not a segment file");
                }
                damaged = true;
                body.put("item", "damage").put("detail", bad.detail());
                emit(body, "!!" + at(item) + "DAMAGE: " + bad.detail());
            } else if (item instanceof SegmentDump.Found found) {
                Entry entry = found.entry();
                lastIndex = Math.max(lastIndex, entry.index());
                if (entry.index() >= from && entry.index() <= to) {
                    entry(body, entry, item);
                }
            } else {
                throw new AssertionError(item);
            }
        }

        private void entry(ObjectNode body, Entry entry, SegmentDump.Item item) {
            body.put("item", "entry")
                    .put("index", entry.index())
                    .put("term", entry.term())
                    .put("type", entry.type().name())
                    .put("payloadBytes", entry.payloadBytes());
            String text;
            try {
                text = describe(body, entry);
            } catch (IllegalArgumentException e) {
                damaged = true;
                body.put("problem", e.getMessage());
                text = "!! cannot be decoded: " + e.getMessage();
            }
            emit(body, at(item) + entry.index() + "@" + entry.term() + " " + entry.type() + " " + text);
        }

        private String describe(ObjectNode body, Entry entry) {
            if (entry.type() == EntryType.NOOP) {
                return "start of the term";
            }
            if (entry.type() == EntryType.CONFIG) {
                String membership = Membership.decode(entry.payload()).toString();
                body.put("membership", membership);
                return membership;
            }
            ByteBuffer payload = entry.payload();
            Command.Kind kind = Command.kindOf(payload);
            Instant time = Instant.ofEpochMilli(Command.timestampMillisOf(payload));
            body.put("command", kind.name()).put("time", time.toString());
            String text = kind + " " + time + " ";
            return switch (kind) {
                case PUBLISH -> text + publish(body, PublishBatch.of(payload));
                case PUBLISH_COMPACT -> text + publish(body, CompactBatch.of(payload));
                case CREATE_TOPIC -> {
                    CreateTopic topic = CreateTopic.decode(payload);
                    body.put("topic", topic.name())
                            .put("queues", topic.queueCount())
                            .put("retentionMillis", topic.retention().toMillis());
                    yield text + topic.name() + " queues=" + topic.queueCount() + " retention="
                            + DurationConverter.format(topic.retention());
                }
                case DELETE_TOPIC -> {
                    DeleteTopic topic = DeleteTopic.decode(payload);
                    body.put("topic", topic.name());
                    yield text + topic.name();
                }
                case TRIM_LOG -> {
                    TrimLog trim = TrimLog.decode(payload);
                    body.put("upToIndex", trim.upToIndex());
                    yield text + "up to " + trim.upToIndex();
                }
                case CONSUME -> text + entry.payloadBytes() + " bytes of progress";
            };
        }

        private String publish(ObjectNode body, CompactBatch batch) {
            body.put("topicId", batch.topicId())
                    .put("queueId", batch.queueId())
                    .put("count", batch.count())
                    .put("producer", Long.toHexString(batch.producer()))
                    .put("sequence", batch.sequence())
                    .put("codec", batch.codec().name());
            StringBuilder text = new StringBuilder("topic=" + batch.topicId() + " queue=" + batch.queueId()
                    + " messages=" + batch.count() + " producer=" + Long.toHexString(batch.producer()) + " sequence="
                    + batch.sequence());
            if (messages) {
                var list = body.putArray("messages");
                CompactCursor cursor = batch.cursor();
                while (cursor.next()) {
                    String id = batch.messageId(cursor.ordinal());
                    list.addObject().put("messageId", id).put("bodyBytes", cursor.bodyLength());
                    text.append(System.lineSeparator())
                            .append("      ")
                            .append(id)
                            .append(" body=")
                            .append(cursor.bodyLength())
                            .append(" bytes");
                }
            }
            return text.toString();
        }

        private String publish(ObjectNode body, PublishBatch batch) {
            body.put("topicId", batch.topicId()).put("queueId", batch.queueId()).put("count", batch.count());
            StringBuilder text = new StringBuilder(
                    "topic=" + batch.topicId() + " queue=" + batch.queueId() + " messages=" + batch.count());
            if (messages) {
                var list = body.putArray("messages");
                MessageScan scan = new MessageScan();
                for (int i = 0; i < batch.count(); i++) {
                    if (!scan.scan(batch.message(i))) {
                        throw new IllegalArgumentException("message " + i + ": " + scan.problem());
                    }
                    ObjectNode message = list.addObject()
                            .put("messageId", scan.messageId())
                            .put("topic", scan.topic())
                            .put("bodyBytes", scan.bodyLength());
                    scan.tag().ifPresent(tag -> message.put("tag", tag));
                    text.append(System.lineSeparator())
                            .append("      ")
                            .append(scan.messageId())
                            .append(" topic=")
                            .append(scan.topic())
                            .append(" body=")
                            .append(scan.bodyLength())
                            .append(" bytes");
                }
            }
            return text.toString();
        }

        private static String at(SegmentDump.Item item) {
            return String.format("%12d  ", item.position());
        }

        private void emit(ObjectNode body, String line) {
            common.output().item("LogItem", body, () -> line + System.lineSeparator());
        }
    }
}
