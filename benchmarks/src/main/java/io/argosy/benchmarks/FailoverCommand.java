package io.argosy.benchmarks;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy bench failover}. */
@Command(
        name = "failover",
        description = "Kills the leader under a sender that retries; tells the longest gap between acknowledgements.",
        mixinStandardHelpOptions = true)
final class FailoverCommand implements Callable<Integer> {

    @Mixin
    private final BedOptions bed = new BedOptions();

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--kills", defaultValue = "5", description = "How often (default: 5)")
    private int kills;

    @Override
    public Integer call() throws Exception {
        Map<String, String> parameters = target.parameters();
        parameters.put("kills", Integer.toString(kills));
        return bed.run(parameters, on -> new FailoverRun(on).run(target.target(), kills));
    }
}
