package io.argosy.raft.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A failure that is made smaller is still the same failure; there must be one for that, so a mutant fails. */
class ShrinkerTest {

    @Test
    void shrunkRunStillBreaksTheSameRuleAndItsCommandReplaysIt() throws Exception {
        Mutant mutant = Mutant.all(Path.of("src/test/mutants/mutants.txt")).stream()
                .filter(m -> m.what().equals("an append always replaces what lies behind it"))
                .findFirst()
                .orElseThrow();
        String source = Files.readString(Path.of("src/main/java/io/argosy/raft").resolve(mutant.file()));
        Class<?> killing =
                MutatedClasses.of(mutant.className(), mutant.applyTo(source)).loadClass(Killing.class.getName());

        @SuppressWarnings("unchecked")
        List<String> said =
                (List<String>) killing.getMethod("shrink", int.class).invoke(null, 150);

        String rule = said.get(0);
        String options = said.get(1);
        assertThat(said.get(2)).as("as it was found").startsWith(rule + " ");
        assertThat(said.get(3)).as("shrunk: %s", options).startsWith(rule + " ");
        assertThat(said.get(4)).as("replayed: %s", options).isEqualTo(said.get(3));
        assertThat(options).contains("--without ").contains("--strikes ");
        assertThat(Integer.parseInt(said.get(5)))
                .as("strikes left of %s", options)
                .isLessThan(10);
    }
}
