package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive saves time, and nothing depends on it. */
class ClassArchiveTest {

    @TempDir
    private Path folder;

    @Test
    void aFolderThatCannotBeMadeMeansNoFlags() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));

        assertThat(ClassArchive.flags(folder, file.resolve("class-archive"), 20_000))
                .isEmpty();
    }
}
