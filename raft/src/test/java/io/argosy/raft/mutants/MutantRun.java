package io.argosy.raft.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs mutants and prints the table of docs/reliability.md. What kills a mutant must not strike the classes as they are:
 * a script has to pass on them, and a seed that fails on them as well does not count.
 */
public final class MutantRun {

    private static final Path SOURCES = Path.of("raft/src/main/java/io/argosy/raft");
    private static final Path LIST = Path.of("raft/src/test/mutants/mutants.txt");
    private static final Path KEPT = Path.of("raft/target/mutants.txt");
    private static final long SEEDS_MAX = 1_000_000;

    private final Options options;
    private final Verdicts verdicts;
    private final long endNanos;

    private MutantRun(Options options, Verdicts verdicts, long endNanos) {
        this.options = options;
        this.verdicts = verdicts;
        this.endNanos = endNanos;
    }

    /**
     * @param seconds of a core, for each mutant
     * @param minutes after which no mutant is tried any further; what is open goes on there the next time
     * @param words a mutant is chosen if it contains any of them; all are if there is none
     */
    private record Options(long seconds, long minutes, boolean resume, boolean table, List<String> words) {

        static Options of(String[] args) {
            List<String> words = new ArrayList<>();
            long seconds = 600;
            long minutes = 1_000_000;
            boolean resume = false;
            boolean table = false;
            for (String arg : args) {
                if (arg.startsWith("seconds=")) {
                    seconds = Long.parseLong(arg.substring(8));
                } else if (arg.startsWith("minutes=")) {
                    minutes = Long.parseLong(arg.substring(8));
                } else if (arg.equals("resume")) {
                    resume = true;
                } else if (arg.equals("table")) {
                    table = true;
                } else {
                    words.add(arg);
                }
            }
            return new Options(seconds, minutes, resume || table, table, List.copyOf(words));
        }

        boolean chooses(Mutant mutant) {
            return words.isEmpty() || words.stream().anyMatch(mutant.toString()::contains);
        }
    }

    /** Arguments: those of scripts/mutants.sh. Exit code 1 if a mutant survives, 2 if none is chosen, 3 if there was no time for all. */
    public static void main(String[] args) throws Exception {
        Options options = Options.of(args);
        long endNanos = System.nanoTime() + TimeUnit.MINUTES.toNanos(options.minutes);
        System.exit(new MutantRun(options, Verdicts.load(KEPT), endNanos).run());
    }

    private int run() throws Exception {
        int killed = 0;
        int survived = 0;
        int open = 0;
        List<Mutant> chosen = Mutant.all(LIST).stream().filter(options::chooses).toList();
        if (chosen.isEmpty()) {
            System.err.println("no mutant's rule or description contains " + String.join(" or ", options.words)
                    + "; all of them: " + LIST + ", see scripts/mutants.sh --help");
            return 2;
        }
        System.out.println("| Rule | Mutant | Killed by | Seeds |\n|---|---|---|---|");
        for (Mutant mutant : chosen) {
            Verdict verdict = options.resume ? verdicts.of(mutant) : Verdict.NONE;
            if (verdict.by().isEmpty() && !options.table) {
                verdict = tryToKill(mutant, verdict);
                verdicts.keep(mutant, verdict);
            }
            boolean survives = verdict.by().isEmpty() && verdict.seconds() >= options.seconds;
            killed += verdict.by().isEmpty() ? 0 : 1;
            survived += survives ? 1 : 0;
            open += verdict.by().isEmpty() && !survives ? 1 : 0;
            print(mutant, verdict, survives);
        }
        System.out.printf("killed %d of %d, %d not finished%n", killed, killed + survived + open, open);
        if (survived > 0) {
            return 1;
        }
        return open > 0 ? 3 : 0;
    }

    private static void print(Mutant mutant, Verdict verdict, boolean survives) {
        String by;
        if (verdict.by().isPresent()) {
            by = verdict.by().get();
        } else if (survives) {
            by = "SURVIVES";
        } else {
            by = "OPEN";
        }
        System.out.printf(
                "| %s | %s | %s | %s |%n",
                mutant.rule(), mutant.what(), by, mutant.script().isPresent() ? "-" : verdict.seeds());
    }

    private Verdict tryToKill(Mutant mutant, Verdict before) throws Exception {
        String source = Files.readString(SOURCES.resolve(mutant.file()));
        MutatedClasses classes = MutatedClasses.of(mutant.className(), mutant.applyTo(source));
        Class<?> killing = classes.loadClass(Killing.class.getName());
        return mutant.script().isPresent() ? byScript(killing, mutant.script().get()) : bySeeds(killing, before);
    }

