package io.argosy.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The classes of servers and command line, loaded and checked once: a hundred processes of these tests start from it. A
 * JVM that cannot use it loads its classes as ever, and says nothing.
 */
final class ClassArchive {

    private static final long SECONDS_MAX = 60;
    private static final long ASK_AGAIN_MILLIS = 50;
    private static final int ENDED_BY_SIGTERM = 128 + 15;
    private static final String READY = "is ready after";

    private static final Logger log = LoggerFactory.getLogger(ClassArchive.class);

    private ClassArchive() {}

    /** The flags that a JVM takes to use the archive; none if it could not be made. */
    static String flags(Path home, Path folder, int basePort) {
        return make(home, folder, basePort)
                .map(archive -> "-XX:SharedArchiveFile=" + archive + " -Xlog:cds=off -Xlog:cds+dynamic=off")
                .orElse("");
    }

    /** Runs a whole cluster in one process until it is ready; what that process has loaded by its end is archived. */
    private static Optional<Path> make(Path home, Path folder, int basePort) {
        Path archive = folder.resolve("argosy.jsa");
        try {
            TestCluster.delete(folder);
            Files.createDirectories(folder);
            Path output = folder.resolve("output");
            ProcessBuilder builder = new ProcessBuilder(
                            java(),
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx512m",
                            "-XX:ArchiveClassesAtExit=" + archive,
                            "-cp",
                            home.resolve("cli/target/argosy-cli/lib") + "/*",
                            "io.argosy.cli.ArgosyMain",
                            "dev",
                            "--dir",
                            folder.resolve("data").toString(),
                            "--base-port",
                            Integer.toString(basePort))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            Process process = builder.start();
            try {
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_MAX);
                while (!Files.readString(output).contains(READY)) {
                    if (System.nanoTime() - deadline > 0 || process.waitFor(ASK_AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                        return Optional.empty();
                    }
                }
                process.destroy();
                // Half an archive is worse than none: a JVM that maps it may die.
                return process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)
                                && process.exitValue() == ENDED_BY_SIGTERM
                                && Files.exists(archive)
                        ? Optional.of(archive)
                        : Optional.empty();
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException | UncheckedIOException e) {
            log.warn("no class archive, each process loads its classes itself cause={}", e.toString());
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** The one that the scripts take. */
    private static String java() {
        return Optional.ofNullable(System.getenv("JAVA_HOME"))
                .map(home -> Path.of(home, "bin", "java"))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .orElse("java");
    }
}
