package io.argosy.benchmarks;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench idle}. */
@Command(
        name = "idle",
        description = "CPU and memory of servers that have worked and now wait.",
        mixinStandardHelpOptions = true)
final class IdleCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--in-flight", defaultValue = "0", description = "Of the load before; 0 = what the client takes")
    private int inFlight;

    @Override
    public Integer call() throws Exception {
        Load.Shape shape = Load.Shape.flatOut(target.target(), target.sizeBytes(), 1, inFlight);
        return bed.run(target.parameters(), on -> new IdleRun(on).run(shape));
    }
}
