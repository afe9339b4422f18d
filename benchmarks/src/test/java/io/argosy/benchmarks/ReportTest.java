package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.benchmarks.ResultFolder.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    private static final String ROW = "produce-1k-4";

    private final List<Entry> entries = new ArrayList<>();

    private void measured(String contestant, int run, String at, Map<String, Double> figures) {
        entries.add(new Entry(ROW, contestant, run, at, "abc", 14, 15, figures));
    }

    private void rate(String contestant, double... rates) {
        for (int i = 0; i < rates.length; i++) {
            measured(contestant, i + 1, "2026-01-01T00:00:0" + i + "Z", Map.of("messagesPerSecond", rates[i]));
        }
    }

    @Test
    void theMedianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle() {
        assertThat(Report.median(List.of(1.0, 2.0, 10.0))).hasValue(2);
        assertThat(Report.median(List.of(1.0, 2.0, 4.0, 10.0))).hasValue(3);
        assertThat(Report.median(List.of())).isEmpty();
    }

    @Test
    void ratiosAreThoseOfTheMedians() {
        rate("argosy-async", 100_000, 150_000, 900_000);
        rate("kafka", 90_000, 100_000, 110_000);

        String text = new Report(entries).markdown();

        assertThat(text).contains("| produce-1k-4 | argosy-async / kafka | at least 1.30 | 1.50 | met |");
    }

    @Test
    void aMissedAimIsCalledMissed() {
        rate("argosy", 100);
        rate("kafka-fsync", 100);

        assertThat(new Report(entries).markdown())
                .contains("argosy / kafka-fsync | at least 1.20 | 1.00 | **missed** |");
    }

    @Test
    void theDefaultIsComparedWithTheSmallerOfItsAsyncRateAndTheDisk() {
        measured("argosy", 1, "a", Map.of("messagesPerSecond", 90.0, "diskLimitMessagesPerSecond", 95.0));
        rate("argosy-async", 200);

        assertThat(new Report(entries).markdown())
                .contains("argosy / smaller of argosy-async and the disk's limit | at least 0.900 | 0.947 | met |");
    }

    @Test
    void whatIsOnlyHalfMeasuredGetsNoVerdict() {
        rate("argosy", 100);
        rate("rocketmq-batch", 10);

        assertThat(new Report(entries).markdown())
                .contains("argosy / better of rocketmq-batch and rocketmq-autobatch | at least 4.00 | - |  |");
    }

    @Test
    void smallestMedianAndLargestStandInEachCellBesideTheDurability() {
        rate("kafka", 90_000, 110_000, 100_000);

        assertThat(new Report(entries).markdown())
                .contains("| kafka | memory of all in-sync replicas, no fsync | 90,000 / **100,000** / 110,000 |")
                .contains("| 3 | 42/45 |");
    }

    @Test
    void aRunThatWasMeasuredAgainCountsOnce() {
        measured("kafka", 1, "2026-01-01", Map.of("messagesPerSecond", 1000.0));
        measured("kafka", 1, "2026-01-02", Map.of("messagesPerSecond", 3000.0));

        assertThat(new Report(entries).median(ROW, "kafka", "messagesPerSecond"))
                .hasValue(3000);
    }

    @Test
    void aRunWithoutAQuietSliceIsMarked() {
        entries.add(new Entry(ROW, "kafka", 1, "a", "abc", 0, 15, Map.of("messagesPerSecond", 500.0)));

        assertThat(new Report(entries).markdown()).contains("0/15 ~ |");
    }

    @Test
    void aLineCutShortByACrashIsLeftOut(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("a.jsonl"), """
                {"row":"idle","contestant":"kafka","run":2,"figures":{"residentMiB":7.5}}
                {"row":"idle","contes
                """);

        assertThat(ResultFolder.read(folder))
                .singleElement()
                .satisfies(entry -> assertThat(entry.figures()).containsEntry("residentMiB", 7.5));
    }

    @Test
    void everyAimIsAboutARowAndEveryRowsContestantExists() {
        assertThat(Aim.ALL).allSatisfy(aim -> assertThat(Row.named(aim.row())).isNotNull());
        assertThat(Row.ALL)
                .allSatisfy(row -> assertThat(row.contestants())
                        .allSatisfy(name -> assertThat(Contestant.named(name)).isNotNull()));
    }
}
