package io.argosy.raft.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Runs many seeds, or one of them in words: what {@code scripts/simulate.sh} starts. Seeds that failed are kept in a
 * file and run first the next time.
 */
public final class Campaign {

    private static final int SHRINKING_RUNS = 1_000;
    private static final long SHRINKING_NANOS = TimeUnit.MINUTES.toNanos(3);
    private static final int NAME_LENGTH_MAX = 150;
    private static final Set<String> OF_CAMPAIGNS =
            Set.of("--seeds", "--from", "--minutes", "--jobs", "--resume", "--twice", "--dir");
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Options options;
    private final Path folder;
    private final Supplier<Workload> workloads;
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
            List<String> ofCampaigns = new ArrayList<>();
            for (int i = 0; i < args.length; i++) {
                if (OF_CAMPAIGNS.contains(args[i])) {
                    ofCampaigns.add(args[i]);
                }
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
            if (replay && !ofCampaigns.isEmpty()) {
                throw new IllegalArgumentException(
                        "--seed replays one seed and does not go with " + String.join(", ", ofCampaigns));
            }
            if (seeds == Long.MAX_VALUE && minutes == 0) {
                seeds = 1000;
            }
            return new Options(seeds, from, minutes, jobs, resume, twice, replay, plan, folder);
        }

        /** A folder for each first seed and plan: none goes on at the place of another, or runs its failed seeds. */
        Path ownFolder() {
            String name = System.getProperty("sim.state", "ledger") + " --from " + from + plan.overruled();
            String plain = name.replace(" --", "-").replace(' ', '-');
            return folder.resolve(
                    plain.length() <= NAME_LENGTH_MAX
                            ? plain
                            : plain.substring(0, NAME_LENGTH_MAX) + "-" + Integer.toHexString(plain.hashCode()));
        }
    }

    private Campaign(Options options, Supplier<Workload> workloads) throws IOException {
        this.options = options;
        this.workloads = workloads;
        this.folder = options.ownFolder();
        Files.createDirectories(folder);
        long from = options.from;
        if (options.resume && Files.exists(next())) {
            from = Long.parseLong(Files.readString(next()).strip());
            System.out.println("going on with seed " + from + ", from " + next());
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
        return folder.resolve("next-seed");
    }

    private Path failures() {
        return folder.resolve("failed-seeds");
    }

    /** Exit code 1 if a seed failed. */
    public static void main(String[] args) throws Exception {
        System.exit(run(args, Ledger::new));
    }

    /** The same for another workload. Returns the exit code, 2 for a wrong option. */
    public static int run(String[] args, Supplier<Workload> workloads) throws IOException, InterruptedException {
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "; see scripts/simulate.sh --help");
            return 2;
        }
        if (options.replay) {
            return replay(options.plan, workloads);
        }
        return new Campaign(options, workloads).all();
    }

    // ------------------------------------------------------------------------------------------------- one seed

    private static int replay(Plan plan, Supplier<Workload> workloads) {
        Attempt attempt = Attempt.at(plan, workloads);
        System.out.print(attempt.world().trace().words());
        System.out.println(attempt.world().describe());
        System.out.printf("trace hash %016x%n", attempt.world().trace().hash());
        if (attempt.failure().isEmpty()) {
            System.out.println("seed " + plan.seed() + " passes");
            return 0;
        }
        System.out.println(
                "seed " + plan.seed() + " FAILS: " + attempt.failure().get());
        Shrinker.Smallest smallest = new Shrinker(workloads, SHRINKING_RUNS, SHRINKING_NANOS).shrink(plan);
        System.out.println("smallest of " + smallest.runs() + " runs that fail likewise: " + smallest.failure());
        System.out.println("again: " + System.getProperty("sim.command", "scripts/simulate.sh") + " "
                + smallest.plan().asOptions());
        return 1;
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
            Plan plan = options.plan.withSeed(seed.get());
            Attempt attempt = Attempt.at(plan, workloads);
            Optional<String> failure = attempt.failure();
            if (failure.isEmpty() && options.twice) {
                Attempt again = Attempt.at(plan, workloads);
                failure = again.failure();
                if (failure.isEmpty()
                        && again.world().trace().hash()
                                != attempt.world().trace().hash()) {
                    failure = Optional.of("DETERMINISM two runs of the seed differ");
                }
            }
            done(seed.get(), attempt.world(), failure);
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
