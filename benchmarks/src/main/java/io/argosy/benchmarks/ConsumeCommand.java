package io.argosy.benchmarks;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench consume}. */
@Command(
        name = "consume",
        description = "Fills a topic and drains it; tells the rate from the first message to the last.",
        mixinStandardHelpOptions = true)
final class ConsumeCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--messages", defaultValue = "1000000", description = "In the topic (default: 1000000)")
    private long messages;

    @Option(
            names = "--times",
            defaultValue = "4",
            description = "Drained so often; the first one warms up (default: 4)")
    private int times;

    @Option(
            names = "--in-flight",
            defaultValue = "0",
            description = "While filling; 0 = what the client takes (default: 0)")
    private int inFlight;

    @Option(names = "--threads", defaultValue = "1", description = "That fill (default: 1)")
    private int threads;

    @Override
    public Integer call() throws Exception {
        Load.Shape fill = Load.Shape.flatOut(target.target(), target.sizeBytes(), threads, inFlight)
                .withLimit(messages);
        Map<String, String> parameters = target.parameters();
        parameters.put("messages", Long.toString(messages));
        return bed.run(parameters, on -> new DrainRun(on).run(fill, times));
    }
}
