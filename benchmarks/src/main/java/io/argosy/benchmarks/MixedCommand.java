package io.argosy.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench mixed}. */
@Command(
        name = "mixed",
        description = "Publishes at a rate while a backlog is drained that memory does not hold.",
        mixinStandardHelpOptions = true)
final class MixedCommand implements Callable<Integer> {

    private static final double GIGA = 1e9;
    private static final double BACKLOG_GIGABYTES_MAX = 50;
    private static final double SHARE_OF_FREE_DISK = 0.6;
    private static final int REPLICAS = 3;

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--rate", defaultValue = "10000", description = "Published per second (default: 10000)")
    private double rate;

    @Option(
            names = "--backlog-gb",
            defaultValue = "0",
            description =
                    "Bodies of the backlog, 10^9 bytes; 0 = 50, or 60 %% of the free disk over three (default: 0)")
    private double backlogGigabytes;

    @Option(names = "--in-flight", defaultValue = "0", description = "While filling; 0 = what the client takes")
    private int inFlight;

    @Override
    public Integer call() throws Exception {
        double free = Files.getFileStore(Path.of(".")).getUsableSpace() / GIGA;
        double gigabytes = backlogGigabytes > 0
                ? backlogGigabytes
                : Math.min(BACKLOG_GIGABYTES_MAX, free * SHARE_OF_FREE_DISK / REPLICAS);
        Target topic = target.target();
        Target backlog = Target.of(topic.topic(0) + "-backlog", topic.queues());
        Load.Shape paced = Load.Shape.paced(topic, target.sizeBytes(), rate);
        Load.Shape fill = Load.Shape.flatOut(backlog, target.sizeBytes(), 1, inFlight)
                .withLimit((long) (gigabytes * GIGA / target.sizeBytes()));
        Map<String, String> parameters = target.parameters();
        parameters.put("ratePerSecond", Double.toString(rate));
        parameters.put("backlogGigabytes", Double.toString(gigabytes));
        return bed.run(parameters, on -> new MixedRun(on).run(paced, fill));
    }
}
