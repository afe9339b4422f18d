package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A server that cannot start safely says why and what to do, and exits with a code of its own. */
class StartRefusalsIT {

    private static TestCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start("start-refusals");
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Test
    void secondStartOnOneDataFolderIsRefused() throws Exception {
        Started second = broker(
                cluster.folder().resolve("broker-1.yaml"),
                "--client.port=0",
                "--peer.port=0",
                "--admin.port=0",
                "--ops.port=0");

        assertThat(second.exitCode).isNotZero();
        assertThat(second.output).contains(cluster.replicaFolder(1).toString()).containsIgnoringCase("in use");
        assertThat(cluster.leader()).isPresent();
    }

    @Test
    void unknownKeyStopsTheStartWithItsLine() throws Exception {
        Path config = cluster.folder().resolve("unknown-key.yaml");
        Files.writeString(
                config, Files.readString(cluster.folder().resolve("broker-1.yaml")) + "rafft:\n  heartbeat: 50ms\n");

        Started started = broker(config);

        assertThat(started.exitCode).isNotZero();
        assertThat(started.output)
                .contains("unknown-key.yaml")
                .contains("rafft")
                .containsPattern("line \\d+|:\\d+");
    }

    @Test
    void valueOutOfRangeStopsTheStartWithTheAllowedRange() throws Exception {
        Started started = broker(cluster.folder().resolve("broker-1.yaml"), "--raft.heartbeat=0ms");

        assertThat(started.exitCode).isNotZero();
        assertThat(started.output).contains("raft.heartbeat").contains("0ms");
    }

    private static Started broker(Path config, String... flags) throws Exception {
        Path home = Path.of(System.getProperty("argosy.home"));
        Path output = cluster.folder().resolve("second.out");
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-cp",
                home.resolve("cli/target/argosy-cli/lib") + "/*",
                "io.argosy.broker.BrokerMain",
                "--config",
                config.toString()));
        command.addAll(List.of(flags));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running: " + Files.readString(output));
        }
        return new Started(process.exitValue(), Files.readString(output));
    }

    private record Started(int exitCode, String output) {}
}
