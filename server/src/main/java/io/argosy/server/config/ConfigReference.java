package io.argosy.server.config;

import java.util.List;

/** Documents made from the declared keys. */
public final class ConfigReference {

    private ConfigReference() {}

    /** A table of all keys, in the order given. */
    public static String markdown(List<ConfigKey<?>> keys) {
        StringBuilder table =
                new StringBuilder("| key | default | allowed | what it is |\n| --- | --- | --- | --- |\n");
        for (ConfigKey<?> key : keys) {
            table.append("| `")
                    .append(key.name())
                    .append("` | ")
                    .append(shownDefault(key))
                    .append(" | ");
            table.append(key.type().allowed())
                    .append(" | ")
                    .append(key.doc().replace("|", "\\|"))
                    .append(" |\n");
        }
        return table.toString();
    }

    /** The same for a terminal. */
    public static String plain(List<ConfigKey<?>> keys) {
        StringBuilder text = new StringBuilder();
        for (ConfigKey<?> key : keys) {
            text.append("  --")
                    .append(key.name())
                    .append("=  ")
                    .append(key.doc())
                    .append('\n');
            text.append("      ").append(key.type().allowed());
            text.append(key.defaultText()
                    .map(value -> value.isEmpty() ? "; default none" : "; default " + value)
                    .orElse("; required"));
            text.append("; ").append(key.variable()).append('\n');
        }
        return text.toString();
    }

    /**
     * The document with what stands between {@code <!-- begin NAME -->} and {@code <!-- end NAME -->} replaced.
     *
     * @throws IllegalArgumentException if the document lacks the two marks
     */
    public static String withSection(String document, String name, String content) {
        String begin = "<!-- begin " + name + " -->\n";
        String end = "<!-- end " + name + " -->";
        int from = document.indexOf(begin);
        int to = document.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("document lacks the marks of section " + name);
        }
        return document.substring(0, from + begin.length()) + content + document.substring(to);
    }

    private static String shownDefault(ConfigKey<?> key) {
        return key.defaultText()
                .map(value -> value.isEmpty() ? "none" : "`" + value + "`")
                .orElse("**required**");
    }
}
