package io.argosy.chaos;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the arrows between modules that ARCHITECTURE.md draws. Changing one here is a design discussion. */
class ArchitectureTest {

    /** What each module may know of ours, besides itself. */
    private static final Map<String, List<String>> ALLOWED = Map.of(
            "proto", List.of(),
            "server", List.of(),
            "wire", List.of("proto"),
            "raft", List.of("proto", "wire"),
            "client", List.of("proto", "wire"),
            "namesrv", List.of("proto", "wire", "server"),
            "broker", List.of("proto", "wire", "server", "raft"));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.argosy");

    @ParameterizedTest
    @ValueSource(strings = {"proto", "server", "wire", "raft", "client", "namesrv", "broker"})
    void moduleKnowsOnlyWhatItMay(String module) {
        String[] forbidden = ALLOWED.keySet().stream()
                .filter(other -> !other.equals(module))
                .filter(other -> !ALLOWED.getOrDefault(module, List.of()).contains(other))
                .map(other -> "io.argosy." + other + "..")
                .toArray(String[]::new);

        assertThat(CLASSES.stream().anyMatch(type -> type.getPackageName().startsWith("io.argosy." + module)))
                .as("classes of %s are on the class path", module)
                .isTrue();
        noClasses()
                .that()
                .resideInAPackage("io.argosy." + module + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden)
                .check(CLASSES);
    }

    @Test
    void serversAndClientNeverTouchThePackageThatTheOfficialClientBringsAlong() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.argosy.chaos..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("apache.rocketmq.v2..")
                .check(CLASSES);
    }
}
