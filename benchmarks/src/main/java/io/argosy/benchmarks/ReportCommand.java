package io.argosy.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code argosy bench report}. */
@Command(
        name = "report",
        description =
                "Prints the table of all results in a folder: smallest, median and largest of the runs, ratios, aims.",
        mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "Folder with the results")
    private Path folder = Path.of(".");

    @Override
    public Integer call() throws IOException {
        spec.commandLine().getOut().print(new Report(ResultFolder.read(folder)).markdown());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
