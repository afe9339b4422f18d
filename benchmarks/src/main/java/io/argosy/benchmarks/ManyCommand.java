package io.argosy.benchmarks;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench many}. */
@Command(
        name = "many",
        description = "What many queues cost: idle CPU and memory, latency at a rate, peak, time of a restart.",
        mixinStandardHelpOptions = true)
final class ManyCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--rate", defaultValue = "20000", description = "Messages per second over all (default: 20000)")
    private double rate;

    @Option(names = "--in-flight", defaultValue = "0", description = "For the peak; 0 = what the client takes")
    private int inFlight;

    @Option(names = "--threads", defaultValue = "1", description = "That send for the peak (default: 1)")
    private int threads;

    @Override
    public Integer call() throws Exception {
        Load.Shape paced = Load.Shape.paced(target.target(), target.sizeBytes(), rate);
        Load.Shape flatOut = Load.Shape.flatOut(target.target(), target.sizeBytes(), threads, inFlight);
        Map<String, String> parameters = target.parameters();
        parameters.put("ratePerSecond", Double.toString(rate));
        return bed.run(parameters, on -> new ManyRun(on).run(paced, flatOut));
    }
}
