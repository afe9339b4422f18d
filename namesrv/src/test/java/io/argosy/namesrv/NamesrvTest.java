package io.argosy.namesrv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.server.process.ExitCode;
import io.argosy.server.process.StartException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NamesrvTest {

    @TempDir
    private Path folder;

    @Test
    void startedNameServerIsReadyAndStopsListening() throws Exception {
        Namesrv namesrv = Namesrv.start(NamesrvConfig.local(secretFile()));
        URI ready = URI.create("http://" + namesrv.opsAddress() + "/readyz");

        assertThat(get(ready).statusCode()).isEqualTo(200);
        assertThat(get(ready.resolve("/metrics")).body()).contains("argosy_namesrv_groups 0", "component=\"namesrv\"");
        namesrv.close();

        assertThatThrownBy(() -> get(ready)).isInstanceOf(ConnectException.class);
    }

    @Test
    void takenPortIsNamedAndNothingIsLeftRunning() throws Exception {
        try (Namesrv first = Namesrv.start(NamesrvConfig.local(secretFile()))) {
            NamesrvConfig local = NamesrvConfig.local(secretFile());
            NamesrvConfig clash = new NamesrvConfig(
                    local.client(),
                    first.registrationAddress(),
                    local.ops(),
                    local.secretFile(),
                    local.scanInterval(),
                    local.expiry());

            assertThatThrownBy(() -> Namesrv.start(clash))
                    .isInstanceOfSatisfying(
                            StartException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANNOT_LISTEN))
                    .hasMessageContaining("registration address " + first.registrationAddress());
        }
    }

    @Test
    void missingSecretIsNamed() {
        assertThatThrownBy(() -> Namesrv.start(NamesrvConfig.local(folder.resolve("none"))))
                .hasMessageContaining("cannot read the cluster secret")
                .hasMessageContaining("none");
    }

    private Path secretFile() throws Exception {
        return Files.writeString(folder.resolve("cluster.secret"), "0123456789abcdef0123456789abcdef\n");
    }

    private static HttpResponse<String> get(URI uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
}
