package io.argosy.benchmarks;

import picocli.CommandLine;

/** {@code argosy bench} without the rest of the command line, for class paths that must not hold it. */
public final class BenchMain {

    private BenchMain() {}

    public static void main(String[] args) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/argosy/benchmarks/logback.xml");
        }
        // Clients of other systems leave threads behind that are no daemons.
        System.exit(new CommandLine(new BenchCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(args));
    }
}
