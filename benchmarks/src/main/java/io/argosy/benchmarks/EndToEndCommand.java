package io.argosy.benchmarks;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench e2e}. */
@Command(
        name = "e2e",
        description = "Sends at a rate and consumes beside it; tells how long messages take from one end to the other.",
        mixinStandardHelpOptions = true)
final class EndToEndCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--rate", defaultValue = "1000", description = "Messages per second (default: 1000)")
    private double rate;

    @Override
    public Integer call() throws Exception {
        Load.Shape shape = Load.Shape.paced(target.target(), target.sizeBytes(), rate);
        Map<String, String> parameters = target.parameters();
        parameters.put("ratePerSecond", Double.toString(rate));
        return bed.run(parameters, on -> new EndToEndRun(on).run(shape));
    }
}
