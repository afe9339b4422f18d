package io.argosy.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plan}: for scripts/bench.sh, and not part of {@code argosy}. */
@Command(name = "plan", description = "Prints what scripts/bench.sh has to do.", mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec spec;

    @Option(names = "--rows", split = ",", description = "Of those that bench rows lists (default: all)")
    private List<String> rows = List.of();

    @Option(names = "--against", split = ",", description = "Systems beside Argosy")
    private List<String> against = List.of();

    @Option(names = "--contestants", split = ",", description = "Only these (default: all of the systems)")
    private List<String> contestants = List.of();

    @Option(names = "--runs", defaultValue = "3")
    private int runs;

    @Option(names = "--minutes", defaultValue = "0")
    private int minutes;

    @Option(names = "--warm-up", defaultValue = "" + Plan.WARM_UP_SECONDS)
    private int warmUpSeconds;

    @Option(names = "--seconds", defaultValue = "" + Plan.COUNTED_SECONDS)
    private int countedSeconds;

    @Option(names = "--results", required = true)
    private Path results = Path.of("results");

    @Option(names = "--list", description = "Only list the rows")
    private boolean list;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (list) {
            Row.ALL.forEach(
                    row -> out.printf("%-22s %s (%s)%n", row.id(), row.title(), String.join(", ", row.contestants())));
            return 0;
        }
        Set<Plan.Done> done = ResultFolder.read(results).stream()
                .map(entry -> new Plan.Done(entry.row(), entry.contestant(), entry.run()))
                .collect(Collectors.toSet());
        List<Row> wanted = rows.isEmpty()
                ? Row.ALL
                : Row.ALL.stream()
                        .filter(row -> rows.stream().anyMatch(each -> matches(row, each)))
                        .toList();
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("no row " + rows + "; see --list-rows");
        }
        Plan.Wish wish = new Plan.Wish(
                wanted,
                new HashSet<>(against),
                new HashSet<>(contestants),
                runs,
                minutes,
                warmUpSeconds,
                countedSeconds);
        List<Plan.Step> steps = Plan.steps(wish, done);
        steps.forEach(step -> out.println(step.line()));
        spec.commandLine().getErr().println(Plan.summary(steps));
        return 0;
    }

    /** A row's id, or its beginning with a star. */
    private static boolean matches(Row row, String wanted) {
        return wanted.endsWith("*")
                ? row.id().startsWith(wanted.substring(0, wanted.length() - 1))
                : row.id().equals(wanted);
    }
}
