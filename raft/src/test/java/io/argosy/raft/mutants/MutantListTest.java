package io.argosy.raft.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether every mutant still fits its source; killing them takes longer, see docs/reliability.md. */
class MutantListTest {

    private static final Path MODULE = Path.of("");

    @Test
    void everyMutantFitsItsSourceAndCompiles() throws IOException {
        List<Mutant> all = Mutant.all(MODULE.resolve("src/test/mutants/mutants.txt"));

        assertThat(all).hasSizeGreaterThan(50);
        for (Mutant mutant : all) {
            String source = Files.readString(
                    MODULE.resolve("src/main/java/io/argosy/raft").resolve(mutant.file()));
            assertThat(MutatedClasses.of(mutant.className(), mutant.applyTo(source)))
                    .as(mutant.toString())
                    .isNotNull();
        }
    }
}
