package io.argosy.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/** One measurement as it is kept and shown. */
record ResultLine(
        String command,
        Map<String, String> labels,
        Instant at,
        String driver,
        Map<String, String> options,
        Map<String, String> parameters,
        Timing timing,
        Result result) {

    private static final int FORMAT = 1;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    ObjectNode json() {
        ObjectNode line = MAPPER.createObjectNode().put("format", FORMAT).put("command", command);
        labels.forEach(line::put);
        line.put("at", at.toString()).put("driver", driver);
        ObjectNode settings = line.putObject("options");
        options.forEach(settings::put);
        ObjectNode given = line.putObject("parameters");
        parameters.forEach(given::put);
        line.put("warmUpSeconds", timing.warmUp().toMillis() / 1e3);
        line.put("wantedSeconds", timing.counted().toMillis() / 1e3);
        line.put("processors", Runtime.getRuntime().availableProcessors());
        result.slices()
                .ifPresent(
                        slices -> line.put("slicesQuiet", slices.quietCount()).put("slices", slices.count()));
        ObjectNode figures = line.putObject("figures");
        result.figures.forEach((name, value) -> figures.put(name, rounded(value)));
        result.encodedHistogram().ifPresent(text -> line.put("latencies", text));
        return line;
    }

    /** For the eye. */
    String table() {
        StringBuilder text = new StringBuilder();
        result.figures.forEach(
                (name, value) -> text.append(String.format(Locale.ROOT, "%-32s %,18.2f%n", name, value)));
        result.slices()
                .ifPresent(slices -> text.append(String.format(
                        Locale.ROOT,
                        "%-32s %18s%n",
                        "quiet slices",
                        slices.quietCount() + "/" + slices.count() + (slices.quiet() ? "" : " NOISY"))));
        return text.toString();
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
