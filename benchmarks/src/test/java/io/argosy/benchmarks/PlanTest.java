package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

class PlanTest {

    private static Plan.Wish wish(int runs, int minutes, String... rows) {
        return new Plan.Wish(
                List.of(rows).stream().map(Row::named).toList(),
                Set.of("kafka"),
                Set.of("argosy", "kafka"),
                runs,
                minutes,
                Plan.WARM_UP_SECONDS,
                Plan.COUNTED_SECONDS);
    }

    private static List<String> order(List<Plan.Step> steps) {
        return steps.stream()
                .map(step -> step.run() + " " + step.contestant().name() + " " + step.row())
                .toList();
    }

    @Test
    void systemsTakeTurnsWithinEachRunAndAreWarmedUpOnce() {
        List<Plan.Step> steps = Plan.steps(wish(2, 0, "produce-1k-4", "sync-1k"), Set.of());

        assertThat(order(steps))
                .containsExactly(
                        "1 argosy ",
                        "1 argosy produce-1k-4",
                        "1 argosy sync-1k",
                        "1 kafka ",
                        "1 kafka produce-1k-4",
                        "1 kafka sync-1k",
                        "2 argosy ",
                        "2 argosy produce-1k-4",
                        "2 argosy sync-1k",
                        "2 kafka ",
                        "2 kafka produce-1k-4",
                        "2 kafka sync-1k");
        assertThat(steps)
                .filteredOn(Plan.Step::fresh)
                .extracting(Plan.Step::row)
                .containsOnly("");
    }

    @Test
    void whatWasMeasuredIsNotMeasuredAgain() {
        List<Plan.Step> steps = Plan.steps(
                wish(1, 0, "produce-1k-4", "sync-1k"),
                Set.of(
                        new Plan.Done("produce-1k-4", "argosy", 1),
                        new Plan.Done("produce-1k-4", "kafka", 1),
                        new Plan.Done("sync-1k", "kafka", 1)));

        assertThat(order(steps)).containsExactly("1 argosy ", "1 argosy sync-1k");
    }

    @Test
    void whatChangesAClusterForGoodGetsOneOfItsOwn() {
        List<Plan.Step> steps = Plan.steps(wish(1, 0, "idle", "many-8", "sync-1k"), Set.of());

        assertThat(steps)
                .filteredOn(step -> step.row().equals("idle") || step.row().equals("many-8"))
                .allMatch(Plan.Step::fresh);
    }

    @Test
    void fewMinutesShortenWarmUpAndCountedTimeAlike() {
        List<Plan.Step> steps = Plan.steps(wish(1, 5, "produce-1k-4"), Set.of());

        // 2 starts with a warm-up of 90 s in all and 20 s around each measurement leave 80 of 180 s.
        assertThat(steps.get(1).arguments()).containsSubsequence("--warm-up", "13", "--seconds", "26");
    }

    @Test
    void everyStepIsACommandLineThatParses() {
        Plan.Wish everything = new Plan.Wish(Row.ALL, Set.of("kafka", "rocketmq"), Set.of(), 1, 0, 30, 60);
        CommandLine bench = new CommandLine(new BenchCommand()).setCaseInsensitiveEnumValuesAllowed(true);

        for (Plan.Step step : Plan.steps(everything, Set.of())) {
            ParseResult parsed = bench.parseArgs(step.line().split("\t", -1)[7].split(" ", -1));
            assertThat(parsed.subcommand()).isNotNull();
        }
    }
}
