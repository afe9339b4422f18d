package io.argosy.chaos;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * A cluster of real processes on loopback, handled through {@code scripts/cluster.sh}, as a user would. Every call
 * waits until the script has done its work and fails with what the script printed.
 */
public class Cluster implements AutoCloseable {

    private static final long SCRIPT_SECONDS_MAX = 120;

    /** A new replica copies the whole log first. */
    private static final long CATCH_UP_SECONDS_MAX = 1800;

    private final Path home;
    private final Path folder;
    private final int basePort;
    private final int nodes;
    private final Map<String, String> environment;
    private final HttpClient http = HttpClient.newHttpClient();

    /**
     * @param home the checkout, which holds {@code scripts/}
     * @param folder data, logs and process ids of the cluster
     * @param basePort 0 for the default ports
     * @param environment settings for all processes, {@code ARGOSY_...}
     */
    public Cluster(Path home, Path folder, int basePort, int nodes, Map<String, String> environment) {
        this.home = home;
        this.folder = folder;
        this.basePort = basePort;
        this.nodes = nodes;
        this.environment = new HashMap<>(environment);
    }

    public Path folder() {
        return folder;
    }

    /** Data folder of a replica. */
    public Path replicaFolder(int replica) {
        return folder.resolve("broker-" + replica);
    }

    public int nodes() {
        return nodes;
    }

    /** Where clients connect: the name server. */
    public String endpoints() {
        return "127.0.0.1:" + (basePort == 0 ? 8081 : basePort);
    }

    /** The client port of one replica. */
    public String replicaAddress(int replica) {
        return "127.0.0.1:" + replicaPort(replica);
    }

    public int replicaPort(int replica) {
        return (basePort == 0 ? 10901 : basePort) + 10 * replica;
    }

    public void start() {
        script("start", "--nodes", Integer.toString(nodes));
    }

    public void stop() {
        script("stop");
    }

    /** Deletes the data of a stopped cluster. */
    public void wipe() {
        script("wipe");
    }

    /** Deletes the data of a stopped replica. */
    public void wipe(int replica) {
        script("wipe", Integer.toString(replica));
    }

    /** Starts a new replica and makes it a voter of the group. */
    public void add(int replica) {
        script("add", Integer.toString(replica));
    }

    /** Removes a replica from the group and stops it. */
    public void remove(int replica) {
        script("remove", Integer.toString(replica));
    }

    /** Puts a new replica into the place of another, which may be gone. */
    public void replace(int replica, int with) {
        script("replace", Integer.toString(replica), Integer.toString(with));
    }

    /** SIGKILL. */
    public void kill(int replica) {
        script("kill", Integer.toString(replica));
    }

    /** SIGKILL to all name servers. */
    public void killNameServers() {
        script("kill", "namesrv");
    }

    /** SIGSTOP. */
    public void pause(int replica) {
        script("pause", Integer.toString(replica));
    }

    /** SIGCONT. */
    public void resume(int replica) {
        script("resume", Integer.toString(replica));
    }

    /** Starts a replica that is down, or stops and starts one that runs; returns when it is ready. */
    public void restart(int replica) {
        script("restart", Integer.toString(replica));
    }

    public void restartNameServers() {
        script("restart", "namesrv");
    }

    /** The replica that leads, if the group has a leader now. */
    public OptionalInt leader() {
        ScriptResult result = run("leader");
        return result.exitCode == 0 ? OptionalInt.of(Integer.parseInt(result.output.strip())) : OptionalInt.empty();
    }

    /** Whether a replica says that it serves: it knows a leader and has applied what was committed when it started. */
    public boolean ready(int replica) {
        return ask(replica, "/readyz")
                .filter(answer -> answer.statusCode() == 200)
                .isPresent();
    }

    /** What a replica measures of itself, as Prometheus reads it; empty if it does not answer. */
    public String metrics(int replica) {
        return ask(replica, "/metrics").map(HttpResponse::body).orElse("");
    }

    private Optional<HttpResponse<String>> ask(int replica, String path) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + (replicaPort(replica) + 3) + path))
                .timeout(Duration.ofSeconds(2))
                .build();
        try {
            return Optional.of(http.send(request, BodyHandlers.ofString()));
        } catch (IOException down) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** What {@code scripts/argosy} printed; the arguments as on the command line. */
    public String argosy(String... arguments) {
        ScriptResult result = argosyResult(arguments);
        if (result.exitCode != 0) {
            throw new IllegalStateException("argosy " + String.join(" ", arguments) + " exited with " + result.exitCode
                    + ":\n" + result.output);
        }
        return result.output;
    }

    /** As {@link #argosy}, whatever the exit code. */
    public ScriptResult argosyResult(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("scripts/argosy").toString());
        command.addAll(Arrays.asList(arguments));
        Map<String, String> access = new HashMap<>(environment);
        access.put("ARGOSY_ENDPOINTS", endpoints());
        access.put("ARGOSY_SECRET_FILE", folder.resolve("cluster.secret").toString());
        return execute(command, access, SCRIPT_SECONDS_MAX);
    }

    /** The newest log lines of a replica. */
    public String log(int replica) {
        try {
            return Files.readString(folder.resolve("logs/broker-" + replica + ".log"));
        } catch (IOException e) {
            throw new IllegalStateException("no log of replica " + replica, e);
        }
    }

    @Override
    public void close() {
        // Nothing was started if the first start was refused.
        if (Files.exists(folder.resolve("cluster.env"))) {
            stop();
        }
    }

    String script(String... arguments) {
        ScriptResult result = run(arguments);
        if (result.exitCode != 0) {
            throw new IllegalStateException("cluster.sh " + String.join(" ", arguments) + " exited with "
                    + result.exitCode + ":\n" + result.output);
        }
        return result.output;
    }

    /** As {@link #script}, whatever the exit code. */
    ScriptResult scriptResult(String... arguments) {
        return run(arguments);
    }

    private ScriptResult run(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("scripts/cluster.sh").toString());
        command.addAll(Arrays.asList(arguments));
        command.add("--dir");
        command.add(folder.toString());
        if (basePort != 0) {
            command.add("--base-port");
            command.add(Integer.toString(basePort));
        }
        boolean copies = arguments[0].equals("add") || arguments[0].equals("replace");
        return execute(command, environment, copies ? CATCH_UP_SECONDS_MAX : SCRIPT_SECONDS_MAX);
    }

    private ScriptResult execute(List<String> command, Map<String, String> settings, long secondsMax) {
        try {
            // A file and not a pipe: servers started by the script may keep a pipe open after the script has ended.
            // In the cluster's folder, so that it goes with that folder if this process is killed.
            Files.createDirectories(folder);
            Path output = Files.createTempFile(folder, "script", ".out");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
                builder.environment().putAll(settings);
                Process process = builder.start();
                process.getOutputStream().close();
                if (!process.waitFor(secondsMax, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException(String.join(" ", command) + " took longer than " + secondsMax
                            + " s:\n" + Files.readString(output));
                }
                return new ScriptResult(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot run " + command.get(0), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + command.get(0), e);
        }
    }

    /** @param output standard output and standard error, as they came */
    public record ScriptResult(int exitCode, String output) {}
}
