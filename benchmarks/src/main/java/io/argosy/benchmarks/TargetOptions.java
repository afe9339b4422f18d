package io.argosy.benchmarks;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** Where messages go and what they look like, on the command line. */
final class TargetOptions {

    @Option(names = "--topic", description = "Created for the run and deleted afterwards (default: a new name)")
    private String topic = "bench-" + Long.toString(System.currentTimeMillis(), 36);

    @Option(names = "--topics", defaultValue = "1", description = "So many of them, in turn (default: 1)")
    private int topics;

    @Option(names = "--queues", defaultValue = "4", description = "Of each topic (default: 4)")
    private int queues;

    @Option(
            names = "--every-queue",
            description = "Send to one queue after the other; without it the client chooses, and may prefer some")
    private boolean everyQueue;

    @Option(names = "--size", defaultValue = "1024", description = "Bytes of a body (default: 1024)")
    private int sizeBytes;

    Target target() {
        return new Target(
                topics == 1
                        ? List.of(topic)
                        : IntStream.range(0, topics)
                                .mapToObj(i -> topic + "-" + i)
                                .toList(),
                queues,
                everyQueue);
    }

    int sizeBytes() {
        return sizeBytes;
    }

    Map<String, String> parameters() {
        Map<String, String> parameters = new TreeMap<>();
        parameters.put("topics", Integer.toString(topics));
        parameters.put("queues", Integer.toString(queues));
        parameters.put("everyQueue", Boolean.toString(everyQueue));
        parameters.put("bodyBytes", Integer.toString(sizeBytes));
        return parameters;
    }
}
