package io.argosy.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.client.ArgosyClient;
import io.argosy.client.Filter;
import io.argosy.client.PullConsumer;
import io.argosy.client.QueueRef;
import io.argosy.client.ReceivedMessage;
import io.argosy.client.SimpleConsumer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code argosy consume}. */
@Command(
        name = "consume",
        description = {
            "Prints messages.",
            "With --group, takes and acknowledges what the group has not had; otherwise just reads the queues.",
            "Goes on until Ctrl-C, or --count messages, or until none came for --timeout if that is given.",
            "Ends with 5 if --count was not reached. With -o json, one object per line."
        },
        mixinStandardHelpOptions = true)
final class ConsumeCommand implements Callable<Integer> {

    private static final Duration INVISIBLE = Duration.ofSeconds(30);
    private static final int RECEIVE_MAX = 256;
    /** How long one call waits for a message; then it is asked again, or it was long enough. */
    private static final Duration AWAIT_MAX = Duration.ofSeconds(10);
    /** The protocol wants a group for reading; this one never commits anything. */
    private static final String READER_GROUP = "argosy-cli-reader";

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "TOPIC", description = "Name of the topic")
    private String topic = "";

    @Option(
            names = {"-g", "--group"},
            paramLabel = "GROUP",
            description = "Consumer group; without it, queues are read and nothing is acknowledged")
    private @Nullable String group;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            description = "Stop after so many messages (default: no limit)")
    private long count = Long.MAX_VALUE;

    @Option(
            names = {"-t", "--tag"},
            paramLabel = "TAG",
            description = "Only messages with this tag; may be repeated")
    private List<String> tags = new ArrayList<>();

    @Option(
            names = "--from",
            paramLabel = "WHERE",
            description =
                    "Without --group: beginning, end, an offset, or a time such as 2026-01-31T12:00:00Z (default: "
                            + "beginning)")
    private @Nullable String from;

    @Option(names = "--queue", paramLabel = "N", description = "Without --group: only this queue")
    private @Nullable Integer queue;

    @Option(names = "--quiet", description = "Do not print messages, only the count at the end")
    private boolean quiet;

    private long consumed;
    private long lastMessageNanos = System.nanoTime();

    @Override
    public Integer call() {
        if (count < 1) {
            throw new CommandFailure(ExitCodes.USAGE, "--count must be 1 or more");
        }
        if (group != null && (from != null || queue != null)) {
            throw new CommandFailure(
                    ExitCodes.USAGE,
                    (from != null ? "--from" : "--queue")
                            + " does not go with --group: the cluster knows what the group has had, in all queues");
        }
        try (ArgosyClient client = common.client();
                Progress progress = new Progress("messages", quiet ? common::say : text -> {})) {
            if (group != null) {
                receive(client, group, progress);
            } else {
                pull(client, progress);
            }
            if (quiet) {
                common.output()
                        .one(
                                "ConsumeReport",
                                Output.object().put("topic", topic).put("messages", consumed),
                                () -> String.format(Locale.ROOT, "%,d messages%n", consumed));
            }
        }
        return count != Long.MAX_VALUE && consumed < count ? ExitCodes.PARTIAL : ExitCodes.OK;
    }

    private Filter filter() {
        return tags.isEmpty()
                ? Filter.ALL
                : Filter.tags(tags.get(0), tags.subList(1, tags.size()).toArray(String[]::new));
    }

    private Duration await() {
        return common.givenTimeout()
                .filter(given -> given.compareTo(AWAIT_MAX) < 0)
                .orElse(AWAIT_MAX);
    }

    private boolean isOver(List<ReceivedMessage> messages) {
        long nowNanos = System.nanoTime();
        if (!messages.isEmpty()) {
            lastMessageNanos = nowNanos;
            return false;
        }
        return common.givenTimeout()
                .filter(given -> nowNanos - lastMessageNanos >= given.toNanos())
                .isPresent();
    }

    private void receive(ArgosyClient client, String name, Progress progress) {
        try (SimpleConsumer consumer = client.simpleConsumer(name)
                .subscribe(topic, filter())
                .awaitDuration(await())
                .build()) {
            while (consumed < count) {
                List<ReceivedMessage> messages =
                        consumer.receive((int) Math.min(RECEIVE_MAX, count - consumed), INVISIBLE);
                if (isOver(messages)) {
                    return;
                }
                if (!messages.isEmpty()) {
                    messages.forEach(message -> print(message, progress));
                    consumer.ack(messages);
                }
            }
        }
    }

    private void pull(ArgosyClient client, Progress progress) {
        try (PullConsumer consumer =
                client.pullConsumer(READER_GROUP).filter(filter()).build()) {
            List<QueueRef> queues = client.queues(topic).stream()
                    .filter(each -> queue == null || each.queueId() == queue)
                    .toList();
            if (queues.isEmpty()) {
                throw new CommandFailure(ExitCodes.USAGE, "topic " + topic + " has no such queue");
            }
            for (QueueRef each : queues) {
                consumer.assign(each, start(consumer, each));
            }
            while (consumed < count) {
                List<ReceivedMessage> messages = consumer.poll(await());
                if (isOver(messages)) {
                    return;
                }
                for (ReceivedMessage message : messages) {
                    if (consumed < count) {
                        print(message, progress);
                    }
                }
            }
        }
    }

    private long start(PullConsumer consumer, QueueRef where) {
        if (from == null || from.equals("beginning")) {
            return consumer.beginningOffset(where);
        }
        if (from.equals("end")) {
            return consumer.endOffset(where);
        }
        if (from.matches("\\d+")) {
            return Long.parseLong(from);
        }
        try {
            return consumer.offsetAt(where, Instant.parse(from));
        } catch (DateTimeParseException e) {
            throw new CommandFailure(
                    ExitCodes.USAGE,
                    "--from " + from + " is none of: beginning, end, an offset, a time such as 2026-01-31T12:00:00Z");
        }
    }

    private void print(ReceivedMessage message, Progress progress) {
        consumed++;
        progress.add(1);
        if (quiet) {
            return;
        }
        ObjectNode body = Output.object()
                .put("messageId", message.messageId())
                .put("topic", message.topic())
                .put("brokerGroup", message.queue().group())
                .put("queueId", message.queue().queueId())
                .put("queueOffset", message.queueOffset())
                .put("storedAt", message.storedAt().toString())
                .put("bornAt", message.bornAt().toString())
                .put("deliveryAttempt", message.deliveryAttempt());
        message.tag().ifPresent(value -> body.put("tag", value));
        var keys = body.putArray("keys");
        message.keys().forEach(keys::add);
        var properties = body.putObject("properties");
        message.properties().forEach(properties::put);
        String text = text(message.bodyBuffer());
        if (text.isEmpty()) {
            body.put("bodyBase64", Base64.getEncoder().encodeToString(message.body()));
        } else {
            body.put("body", text);
        }
        String line = message.queue().queueId() + "/" + message.queueOffset() + "  "
                + (text.isEmpty() ? "(" + message.bodySizeBytes() + " bytes that are not text)" : text)
                + System.lineSeparator();
        common.output().item("Message", body, () -> line);
    }

    /** Empty if the bytes are not UTF-8. */
    private static String text(ByteBuffer body) {
        try {
            return UTF_8.newDecoder().decode(body).toString();
        } catch (CharacterCodingException e) {
            return "";
        }
    }
}
