package io.argosy.benchmarks;

import io.argosy.benchmarks.ResultFolder.Entry;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** All results of a folder as Markdown: what was measured, row by row, and which aims are met. */
final class Report {

    private final List<Entry> entries;

    Report(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /** The runs of a contestant. If one was measured again, the last one counts. */
    private List<Entry> runs(String row, String contestant) {
        List<Entry> all = entries.stream()
                .filter(entry -> entry.row().equals(row) && entry.contestant().equals(contestant))
                .sorted(Comparator.comparing(Entry::at))
                .toList();
        return all.stream()
                .filter(entry -> all.stream()
                        .noneMatch(later ->
                                later.run() == entry.run() && later.at().compareTo(entry.at()) > 0))
                .toList();
    }

    private List<Double> values(String row, String contestant, String figure) {
        return runs(row, contestant).stream()
                .filter(entry -> entry.figures().containsKey(figure))
                .map(entry -> entry.figures().getOrDefault(figure, 0.0))
                .sorted()
                .toList();
    }

    /** The middle one; of an even number the mean of the two in the middle. */
    static OptionalDouble median(List<Double> sorted) {
        if (sorted.isEmpty()) {
            return OptionalDouble.empty();
        }
        int middle = sorted.size() / 2;
        return OptionalDouble.of(
                sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2);
    }

    OptionalDouble median(String row, String contestant, String figure) {
        return median(values(row, contestant, figure));
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        for (Row row : Row.ALL) {
            if (entries.stream().anyMatch(entry -> entry.row().equals(row.id()))) {
                table(text, row);
            }
        }
        aims(text);
        return text.toString();
    }

    private void table(StringBuilder text, Row row) {
        text.append("### ").append(row.title()).append(" (`").append(row.id()).append("`)\n\n");
        text.append("| contestant | acknowledged after | ");
        row.figures().forEach(figure -> text.append(figure).append(" | "));
        text.append("runs | quiet slices |\n|---|---|");
        row.figures().forEach(figure -> text.append("---|"));
        text.append("---|---|\n");
        for (String contestant : row.contestants()) {
            List<Entry> runs = runs(row.id(), contestant);
            if (!runs.isEmpty()) {
                line(text, row, Contestant.named(contestant), runs);
            }
        }
        text.append('\n');
    }

    private void line(StringBuilder text, Row row, Contestant contestant, List<Entry> runs) {
        text.append("| ")
                .append(contestant.name())
                .append(" | ")
                .append(contestant.durability())
                .append(" | ");
        for (String figure : row.figures()) {
            text.append(cell(values(row.id(), contestant.name(), figure))).append(" | ");
        }
        int quiet = runs.stream().mapToInt(Entry::slicesQuiet).sum();
        int slices = runs.stream().mapToInt(Entry::slices).sum();
        boolean noisy = runs.stream().anyMatch(entry -> entry.slices() > 0 && entry.slicesQuiet() == 0);
        text.append(runs.size()).append(" | ");
        text.append(slices == 0 ? "-" : quiet + "/" + slices)
                .append(noisy ? " ~" : "")
                .append(" |\n");
    }

    /** Smallest, median, largest. */
    private static String cell(List<Double> sorted) {
        OptionalDouble median = median(sorted);
        if (median.isEmpty()) {
            return "-";
        }
        String middle = "**" + number(median.getAsDouble()) + "**";
        return sorted.size() == 1
                ? middle
                : number(sorted.get(0)) + " / " + middle + " / " + number(sorted.get(sorted.size() - 1));
    }

    static String number(double value) {
        if (value == 0 || Math.abs(value) >= 100) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : "%.3g", value);
    }

    /** Whether any of its runs had no quiet slice: what is made of it is a guess. */
    private boolean noisy(String row) {
        return entries.stream()
                .anyMatch(entry -> entry.row().equals(row) && entry.slices() > 0 && entry.slicesQuiet() == 0);
    }

    private void aims(StringBuilder text) {
        text.append("### Aims\n\n| row | what | aim | measured (medians) | |\n|---|---|---|---|---|\n");
        for (Aim aim : Aim.ALL) {
            OptionalDouble value = aim.value().apply(this::median);
            text.append("| ").append(aim.row()).append(" | ").append(aim.text()).append(" | ");
            text.append(aim.atLeast() ? "at least " : "at most ")
                    .append(number(aim.bound()))
                    .append(" | ");
            text.append(value.isPresent() ? number(value.getAsDouble()) : "-").append(" | ");
            text.append(value.isEmpty() ? "" : aim.met(value.getAsDouble()) ? "met" : "**missed**");
            text.append(value.isPresent() && noisy(aim.row()) ? " ~ |\n" : " |\n");
        }
        text.append(
                        "\nEach cell: smallest / **median** / largest of the runs. ~ marks rows with a run in which no slice was")
                .append(" quiet.\n");
    }
}
