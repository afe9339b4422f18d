package io.argosy.raft;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.security.SecureRandom;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** Holds the arrows of ARCHITECTURE.md inside this module. Changing a rule here is a design discussion. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.argosy.raft");

    @Test
    void coreKnowsNeitherStorageNorTransportNorNode() {
        noClasses()
                .that()
                .resideInAPackage("..raft.core..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..raft.storage..", "..raft.transport..", "..raft.node..")
                .check(CLASSES);
    }

    @Test
    void coreDoesNoInputOutputAndHasNoThreads() {
        noClasses()
                .that()
                .resideInAPackage("..raft.core..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.io..",
                        "java.nio.file..",
                        "java.nio.channels..",
                        "java.net..",
                        "java.util.concurrent..",
                        "io.grpc..",
                        "org.slf4j..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .check(CLASSES);
    }

    @Test
    void storageAndTransportDoNotKnowEachOtherNorTheNode() {
        noClasses()
                .that()
                .resideInAPackage("..raft.storage..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..raft.transport..", "..raft.node..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("..raft.transport..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..raft.storage..", "..raft.node..")
                .check(CLASSES);
    }

    @Test
    void onlyTheTransportSeesGeneratedMessages() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..raft.transport..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.argosy.proto..", "com.google.protobuf..")
                .check(CLASSES);
    }

    @Test
    void nothingHereKnowsBrokersOrRocksDb() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.argosy.broker..", "io.argosy.namesrv..", "io.argosy.client..", "org.rocksdb..")
                .check(CLASSES);
    }

    @Test
    void timeAndChanceAreGiven() {
        noClasses()
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callConstructor(Random.class)
                .orShould()
                .callConstructor(Random.class, long.class)
                .orShould()
                .callConstructor(SecureRandom.class)
                .orShould()
                .callMethod(ThreadLocalRandom.class, "current")
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .check(CLASSES);
    }
}
