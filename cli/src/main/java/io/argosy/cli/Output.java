package io.argosy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * Results on the standard output. Every JSON or YAML document has a {@code kind} and a {@code version}; fields may be added
 * under the same version, never renamed or removed. Lists are in {@code items}.
 */
final class Output {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final DumpSettings YAML = DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setExplicitStart(true)
            .build();

    private static final int VERSION = 1;

    private final OutputFormat format;
    private final PrintWriter out;

    Output(OutputFormat format, PrintWriter out) {
        this.format = format;
        this.out = out;
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ArrayNode array() {
        return JSON.createArrayNode();
    }

    boolean isTable() {
        return format == OutputFormat.TABLE;
    }

    /** One thing. */
    void one(String kind, ObjectNode body, Supplier<String> forPeople) {
        switch (format) {
            case TABLE -> out.print(forPeople.get());
            case JSON -> out.println(pretty(titled(kind, body)));
            case JSONL -> out.println(titled(kind, body));
            case YAML -> out.print(yaml(titled(kind, body)));
        }
        out.flush();
    }

    /** One of many that come one by one: in JSON a line each, because nobody can wait for the end of a stream. */
    void item(String kind, ObjectNode body, Supplier<String> forPeople) {
        if (format == OutputFormat.JSON) {
            out.println(titled(kind, body));
            out.flush();
        } else {
            one(kind, body, forPeople);
        }
    }

    /** What went wrong, in one line of JSON. */
    static String error(int exitCode, String message) {
        return titled("Error", object().put("exitCode", exitCode).put("message", message))
                .toString();
    }

    /** A list of things of one kind. */
    void list(String kind, List<ObjectNode> items, Supplier<String> forPeople) {
        switch (format) {
            case TABLE -> out.print(forPeople.get());
            case JSON -> out.println(pretty(listed(kind, items)));
            case JSONL -> items.forEach(item -> out.println(titled(kind, item)));
            case YAML -> out.print(yaml(listed(kind, items)));
        }
        out.flush();
    }

    private static ObjectNode listed(String kind, List<ObjectNode> items) {
        ObjectNode whole = titled(kind + "List", object());
        whole.putArray("items").addAll(items);
        return whole;
    }

    private static ObjectNode titled(String kind, ObjectNode body) {
        ObjectNode whole = object().put("kind", kind).put("version", VERSION);
        whole.setAll(body);
        return whole;
    }

    private static String pretty(JsonNode node) {
        try {
            return JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be printed", e);
        }
    }

    private static String yaml(JsonNode node) {
        return new Dump(YAML).dumpToString(JSON.convertValue(node, Object.class));
    }

    /** Columns as wide as their widest cell; numbers are right-aligned. */
    static String table(List<String> titles, List<List<String>> rows) {
        int[] widths = new int[titles.size()];
        List<List<String>> all = new ArrayList<>();
        all.add(titles);
        all.addAll(rows);
        for (List<String> row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = row.get(i);
                String gap = " ".repeat(widths[i] - cell.length());
                boolean number = rows.stream().allMatch(isNumberAt(i));
                line.append(number ? gap + cell : cell + gap).append("  ");
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }

    private static Predicate<List<String>> isNumberAt(int column) {
        return row -> row.get(column).matches("-|\\d[\\d.,]*");
    }
}
