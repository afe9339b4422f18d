package io.argosy.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.argosy.benchmarks.ResultFolder.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "One of: table (Markdown), json (default: table)")
    private BedOptions.Format format = BedOptions.Format.TABLE;

    @Override
    public Integer call() throws IOException {
        List<Entry> entries = ResultFolder.read(folder);
        spec.commandLine()
                .getOut()
                .print(
                        format == BedOptions.Format.JSON
                                ? new ObjectMapper().writeValueAsString(entries) + "\n"
                                : new Report(entries).markdown());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
