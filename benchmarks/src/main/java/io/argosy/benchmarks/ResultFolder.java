package io.argosy.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Results as lines of JSON in the files {@code *.jsonl} of a folder. */
final class ResultFolder {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ResultFolder() {}

    /** What the report needs of a result. */
    record Entry(
            String row,
            String contestant,
            int run,
            String at,
            String commit,
            int slicesQuiet,
            int slices,
            Map<String, Double> figures) {
        Entry {
            figures = Map.copyOf(figures);
        }
    }

    static void append(Path file, JsonNode line) throws IOException {
        if (file.toAbsolutePath().getParent() != null) {
            Files.createDirectories(file.toAbsolutePath().getParent());
        }
        Files.writeString(
                file,
                MAPPER.writeValueAsString(line) + "\n",
                UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Everything that was measured; lines cut short by a crash are left out. */
    static List<Entry> read(Path folder) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return entries;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList()) {
                for (String line : Files.readAllLines(file, UTF_8)) {
                    parse(line).filter(node -> node.hasNonNull("row")).ifPresent(node -> entries.add(entry(node)));
                }
            }
        }
        return entries;
    }

    private static Optional<JsonNode> parse(String line) {
        try {
            return Optional.of(MAPPER.readTree(line));
        } catch (JsonProcessingException cut) {
            return Optional.empty();
        }
    }

    private static Entry entry(JsonNode node) {
        Map<String, Double> figures = new LinkedHashMap<>();
        node.path("figures")
                .properties()
                .forEach(each -> figures.put(each.getKey(), each.getValue().asDouble()));
        return new Entry(
                node.path("row").asText(),
                node.path("contestant").asText(),
                node.path("run").asInt(1),
                node.path("at").asText(),
                node.path("commit").asText(),
                node.path("slicesQuiet").asInt(),
                node.path("slices").asInt(),
                figures);
    }
}
