package io.argosy.benchmarks;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code argosy bench}. */
@Command(
        name = "bench",
        description = {
            "Measures a cluster: acknowledged messages only, latency from the time a message was due, CPU and memory",
            "of client and servers, and how quiet the machine was meanwhile. scripts/bench.sh compares with others."
        },
        mixinStandardHelpOptions = true,
        subcommands = {
            ProduceCommand.class,
            ConsumeCommand.class,
            EndToEndCommand.class,
            FailoverCommand.class,
            ManyCommand.class,
            IdleCommand.class,
            OverloadCommand.class,
            MixedCommand.class,
            LimitsCommand.class,
            ReportCommand.class
        })
public final class BenchCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before run.
    private CommandSpec spec;

    /** For picocli. */
    public BenchCommand() {}

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a subcommand is missing: "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
