package io.argosy.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What scripts/bench.sh does one after the other: each system in turn, and all of it again for each run. */
final class Plan {

    static final int WARM_UP_SECONDS = 30;
    static final int COUNTED_SECONDS = 60;

    private static final int WARM_UP_SECONDS_MIN = 4;
    private static final int COUNTED_SECONDS_MIN = 8;
    private static final int START_SECONDS = 60;
    private static final int CLUSTER_WARM_UP_SECONDS = 30;
    /** In the order in which they run. */
    private static final List<String> CLUSTERS = List.of(
            "machine/none",
            "argosy/fsync",
            "kafka/default",
            "argosy/async",
            "kafka/fsync",
            "rocketmq/dledger",
            "rocketmq/proxy");

    private Plan() {}

    /**
     * @param against systems beside Argosy
     * @param only these contestants, empty = all of the systems
     * @param minutes for everything together, 0 = as long as it takes
     */
    record Wish(
            List<Row> rows,
            Set<String> against,
            Set<String> only,
            int runs,
            int minutes,
            int warmUpSeconds,
            int countedSeconds) {

        boolean wants(Contestant contestant) {
            return (Set.of("argosy", "machine").contains(contestant.system()) || against.contains(contestant.system()))
                    && (only.isEmpty() || only.contains(contestant.name()));
        }
    }

    /** Something that was measured before. */
    record Done(String row, String contestant, int run) {}

    /**
     * One thing to do.
     *
     * @param fresh starts the cluster anew
     * @param row empty = only warms the cluster up
     */
    record Step(int run, boolean fresh, Contestant contestant, String row, int timeoutSeconds, List<String> arguments) {

        /** For the script: fields with a tab between them. */
        String line() {
            return String.join(
                    "\t",
                    Integer.toString(run),
                    contestant.system(),
                    contestant.variant(),
                    fresh ? "fresh" : "same",
                    contestant.name(),
                    row.isEmpty() ? "-" : row,
                    Integer.toString(timeoutSeconds),
                    String.join(" ", arguments));
        }
    }

    private record Task(Row row, Contestant contestant) {}

    static List<Step> steps(Wish wish, Set<Done> done) {
        double share = share(wish, done);
        int warmUp = Math.max(WARM_UP_SECONDS_MIN, (int) (wish.warmUpSeconds * share));
        int counted = Math.max(COUNTED_SECONDS_MIN, (int) (wish.countedSeconds * share));
        List<Step> steps = new ArrayList<>();
        for (int run = 1; run <= wish.runs; run++) {
            for (String cluster : CLUSTERS) {
                boolean fresh = true;
                for (Task task : tasks(wish, done, run, cluster)) {
                    if (fresh && !task.row.alone()) {
                        steps.add(warmUp(run, task.contestant, Math.min(CLUSTER_WARM_UP_SECONDS, counted)));
                    }
                    steps.add(step(run, task.row.alone(), task, warmUp, counted));
                    fresh = task.row.alone();
                }
            }
        }
        return steps;
    }

    private static Step warmUp(int run, Contestant contestant, int seconds) {
        List<String> arguments = new ArrayList<>(
                List.of("produce", "--queues", "8", "--warm-up", Integer.toString(seconds), "--seconds", "2"));
        arguments.addAll(contestant.throughput());
        return new Step(run, true, contestant, "", seconds + 240, arguments);
    }

    private static Step step(int run, boolean fresh, Task task, int warmUp, int counted) {
        List<String> arguments = new ArrayList<>(task.row.command().apply(task.contestant));
        arguments.addAll(List.of("--warm-up", Integer.toString(warmUp), "--seconds", Integer.toString(counted)));
        int timeout = 2 * warmUp + 4 * counted + 2 * task.row.extraSeconds() + 240;
        return new Step(run, fresh, task.contestant, task.row.id(), timeout, arguments);
    }

    private static List<Task> tasks(Wish wish, Set<Done> done, int run, String cluster) {
        List<Task> tasks = new ArrayList<>();
        // Those that leave the cluster as it is come first, in one go.
        for (boolean alone : List.of(false, true)) {
            for (Row row : wish.rows) {
                for (String name : row.contestants()) {
                    Contestant contestant = Contestant.named(name);
                    if (row.alone() == alone
                            && contestant.cluster().equals(cluster)
                            && wish.wants(contestant)
                            && !done.contains(new Done(row.id(), name, run))) {
                        tasks.add(new Task(row, contestant));
                    }
                }
            }
        }
        return tasks;
    }

    /** How much of the wanted times fits into the minutes. */
    private static double share(Wish wish, Set<Done> done) {
        if (wish.minutes == 0) {
            return 1;
        }
        double fixed = 0;
        double scaled = 0;
        for (int run = 1; run <= wish.runs; run++) {
            for (String cluster : CLUSTERS) {
                List<Task> tasks = tasks(wish, done, run, cluster);
                boolean shared = tasks.stream().anyMatch(task -> !task.row.alone());
                fixed += shared ? START_SECONDS + CLUSTER_WARM_UP_SECONDS : 0;
                for (Task task : tasks) {
                    fixed += task.row.extraSeconds() + (task.row.alone() ? START_SECONDS : 0);
                    scaled += wish.warmUpSeconds + wish.countedSeconds;
                }
            }
        }
        return Math.max(0, Math.min(1, (wish.minutes * 60.0 - fixed) / Math.max(1, scaled)));
    }

    static String summary(List<Step> steps) {
        long measured = steps.stream().filter(step -> !step.row.isEmpty()).count();
        double seconds = 0;
        for (Step step : steps) {
            seconds += step.fresh ? START_SECONDS : 0;
            seconds += step.row.isEmpty()
                    ? CLUSTER_WARM_UP_SECONDS
                    : Row.named(step.row).extraSeconds();
            seconds += number(step, "--warm-up") + (step.row.isEmpty() ? 0 : number(step, "--seconds"));
        }
        return String.format(Locale.ROOT, "%d measurements, about %.0f minutes", measured, seconds / 60);
    }

    private static int number(Step step, String option) {
        return Integer.parseInt(step.arguments.get(step.arguments.lastIndexOf(option) + 1));
    }
}
