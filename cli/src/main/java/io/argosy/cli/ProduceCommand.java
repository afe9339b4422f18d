package io.argosy.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.client.ArgosyClient;
import io.argosy.client.ArgosyException;
import io.argosy.client.Compression;
import io.argosy.client.Message;
import io.argosy.client.Producer;
import io.argosy.client.SendReceipt;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code argosy produce}. */
@Command(
        name = "produce",
        description = {
            "Sends messages: one with -m, one per line with --file, or generated ones with --count.",
            "Ends with 5 if some were acknowledged and some failed."
        },
        mixinStandardHelpOptions = true)
final class ProduceCommand implements Callable<Integer> {

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "TOPIC", description = "Name of the topic")
    private String topic = "";

    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            defaultValue = "100",
            description = "Size of generated bodies (default: ${DEFAULT-VALUE})")
    private int sizeBytes;

    @Option(names = "--rate", paramLabel = "N", description = "Messages per second at most (default: no limit)")
    private int rate;

    @Option(
            names = {"-k", "--key"},
            paramLabel = "KEY",
            description = "Message key, for looking it up; may be repeated")
    private List<String> keys = new ArrayList<>();

    @Option(
            names = {"-t", "--tag"},
            paramLabel = "TAG",
            description = "Tag, for filtering")
    private @Nullable String tag;

    @Option(
            names = {"-p", "--property", "--prop"},
            paramLabel = "NAME=VALUE",
            description = "User property; may be repeated")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(names = "--partition-key", paramLabel = "KEY", description = "Messages with equal keys go to one queue")
    private @Nullable String partitionKey;

    @Option(names = "--queue", paramLabel = "N", description = "Index of the queue, from 0")
    private @Nullable Integer queue;

    @Option(
            names = "--compress",
            paramLabel = "HOW",
            defaultValue = "none",
            description = "Bodies of a batch together: none, lz4 or zstd (default: ${DEFAULT-VALUE})")
    private Compression compression = Compression.NONE;

    @Option(names = "--oneway", description = "Do not wait for the outcome, and do not tell it")
    private boolean oneWay;

    /** What to send. */
    static final class Source {
        @Option(
                names = {"-m", "--message"},
                paramLabel = "TEXT",
                description = "One message")
        private @Nullable String text;

        @Option(
                names = {"-f", "--file"},
                paramLabel = "FILE",
                description = "One message per line; - reads the standard input")
        private @Nullable Path file;

        @Option(
                names = {"-n", "--count"},
                paramLabel = "N",
                description = "So many generated messages")
        private @Nullable Long count;
    }

    @Override
    public Integer call() throws IOException {
        if (source.text != null) {
            return oneWay ? send(List.of(source.text.getBytes(UTF_8)).iterator()) : sendOne(source.text);
        }
        if (source.file != null) {
            try (BufferedReader reader = open(source.file);
                    Stream<String> lines = reader.lines()) {
                return send(lines.filter(line -> !line.isEmpty())
                        .map(line -> line.getBytes(UTF_8))
                        .iterator());
            } catch (UncheckedIOException e) {
                throw new CommandFailure(ExitCodes.FAILED, "cannot read " + source.file + ": " + e.getMessage());
            }
        }
        long count = source.count == null ? 0 : source.count;
        if (count < 1 || sizeBytes < 1) {
            throw new CommandFailure(ExitCodes.USAGE, "--count and --size must be 1 or more");
        }
        byte[] body = "x".repeat(sizeBytes).getBytes(UTF_8);
        return send(LongStream.range(0, count).mapToObj(i -> body).iterator());
    }

    private int send(Iterator<byte[]> bodies) {
        return oneWay ? sendOneWay(bodies) : sendMany(bodies);
    }

    private static BufferedReader open(Path file) {
        try {
            return file.toString().equals("-")
                    ? new BufferedReader(new InputStreamReader(System.in, UTF_8))
                    : Files.newBufferedReader(file);
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.USAGE, "cannot read " + file + ": " + FileProblem.of(e));
        }
    }

    private int sendOne(String text) {
        try (ArgosyClient client = common.client();
                Producer producer = producer(client)) {
            SendReceipt receipt = send(producer, text);
            ObjectNode body = Output.object()
                    .put("messageId", receipt.messageId())
                    .put("topic", topic)
                    .put("brokerGroup", receipt.queue().group())
                    .put("queueId", receipt.queue().queueId())
                    .put("queueOffset", receipt.queueOffset());
            common.output()
                    .one(
                            "SendReceipt",
                            body,
                            () -> "stored " + receipt.messageId() + " in queue "
                                    + receipt.queue().queueId() + " at offset " + receipt.queueOffset()
                                    + ", by a majority of replicas" + System.lineSeparator());
        }
        return ExitCodes.OK;
    }

    private SendReceipt send(Producer producer, String text) {
        try {
            return producer.send(message(text.getBytes(UTF_8)));
        } catch (ArgosyException e) {
            throw explained(e);
        }
    }

    /**
     * A client that tries one replica after the other tells of the last one, where nobody leading may be what is wrong. Who
     * does not even reach the endpoints knows nothing of that.
     */
    private RuntimeException explained(ArgosyException failure) {
        boolean lost = failure instanceof ArgosyException.NotReachable;
        boolean perhapsLeaderless = lost
                ? !failure.getMessage().contains(common.endpoints())
                : failure instanceof ArgosyException.Busy || failure instanceof ArgosyException.UnknownOutcome;
        return perhapsLeaderless
                ? new CommandFailure(
                        lost ? ExitCodes.NOT_REACHABLE : ExitCodes.FAILED,
                        failure.getMessage() + "; perhaps nobody leads: 'argosy raft status' says who is missing")
                : failure;
    }

    private Producer producer(ArgosyClient client) {
        return client.producer()
                .deliveryTimeout(common.timeout())
                .buffer(64L << 20, common.timeout())
                .compression(compression)
                .build();
    }

    private Message message(byte[] body) {
        Message.Builder message = Message.builder(topic, body).keys(keys.toArray(String[]::new));
        if (tag != null) {
            message.tag(tag);
        }
        properties.forEach(message::property);
        if (partitionKey != null) {
            message.partitionKey(partitionKey);
        }
        if (queue != null) {
            message.queueIndex(queue);
        }
        return message.build();
    }

    private int sendMany(Iterator<byte[]> bodies) {
        LongAdder acknowledged = new LongAdder();
        LongAdder failed = new LongAdder();
        AtomicReference<@Nullable Throwable> firstFailure = new AtomicReference<>();
        long sent = 0;
        try (ArgosyClient client = common.client();
                Progress progress = new Progress("messages acknowledged", common::say)) {
            try (Producer producer = producer(client)) {
                long startNanos = System.nanoTime();
                while (bodies.hasNext() && (sent == 0 || failed.sum() < 1000)) {
                    pace(startNanos, sent);
                    sent++;
                    var unused = producer.sendAsync(message(bodies.next())).whenComplete((receipt, failure) -> {
                        if (failure == null) {
                            acknowledged.increment();
                            progress.add(1);
                        } else {
                            failed.increment();
                            firstFailure.compareAndSet(null, failure);
                        }
                    });
                }
                producer.flush();
            }
            report(sent, acknowledged.sum(), failed.sum(), progress);
        }
        Throwable failure = firstFailure.get();
        if (failure == null) {
            return ExitCodes.OK;
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (acknowledged.sum() == 0 && cause instanceof ArgosyException known) {
            throw explained(known);
        }
        common.say("argosy: " + failed.sum() + " of " + sent + " messages failed, the first: " + cause.getMessage());
        return acknowledged.sum() == 0 ? ExitCodes.FAILED : ExitCodes.PARTIAL;
    }

    private int sendOneWay(Iterator<byte[]> bodies) {
        try (ArgosyClient client = common.client();
                Progress progress = new Progress("messages sent", common::say)) {
            try (Producer producer = producer(client)) {
                long startNanos = System.nanoTime();
                while (bodies.hasNext()) {
                    pace(startNanos, progress.count());
                    producer.sendOneWay(message(bodies.next()));
                    progress.add(1);
                }
            }
            long sent = progress.count();
            common.output()
                    .one(
                            "OneWayReport",
                            Output.object()
                                    .put("topic", topic)
                                    .put("sent", sent)
                                    .put("millis", progress.elapsed().toMillis()),
                            () -> String.format(Locale.ROOT, "sent %,d, outcome not asked for%n", sent));
        }
        return ExitCodes.OK;
    }

    private void pace(long startNanos, long sent) {
        if (rate > 0) {
            long dueNanos = startNanos + sent * 1_000_000_000L / rate;
            for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }

    private void report(long sent, long acknowledged, long failed, Progress progress) {
        ObjectNode body = Output.object()
                .put("topic", topic)
                .put("sent", sent)
                .put("acknowledged", acknowledged)
                .put("failed", failed)
                .put("millis", progress.elapsed().toMillis())
                .put("perSecond", Math.round(progress.perSecond()));
        common.output()
                .one(
                        "ProduceReport",
                        body,
                        () -> String.format(
                                Locale.ROOT,
                                "sent %,d, acknowledged %,d, failed %,d in %.1f s (%,.0f/s)%n",
                                sent,
                                acknowledged,
                                failed,
                                progress.elapsed().toMillis() / 1000.0,
                                progress.perSecond()));
    }
}
