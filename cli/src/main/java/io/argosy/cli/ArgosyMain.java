package io.argosy.cli;

import io.argosy.benchmarks.BenchCommand;
import java.util.Optional;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line {@code argosy}. */
@Command(
        name = "argosy",
        description = "Talks to an Argosy cluster.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.class,
        subcommands = {
            TopicCommand.class,
            ProduceCommand.class,
            ConsumeCommand.class,
            GroupCommand.class,
            ClusterCommand.class,
            LogCommand.class,
            RaftCommand.class,
            DevCommand.class,
            BenchCommand.class,
            VersionCommand.class,
            GenerateCompletion.class,
            HelpCommand.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed, or not known whether it was done",
            "2:wrong usage",
            "3:not reachable: nobody answers, or nobody leads",
            "4:refused by the cluster",
            "5:done in part, or a status that is not healthy"
        })
public final class ArgosyMain implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before run.
    private CommandSpec spec;

    @Option(
            names = {"-e", "--endpoints"},
            paramLabel = "HOST:PORT[,...]",
            description = "For commands that talk to a cluster; may also stand behind the command")
    private @Nullable String endpoints;

    /** What was given in front of the command. */
    Optional<String> endpoints() {
        return Optional.ofNullable(endpoints);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** The command line with its subcommands, for tests and embedding. */
    static CommandLine commandLine() {
        Failures failures = new Failures();
        return new CommandLine(new ArgosyMain())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures);
    }

    public static void main(String[] args) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/argosy/cli/logback.xml");
        }
        if (System.getenv("ARGOSY_LOG_LEVEL") == null) {
            // gRPC logs through the JDK, with a stack trace for each name that cannot be looked up; we say it in a
            // line.
            LogManager.getLogManager().reset();
        }
        System.exit(commandLine().execute(args));
    }
}