    private Verdict byScript(Class<?> killing, String script) throws Exception {
        int dot = script.lastIndexOf('.');
        String inClass = script.substring(0, dot);
        String method = script.substring(dot + 1);
        String sound = Killing.byScript(inClass, method);
        if (!sound.isEmpty()) {
            throw new IllegalStateException(script + " fails without any mutant: " + sound);
        }
        FutureTask<String> attempt = new FutureTask<>(() -> (String)
                killing.getMethod("byScript", String.class, String.class).invoke(null, inClass, method));
        String said = await(attempt, options.seconds);
        return said.isEmpty() ? new Verdict(Optional.empty(), 0, options.seconds) : killed("`" + method + "`", 0, 0);
    }

    private Verdict bySeeds(Class<?> killing, Verdict before) throws Exception {
        long done = before.seeds();
        double seconds = before.seconds();
        while (seconds < options.seconds && System.nanoTime() < endNanos) {
            long first = done + 1;
            long cpuNanosMax = (long) ((options.seconds - seconds) * 1e9);
            FutureTask<String> attempt = new FutureTask<>(
                    () -> (String) killing.getMethod("bySeeds", long.class, long.class, long.class, long.class)
                            .invoke(null, first, SEEDS_MAX, cpuNanosMax, endNanos));
            // A machine that does other work as well gives it less than a core.
            String said = await(attempt, 4 * options.seconds);
            String[] parts = said.split("\\|", 3);
            done += Long.parseLong(parts[0]);
            seconds += Double.parseDouble(parts[1]);
            if (parts[2].isEmpty()) {
                continue;
            }
            String alone = Killing.bySeeds(done, 1, Long.MAX_VALUE, Long.MAX_VALUE);
            if (alone.split("\\|", 3)[2].isEmpty()) {
                return killed(rule(parts[2]), done, seconds);
            }
            System.err.println("seed " + done + " fails without any mutant as well: it does not count");
        }
        return new Verdict(Optional.empty(), done, seconds);
    }

    private static Verdict killed(String by, long seeds, double seconds) {
        return new Verdict(Optional.of(by), seeds, seconds);
    }

    /** What noticed it, in a few words. */
    private static String rule(String failure) {
        String text = failure.substring(failure.indexOf(": ") + 2);
        if (text.startsWith("not in time")) {
            return "liveness";
        }
        if (text.startsWith("replica ") && text.contains("InvariantViolation")) {
            return "always-on assertion";
        }
        String first = text.split(" ", 2)[0];
        return first.matches("[DER][0-9]+") ? first : text.substring(0, Math.min(60, text.length()));
    }

    private static String await(FutureTask<String> attempt, long seconds) throws Exception {
        Thread runner = new Thread(attempt, "mutant");
        runner.setDaemon(true);
        runner.start();
        try {
            return attempt.get(seconds + 60, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return "1|0|hang: it never comes back";
        }
    }

    /**
     * @param by what killed it, if anything did
     * @param seeds that it took, or that it survived so far
     * @param seconds of a core that they took
     */
    private record Verdict(Optional<String> by, long seeds, double seconds) {
        static final Verdict NONE = new Verdict(Optional.empty(), 0, 0);
    }

    /** Kept from run to run, until the mutant's text changes. */
    private static final class Verdicts {
        private final Path file;
        private final List<String> lines;

        private Verdicts(Path file, List<String> lines) {
            this.file = file;
            this.lines = lines;
        }

        static Verdicts load(Path file) throws IOException {
            return new Verdicts(
                    file, Files.exists(file) ? new ArrayList<>(Files.readAllLines(file)) : new ArrayList<>());
        }

        private static String key(Mutant mutant) {
            String text = mutant.file() + mutant.from() + mutant.to() + mutant.script();
            return mutant + "\t" + Integer.toHexString(text.hashCode()) + "\t";
        }

        Verdict of(Mutant mutant) {
            for (String line : lines) {
                if (line.startsWith(key(mutant))) {
                    String[] fields = line.substring(key(mutant).length()).split("\t", -1);
                    return new Verdict(
                            Optional.of(fields[0]).filter(by -> !by.isEmpty()),
                            Long.parseLong(fields[1]),
                            Double.parseDouble(fields[2]));
                }
            }
            return Verdict.NONE;
        }

        void keep(Mutant mutant, Verdict verdict) throws IOException {
            lines.removeIf(line -> line.startsWith(key(mutant)));
            lines.add(key(mutant) + verdict.by().orElse("") + "\t" + verdict.seeds() + "\t" + verdict.seconds());
            Files.write(file, lines);
        }
    }
}
