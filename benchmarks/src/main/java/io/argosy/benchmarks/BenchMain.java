package io.argosy.benchmarks;

import picocli.CommandLine;

/** {@code argosy bench} for scripts/bench.sh: without the rest of the command line, and with its plan. */
public final class BenchMain {

    private BenchMain() {}

    public static void main(String[] args) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/argosy/benchmarks/logback.xml");
        }
        // Clients of other systems leave threads behind that are no daemons.
        System.exit(new CommandLine(new BenchCommand())
                .addSubcommand(new PlanCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(args));
    }
}
