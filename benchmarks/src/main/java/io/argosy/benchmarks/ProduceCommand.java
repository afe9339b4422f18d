package io.argosy.benchmarks;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench produce}. */
@Command(
        name = "produce",
        description =
                "Sends as fast as it is acknowledged, at a rate (open loop), or one by one; tells rate, latency, CPU.",
        mixinStandardHelpOptions = true)
final class ProduceCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(
            names = "--rate",
            defaultValue = "0",
            description = "Messages per second, sent when they are due whatever comes back; 0 = as fast as it is"
                    + " acknowledged (default: 0)")
    private double rate;

    @Option(
            names = "--in-flight",
            defaultValue = "0",
            description = "1 = one by one; more = at most so many; 0 = what the client takes (default: 0)")
    private int inFlight;

    @Option(names = "--threads", defaultValue = "1", description = "That send (default: 1)")
    private int threads;

    @Option(names = "--producers", defaultValue = "1", description = "Clients, each with its connections (default: 1)")
    private int producers;

    @Option(
            names = "--disk-limit",
            paramLabel = "DIR",
            description = "Afterwards measure there what the disk can do with such writes (needs the servers' metrics)")
    private @Nullable Path diskFolder;

    @Override
    public Integer call() throws Exception {
        Load.Shape shape = new Load.Shape(target.target(), target.sizeBytes(), rate, threads, inFlight, false, 0);
        Map<String, String> parameters = target.parameters();
        parameters.put("ratePerSecond", Double.toString(rate));
        parameters.put("inFlight", Integer.toString(inFlight));
        parameters.put("threads", Integer.toString(threads));
        parameters.put("producers", Integer.toString(producers));
        return bed.run(parameters, on -> new ProduceRun(on).run(shape, producers, Optional.ofNullable(diskFolder)));
    }
}
