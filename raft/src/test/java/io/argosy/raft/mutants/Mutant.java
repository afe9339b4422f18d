package io.argosy.raft.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One place of the production sources with one rule broken.
 *
 * @param rule as in docs/raft-rules.md
 * @param script the test that must notice, Class.method; empty if seeds must
 * @param file below {@code io/argosy/raft}
 */
record Mutant(String rule, String what, Optional<String> script, String file, String from, String to) {

    /** Reads the format that the file's head explains. */
    static List<Mutant> all(Path list) throws IOException {
        List<Mutant> result = new ArrayList<>();
        String[] head = {};
        String file = "";
        StringBuilder from = new StringBuilder();
        StringBuilder to = new StringBuilder();
        List<String> lines = new ArrayList<>(Files.readAllLines(list));
        lines.add("== end|of|file");
        boolean begun = false;
        for (String line : lines) {
            if (line.startsWith("== ")) {
                if (begun) {
                    String by = head[2].strip();
                    Optional<String> script =
                            by.startsWith("script ") ? Optional.of(by.substring(7)) : Optional.empty();
                    result.add(
                            new Mutant(head[0].strip(), head[1].strip(), script, file, from.toString(), to.toString()));
                }
                head = line.substring(3).split("\\|");
                from.setLength(0);
                to.setLength(0);
                begun = true;
            } else if (begun && line.startsWith("@ ")) {
                file = line.substring(2).strip();
            } else if (begun && line.startsWith("-")) {
                from.append(line.substring(1)).append('\n');
            } else if (begun && line.startsWith("+")) {
                to.append(line.substring(1)).append('\n');
            }
        }
        return result;
    }

    String className() {
        return "io.argosy.raft." + file.replace(".java", "").replace('/', '.');
    }

    /** The file's text with the rule broken. The last line may go on behind the text. */
    String applyTo(String source) {
        String stripped = from.substring(0, from.length() - 1);
        int at = source.indexOf(stripped);
        if (at < 0 || source.indexOf(stripped, at + 1) >= 0) {
            throw new IllegalStateException(
                    "the text of mutant \"" + what + "\" does not stand exactly once in " + file + ":\n" + from);
        }
        String replacement = to.isEmpty() ? "" : to.substring(0, to.length() - 1);
        return source.substring(0, at) + replacement + source.substring(at + stripped.length());
    }

    @Override
    public String toString() {
        return rule + ": " + what;
    }
}
