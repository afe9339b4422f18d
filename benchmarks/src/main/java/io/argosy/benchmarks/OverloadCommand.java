package io.argosy.benchmarks;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench overload}. */
@Command(
        name = "overload",
        description = "Offers a multiple of the peak: what is acknowledged, what is refused, and what memory it takes.",
        mixinStandardHelpOptions = true)
final class OverloadCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--producers", defaultValue = "4", description = "Clients that offer it (default: 4)")
    private int producers;

    @Option(names = "--factor", defaultValue = "3", description = "Of the peak (default: 3)")
    private double factor;

    @Override
    public Integer call() throws Exception {
        Load.Shape peak = Load.Shape.flatOut(target.target(), target.sizeBytes(), 1, 0);
        Map<String, String> parameters = target.parameters();
        parameters.put("producers", Integer.toString(producers));
        parameters.put("factor", Double.toString(factor));
        return bed.run(parameters, on -> {
            // Who waits for room does not offer more than the peak.
            try (Driver impatient = bed.open(Map.of("maxBlockMillis", "0"))) {
                return new OverloadRun(on).run(peak, impatient, producers, factor);
            }
        });
    }
}
