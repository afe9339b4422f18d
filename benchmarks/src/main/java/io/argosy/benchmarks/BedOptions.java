package io.argosy.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What all measurements have in common on the command line. */
final class BedOptions {

    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec command;

    @Option(
            names = {"-e", "--endpoints"},
            paramLabel = "HOST:PORT[,...]",
            description = "Where the system is (default: $ARGOSY_ENDPOINTS, else 127.0.0.1:8081)")
    private @Nullable String endpoints;

    @Option(
            names = "--driver",
            defaultValue = "argosy",
            description = "How to talk to it; others than argosy come with scripts/bench.sh (default: argosy)")
    private String driver = "";

    @Option(
            names = {"-O", "--option"},
            paramLabel = "NAME=VALUE",
            description = "For the driver, such as lingerMillis=5 or consumer=push; may be repeated")
    private Map<String, String> options = new TreeMap<>();

    @Option(
            names = "--secret-file",
            paramLabel = "FILE",
            description =
                    "The cluster's secret, to create topics with (default: $ARGOSY_SECRET_FILE); without it topics"
                            + " are created by their first message")
    private @Nullable String secretFile;

    @Option(
            names = "--pids",
            paramLabel = "DIR",
            description = "Folder with a file NAME.pid for each server of this machine, for CPU and memory")
    private @Nullable Path pids;

    @Option(
            names = "--control",
            paramLabel = "PROGRAM",
            description = "Handles the nodes: PROGRAM kill N, PROGRAM restart N; N may be all")
    private @Nullable Path control;

    @Option(names = "--warm-up", defaultValue = "10", description = "Seconds before anything counts (default: 10)")
    private double warmUpSeconds;

    @Option(names = "--seconds", defaultValue = "20", description = "Quiet seconds to count (default: 20)")
    private double seconds;

    @Option(names = "--slice", defaultValue = "2", description = "Seconds that count or don't, as one (default: 2)")
    private double sliceSeconds;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "One of: table, json (default: table)")
    private Format format = Format.TABLE;

    @Option(names = "--results", paramLabel = "FILE", description = "Append the result to this file, as a line of JSON")
    private @Nullable Path results;

    @Option(names = "--label", paramLabel = "NAME=VALUE", description = "Goes into the result; may be repeated")
    private Map<String, String> labels = new TreeMap<>();

    /** Of what is printed. */
    enum Format {
        TABLE,
        JSON
    }

    /** Measures something. */
    interface Measurement {
        Result measure(Bed bed) throws Exception;
    }

    /** Runs it and tells the result. */
    int run(Map<String, String> parameters, Measurement measurement) throws Exception {
        Timing timing = new Timing(duration(warmUpSeconds), duration(seconds), duration(sliceSeconds));
        try (Driver opened = open(Map.of())) {
            Bed bed = new Bed(
                    opened,
                    new Meter(Optional.ofNullable(pids)),
                    timing,
                    Optional.ofNullable(control).map(Control::new),
                    System.err);
            Result result = measurement.measure(bed);
            tell(parameters, timing, result);
        }
        return 0;
    }

    /** Tells a result that needed no system. */
    void tell(Map<String, String> parameters, Timing timing, Result result) throws IOException {
        ResultLine line =
                new ResultLine(command.name(), labels, Instant.now(), driver, options, parameters, timing, result);
        command.commandLine().getOut().print(format == Format.JSON ? line.json() + "\n" : line.table());
        command.commandLine().getOut().flush();
        if (results != null) {
            ResultFolder.append(results, line.json());
        }
    }

    Timing timing() {
        return new Timing(duration(warmUpSeconds), duration(seconds), duration(sliceSeconds));
    }

    /** One more connection to the system, with more options. */
    Driver open(Map<String, String> more) throws Exception {
        Driver.Provider provider = ServiceLoader.load(Driver.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(each -> each.name().equals(driver))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no driver '" + driver + "' on the class path"));
        Map<String, String> all = driverOptions();
        all.putAll(more);
        return provider.open(new Driver.Setup(where(), all, Optional.ofNullable(control)));
    }

    private String where() {
        return Optional.ofNullable(endpoints)
                .or(() -> Optional.ofNullable(System.getenv("ARGOSY_ENDPOINTS")))
                .orElse("127.0.0.1:8081");
    }

    private Map<String, String> driverOptions() {
        Map<String, String> all = new LinkedHashMap<>(options);
        if (driver.equals("argosy")) {
            Optional.ofNullable(secretFile)
                    .or(() -> Optional.ofNullable(System.getenv("ARGOSY_SECRET_FILE")))
                    .ifPresent(file -> all.put("secretFile", file));
        }
        return all;
    }

    private static Duration duration(double seconds) {
        return Duration.ofNanos((long) (seconds * 1e9));
    }
}
