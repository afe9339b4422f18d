package io.argosy.namesrv;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.server.config.ConfigReference;
import io.argosy.server.config.ConfigSources;
import io.argosy.server.config.HostPort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NamesrvConfigTest {

    private static final Path DOCUMENT = Path.of("../docs/configuration.md");

    @Test
    void defaultsAreThoseOfTheContract() {
        NamesrvConfig config = NamesrvConfig.of(ConfigSources.none()
                .withFlags(List.of("secretFile=cluster.secret"))
                .load(NamesrvConfig.KEYS));

        assertThat(config)
                .isEqualTo(new NamesrvConfig(
                        new HostPort("127.0.0.1", 8081),
                        new HostPort("127.0.0.1", 8082),
                        new HostPort("127.0.0.1", 8083),
                        Path.of("cluster.secret"),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(2)));
    }

    /** Rewritten with {@code -Ddocs.rewrite=true}. */
    @Test
    void everyKeyIsDocumented() throws Exception {
        String document = Files.readString(DOCUMENT);
        String expected =
                ConfigReference.withSection(document, "namesrv", ConfigReference.markdown(NamesrvConfig.KEYS));
        if (Boolean.getBoolean("docs.rewrite")) {
            Files.writeString(DOCUMENT, expected);
        } else {
            assertThat(document).isEqualTo(expected);
        }
    }
}
