package io.argosy.raft.mutants;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs all mutants, or those whose words contain the argument, and prints the table of docs/reliability.md. */
public final class MutantRun {

    private static final Path SOURCES = Path.of("raft/src/main/java/io/argosy/raft");
    static final Path LIST = Path.of("raft/src/test/mutants/mutants.txt");
    private static final long SEEDS_MAX = 10_000;

    private MutantRun() {}

    /** Arguments: seconds for each mutant, then words to choose by. Exit code 1 if one survives. */
    public static void main(String[] args) throws Exception {
        long seconds = args.length > 0 ? Long.parseLong(args[0]) : 600;
        List<Mutant> all = Mutant.all(LIST);
        int killed = 0;
        int tried = 0;
        System.out.println("| Rule | Mutant | Killed by | Seeds |\n|---|---|---|---|");
        for (Mutant mutant : all) {
            if (args.length > 1 && !mutant.toString().contains(args[1])) {
                continue;
            }
            tried++;
            Optional<String> verdict = tryToKill(mutant, seconds);
            if (verdict.isPresent()) {
                killed++;
                String[] said = verdict.get().split("\\|", 2);
                System.out.printf(
                        "| %s | %s | %s | %s |%n",
                        mutant.rule(),
                        mutant.what(),
                        mutant.script()
                                .map(s -> "`" + s.substring(s.lastIndexOf('.') + 1) + "`")
                                .orElseGet(() -> rule(said[1])),
                        mutant.script().isPresent() ? "-" : said[0]);
            } else {
                System.out.printf("| %s | %s | SURVIVES | |%n", mutant.rule(), mutant.what());
            }
        }
        System.out.println("killed " + killed + " of " + tried);
        System.exit(killed == tried ? 0 : 1);
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

    static Optional<String> tryToKill(Mutant mutant, long seconds) throws Exception {
        String source = Files.readString(SOURCES.resolve(mutant.file()));
        MutatedClasses classes = MutatedClasses.of(mutant.className(), mutant.applyTo(source));
        Class<?> killing = classes.loadClass(Killing.class.getName());
        FutureTask<String> attempt = new FutureTask<>(() -> {
            if (mutant.script().isPresent()) {
                String script = mutant.script().get();
                int dot = script.lastIndexOf('.');
                return (String) killing.getMethod("byScript", String.class, String.class)
                        .invoke(null, script.substring(0, dot), script.substring(dot + 1));
            }
            return (String) killing.getMethod("bySeeds", long.class, long.class, long.class)
                    .invoke(null, 1L, SEEDS_MAX, TimeUnit.SECONDS.toNanos(seconds));
        });
        Thread runner = new Thread(attempt, "mutant");
        runner.setDaemon(true);
        runner.start();
        try {
            return Optional.of(attempt.get(seconds + 60, TimeUnit.SECONDS)).filter(text -> !text.isEmpty());
        } catch (TimeoutException e) {
            return Optional.of("hang|: it never comes back");
        }
    }
}
