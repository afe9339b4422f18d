package io.argosy.server.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.server.config.ConfigException;
import io.argosy.server.config.ConfigKey;
import io.argosy.server.config.ValueType;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerProcessTest {

    private static final ConfigKey<Integer> PORT =
            ConfigKey.of("client.port", ValueType.integer(0, 65535), 8081, "Where clients connect");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void goodConfigurationStartsTheServer() {
        ServerProcess.Started started = start(process(), "--client.port=1");

        assertThat(started.server()).isPresent();
    }

    @Test
    void badConfigurationIsPrintedWithItsLineAndEndsWithItsCode(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("namesrv.yaml"), "client:\n  prot: 5\n");

        ServerProcess.Started started = start(process(), "--config", file.toString());

        assertThat(started.server()).isEmpty();
        assertThat(started.exitCode()).isEqualTo(ExitCode.BAD_CONFIGURATION);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("namesrv.yaml:2:3: unknown key 'client.prot'; did you mean 'client.port'?");
    }

    @Test
    void missingConfigurationFileIsNamed(@TempDir Path folder) {
        ServerProcess.Started started = start(process(), "--config=" + folder.resolve("none.yaml"));

        assertThat(started.exitCode()).isEqualTo(ExitCode.BAD_CONFIGURATION);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("none.yaml: no such file");
    }

    @Test
    void expectedFailureOfTheStartHasItsOwnCode() {
        ServerProcess refused = new ServerProcess("namesrv", List.of(PORT), config -> () -> {
            throw new StartException(ExitCode.CANNOT_LISTEN, "port 1 is taken", new IllegalStateException());
        });

        assertThat(start(refused).exitCode()).isEqualTo(ExitCode.CANNOT_LISTEN);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines("The namesrv cannot start: port 1 is taken");
    }

    @Test
    void helpListsKeysWithDefaultsAndVariables() {
        assertThat(start(process(), "--help").exitCode()).isEqualTo(ExitCode.OK);

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("--client.port=", "0 to 65535; default 8081; ARGOSY_CLIENT_PORT");
    }

    @Test
    void checkTellsWithoutStarting() {
        ServerProcess.Started started = start(process(), "--check", "--client.port=1");

        assertThat(started.server()).isEmpty();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("client.port=1 (flag --client.port)", "configuration is fine");
    }

    @Test
    void checkRefusesWhatTheStartWouldRefuse() {
        ServerProcess refused = new ServerProcess("namesrv", List.of(PORT), config -> {
            throw new ConfigException(List.of(config.conflict("must be odd", PORT)));
        });

        ServerProcess.Started started = start(refused, "--check", "--client.port=2");

        assertThat(started.exitCode()).isEqualTo(ExitCode.BAD_CONFIGURATION);
        assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("fine");
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("flag --client.port: client.port: must be odd");
    }

    @Test
    void checkShowsDefaultsToo() {
        start(process(), "--check");

        assertThat(out.toString(StandardCharsets.UTF_8)).contains("client.port=8081 (default)");
    }

    @Test
    void versionIsTheOneThatWasBuilt() {
        start(process(), "--version");

        assertThat(out.toString(StandardCharsets.UTF_8)).containsPattern("^argosy namesrv [0-9]+\\.[0-9]+\\.[0-9]+");
    }

    private static ServerProcess process() {
        return new ServerProcess("namesrv", List.of(PORT), config -> () -> () -> {});
    }

    private ServerProcess.Started start(ServerProcess process, String... args) {
        return process.start(
                List.of(args),
                Map.of(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }
}
