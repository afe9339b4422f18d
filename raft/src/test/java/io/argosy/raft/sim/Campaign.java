package io.argosy.raft.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs many seeds, or one of them in words: what {@code scripts/simulate.sh} starts. Seeds that failed are kept in a
 * file and run first the next time.
 */
public final class Campaign {

    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Options options;
    private final Workload workload;
    private final Counts sum = new Counts();
    private final AtomicLong nextSeed;
    private final Set<Long> failed = new TreeSet<>();
    private final List<Long> first = new ArrayList<>();
    private final long begunNanos = System.nanoTime();
    private long shownNanos = begunNanos;

    private record Options(
            long seeds,
            long from,
            long minutes,
            int jobs,
            boolean resume,
            boolean twice,
            boolean replay,
            Plan plan,
            Path folder) {

        static Options parse(String[] args) {
            long seeds = Long.MAX_VALUE;
            long from = 1;
            long minutes = 0;
            int jobs = 1;
            boolean resume = false;
            boolean twice = false;
            boolean replay = false;
            Plan plan = Plan.of(1);
            Path folder = Path.of("data/simulate");
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--seeds" -> seeds = Long.parseLong(args[++i]);
                    case "--from" -> from = Long.parseLong(args[++i]);
                    case "--minutes" -> minutes = Long.parseLong(args[++i]);
                    case "--jobs" -> jobs = Integer.parseInt(args[++i]);
                    case "--resume" -> resume = true;
                    case "--twice" -> twice = true;
                    case "--dir" -> folder = Path.of(args[++i]);
                    default -> {
                        String option = args[i];
                        replay |= option.equals("--seed");
                        String value = i + 1 < args.length ? args[++i] : "";
                        plan = plan.with(option, value)
                                .orElseThrow(() -> new IllegalArgumentException("unknown option " + option));
                    }
                }
            }
            if (seeds == Long.MAX_VALUE && minutes == 0) {
                seeds = 1000;
            }
            return new Options(seeds, from, minutes, jobs, resume, twice, replay, plan, folder);
        }
    }

    private Campaign(Options options, Workload workload) throws IOException {
        this.options = options;
        this.workload = workload;
        Files.createDirectories(options.folder);
        long from = options.from;
        if (options.resume && Files.exists(next())) {
            from = Long.parseLong(Files.readString(next()).strip());
        }
        if (Files.exists(failures())) {
            for (String line : Files.readAllLines(failures())) {
                first.add(Long.parseLong(line.strip().split(" ", 2)[0]));
            }
            Files.delete(failures());
        }
        this.nextSeed = new AtomicLong(from);
    }

    private Path next() {
        return options.folder.resolve("next-seed");
    }

    private Path failures() {
        return options.folder.resolve("failed-seeds");
    }

    /** Exit code 1 if a seed failed. */
    public static void main(String[] args) throws Exception {
        System.exit(run(args, new Ledger()));
    }

    /** The same for another workload. Returns the exit code. */
    public static int run(String[] args, Workload workload) throws IOException, InterruptedException {
        Options options = Options.parse(args);
        if (options.replay) {
            return replay(options.plan, workload);
        }
        return new Campaign(options, workload).all();
    }

    // ------------------------------------------------------------------------------------------------- one seed

    private static int replay(Plan plan, Workload workload) {
        long seed = plan.seed();
        World world = World.of(plan, workload);
        Optional<String> failure = attempt(world);
        System.out.print(world.trace().words());
        System.out.println(world.describe());
        System.out.printf("trace hash %016x%n", world.trace().hash());
        if (failure.isEmpty()) {
            System.out.println("seed " + seed + " passes");
            return 0;
        }
        System.out.println("seed " + seed + " FAILS: " + failure.get());
        shrink(plan, workload, failure.get());
        return 1;
    }

    private static Optional<String> attempt(World world) {
        try {
            world.run();
            return Optional.empty();
        } catch (Violation e) {
            return Optional.of(String.valueOf(e.getMessage()) + (e.getCause() == null ? "" : trail(e.getCause())));
        } catch (RuntimeException | AssertionError e) {
            return Optional.of("simulator or replica threw " + e + trail(e));
        }
    }

    private static String trail(Throwable cause) {
        StringBuilder out = new StringBuilder();
        for (StackTraceElement element : cause.getStackTrace()) {
            out.append("\n    at ").append(element);
            if (out.length() > 1500) {
                break;
            }
        }
        return out.toString();
    }

    /** Leaves out kinds of faults, one after the other, as long as the seed still fails the same rule. */
    private static void shrink(Plan plan, Workload workload, String failure) {
        long seed = plan.seed();
        Set<FaultClass> without = EnumSet.noneOf(FaultClass.class);
        String rule = failure.split(" ", 2)[0];
        for (FaultClass kind : FaultClass.values()) {
            without.add(kind);
            Optional<String> again = attempt(World.of(plan.without(without), workload));
            if (again.isEmpty() || !again.get().startsWith(rule)) {
                without.remove(kind);
            }
        }
        World smallest = World.of(plan.without(without), workload);
        Optional<String> last = attempt(smallest);
        System.out.println("still fails without " + without + ": " + last.orElse("?"));
        System.out.println("as a test: assertThatSeed(" + seed + "L, " + without + ")");
    }

    // ------------------------------------------------------------------------------------------------- many seeds

    private int all() throws IOException, InterruptedException {
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < options.jobs; i++) {
            Thread worker = new Thread(this::work, "simulate-" + i);
            worker.start();
            workers.add(worker);
        }
        for (Thread worker : workers) {
            worker.join();
        }
        show();
        Files.writeString(next(), nextSeed.get() + "\n");
        if (!failed.isEmpty()) {
            System.out.println("FAILED seeds: " + failed + ", kept in " + failures());
            return 1;
        }
        System.out.println("all passed");
        return 0;
    }

    private void work() {
        for (Optional<Long> seed = take(); seed.isPresent(); seed = take()) {
            World world = World.of(options.plan.withSeed(seed.get()), workload);
            Optional<String> failure = attempt(world);
            if (failure.isEmpty() && options.twice) {
                World again = World.of(options.plan.withSeed(seed.get()), workload);
                failure = attempt(again);
                if (failure.isEmpty() && again.trace().hash() != world.trace().hash()) {
                    failure = Optional.of("DETERMINISM two runs of the seed differ");
                }
            }
            done(seed.get(), world, failure);
        }
    }

    private synchronized Optional<Long> take() {
        if (!first.isEmpty()) {
            return Optional.of(first.remove(0));
        }
        boolean late =
                options.minutes > 0 && System.nanoTime() - begunNanos > TimeUnit.MINUTES.toNanos(options.minutes);
        if (late || sum.seeds + failed.size() >= options.seeds) {
            return Optional.empty();
        }
        return Optional.of(nextSeed.getAndIncrement());
    }

    private synchronized void done(long seed, World world, Optional<String> failure) {
        if (failure.isPresent()) {
            failed.add(seed);
            System.out.println("seed " + seed + " FAILS: " + failure.get());
            try {
                Files.writeString(
                        failures(),
                        seed + " " + failure.get().lines().findFirst().orElse("") + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new IllegalStateException("cannot keep the failed seed " + seed, e);
            }
        } else {
            sum.add(world.counts());
        }
        if (System.nanoTime() - shownNanos > PROGRESS_NANOS) {
            show();
        }
    }

    private void show() {
        shownNanos = System.nanoTime();
        double seconds = (shownNanos - begunNanos) / 1e9;
        // Of all threads of the process, those that compile and collect included: others may share the cores.
        double cpuSeconds = ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toNanos()
                / 1e9;
        System.out.printf(
                "%.0f s, %.0f s of CPU, %.2f seeds per s of CPU, %.0f events per s of CPU, next seed %d, failed %d: %s%n",
                seconds,
                cpuSeconds,
                sum.seeds / cpuSeconds,
                sum.events / cpuSeconds,
                nextSeed.get(),
                failed.size(),
                sum);
    }
}
