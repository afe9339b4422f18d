package io.argosy.cli;

import io.argosy.client.ArgosyClient;
import io.argosy.client.ArgosyException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code argosy dev}. */
@Command(
        name = "dev",
        description = {
            "Runs a cluster for development in this process: one name server and three replicas on loopback.",
            "Data stays in the folder and is there again at the next start. Ctrl-C stops it."
        },
        mixinStandardHelpOptions = true)
final class DevCommand implements Runnable {

    private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
    private static final long ASK_AGAIN_MILLIS = 20;

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before run.
    private CommandSpec spec;

    @Option(
            names = {"-d", "--dir"},
            paramLabel = "FOLDER",
            defaultValue = "argosy-dev",
            description = "Where the data is (default: ${DEFAULT-VALUE})")
    private Path folder = Path.of("argosy-dev");

    @Option(
            names = "--base-port",
            paramLabel = "PORT",
            description =
                    "Name server at PORT, replica N at PORT+10*N (default: 8081 and 10911, 10921, 10931, or others"
                            + " if those are taken)")
    private @Nullable Integer basePort;

    @Override
    public void run() {
        long startNanos = System.nanoTime();
        Path where = folder.toAbsolutePath().normalize();
        DevPorts ports = ports();
        say("starting a name server and " + DevPorts.REPLICAS + " replicas, data in " + where + " ...");
        DevCluster cluster = DevCluster.start(where, ports);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            say("stopping ...");
                            cluster.close();
                            stopped.countDown();
                        },
                        "shutdown"));
        try {
            if (awaitReady(cluster, stopped)) {
                announce(cluster, Duration.ofNanos(System.nanoTime() - startNanos));
                stopped.await();
            }
        } catch (InterruptedException e) {
            cluster.close();
            Thread.currentThread().interrupt();
        }
    }

    private DevPorts ports() {
        if (basePort != null) {
            if (basePort < 1024 || basePort > 65_400) {
                throw new CommandFailure(ExitCodes.USAGE, "--base-port must be within 1024..65400");
            }
            DevPorts wanted = DevPorts.from(basePort);
            List<Integer> taken = wanted.taken();
            if (!taken.isEmpty()) {
                throw new CommandFailure(ExitCodes.FAILED, DevPorts.inWords(taken) + "; choose another --base-port");
            }
            return wanted;
        }
        DevPorts usual = DevPorts.usual();
        List<Integer> taken = usual.taken();
        if (taken.isEmpty()) {
            return usual;
        }
        DevPorts other = DevPorts.free();
        say(DevPorts.inWords(taken) + "; using ports from " + other.namesrv() + " on");
        return other;
    }

    private void say(String text) {
        var out = spec.commandLine().getOut();
        out.println(text);
        out.flush();
    }

    /** How this was called, as far as it can be known: by the script of a source tree, else by its name. */
    private static String command() {
        var source = DevCommand.class.getProtectionDomain().getCodeSource();
        if (source == null) {
            return "argosy";
        }
        Path here = Path.of("").toAbsolutePath();
        try {
            for (Path folder = Path.of(source.getLocation().toURI()); folder != null; folder = folder.getParent()) {
                Path script = folder.resolve("scripts").resolve("argosy");
                if (Files.isExecutable(script)) {
                    return script.startsWith(here) ? here.relativize(script).toString() : script.toString();
                }
            }
        } catch (URISyntaxException e) {
            return "argosy";
        }
        return "argosy";
    }

    /**
     * Ready when a client would find a leader through the name server.
     *
     * @return false if the cluster was stopped first
     */
    private static boolean awaitReady(DevCluster cluster, CountDownLatch stopped) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + READY_TIMEOUT.toNanos();
        try (ArgosyClient client =
                ArgosyClient.builder().endpoints(cluster.endpoints()).build()) {
            while (!hasLeader(client)) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    cluster.close();
                    throw new CommandFailure(
                            ExitCodes.FAILED,
                            "no leader was elected within " + READY_TIMEOUT.toSeconds()
                                    + " s; set ARGOSY_LOG_LEVEL=INFO and look at what is logged");
                }
                if (stopped.await(ASK_AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean hasLeader(ArgosyClient client) {
        try {
            return client.describeCluster().groups().stream()
                    .anyMatch(group -> group.leaderId().isPresent());
        } catch (ArgosyException e) {
            return false;
        }
    }

    private void announce(DevCluster cluster, Duration took) {
        String argosy = command();
        var out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "Argosy is ready after %.1f s at %s%n", took.toMillis() / 1000.0, cluster.endpoints());
        out.println();
        out.println("Try, in another terminal:");
        out.println("  export ARGOSY_ENDPOINTS=" + cluster.endpoints() + " ARGOSY_SECRET_FILE=" + cluster.secretFile());
        out.println("  " + argosy + " produce hello -m 'hello, world'");
        out.println("  " + argosy + " consume hello --group me --count 1");
        out.println("  " + argosy + " cluster status");
        out.println("Ctrl-C stops it.");
        out.flush();
    }
}
