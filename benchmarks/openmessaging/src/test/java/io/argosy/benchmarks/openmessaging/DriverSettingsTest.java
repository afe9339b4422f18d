package io.argosy.benchmarks.openmessaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.argosy.benchmarks.openmessaging.DriverSettings.Mode;
import io.argosy.client.Compression;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriverSettingsTest {

    private static final File DOCUMENTED = new File("argosy.yaml");

    @TempDir
    private Path folder = Path.of("");

    @Test
    void documentedFileNamesEveryKeyWithItsDefault() throws IOException {
        YAMLMapper yaml = new YAMLMapper();

        ObjectNode documented = (ObjectNode) yaml.readTree(DOCUMENTED);

        ObjectNode defaults = yaml.valueToTree(DriverSettings.DEFAULT);
        assertThat(lowerCase(documented.without("secretFile"))).isEqualTo(lowerCase(defaults.without("secretFile")));
    }

    private static String lowerCase(JsonNode tree) {
        return tree.toPrettyString().toLowerCase(java.util.Locale.ROOT);
    }

    @Test
    void documentedFileIsRead() throws IOException {
        DriverSettings settings = DriverSettings.load(DOCUMENTED);

        assertThat(settings.secretFile()).isEqualTo("data/cluster.secret");
        assertThat(settings.producer()).isEqualTo(DriverSettings.DEFAULT.producer());
        assertThat(settings.consumer()).isEqualTo(DriverSettings.DEFAULT.consumer());
    }

    @Test
    void whatIsLeftOutHasItsDefault() throws IOException {
        DriverSettings settings = load("""
                producer:
                  compression: lz4
                consumer:
                  mode: pull
                """);

        assertThat(settings.endpoints()).isEqualTo(DriverSettings.DEFAULT.endpoints());
        assertThat(settings.producer().compression()).isEqualTo(Compression.LZ4);
        assertThat(settings.producer().batchBytes())
                .isEqualTo(DriverSettings.DEFAULT.producer().batchBytes());
        assertThat(settings.consumer().mode()).isEqualTo(Mode.PULL);
    }

    @Test
    void unknownKeysAreRefusedAtEachLevel() {
        assertThatThrownBy(() -> load("endpoint: 127.0.0.1:1\n")).hasMessageContaining("endpoint");
        assertThatThrownBy(() -> load("producer:\n  linger: 1\n")).hasMessageContaining("linger");
    }

    @Test
    void nothingInPlaceOfAValueIsRefused() {
        assertThatThrownBy(() -> load("producer:\n")).hasMessageContaining("producer");
    }

    private DriverSettings load(String text) throws IOException {
        return DriverSettings.load(
                Files.writeString(folder.resolve("driver.yaml"), text).toFile());
    }
}
