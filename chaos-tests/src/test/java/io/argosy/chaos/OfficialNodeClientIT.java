package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The unmodified Node.js client, installed by npm; skipped, visibly, where Node.js is not there. */
class OfficialNodeClientIT {

    private static final int MESSAGES = 60;

    private static TestCluster cluster;
    private static Path project;

    @BeforeAll
    static void installClientAndStartCluster() throws Exception {
        Assumptions.assumeTrue(
                succeeds("node", "--version") && succeeds("npm", "--version"),
                "SKIPPED: Node.js or npm is not installed, so the official Node.js client is not tested");
        project = Path.of(System.getProperty("argosy.work")).resolve("node-client");
        Files.createDirectories(project);
        Path sources = Path.of(System.getProperty("argosy.home")).resolve("chaos-tests/src/test/node");
        for (String file : List.of("package.json", "package-lock.json", ".npmrc", "roundtrip.js")) {
            Files.copy(sources.resolve(file), project.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        run(300, "npm", "ci", "--ignore-scripts");
        cluster = TestCluster.start("official-node");
    }

    @AfterAll
    static void stopCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void nodeClientSendsAndReceivesWithBothConsumers() throws Exception {
        String printed =
                run(150, "node", "roundtrip.js", cluster.endpoints(), "node-topic", Integer.toString(MESSAGES));

        JsonNode result = new ObjectMapper().readTree(printed);
        assertThat(result.get("acknowledged")).hasSize(MESSAGES);
        for (String consumer : List.of("simple", "push")) {
            List<String> bodies = new ArrayList<>();
            for (JsonNode message : result.get(consumer)) {
                bodies.add(message.get("body").asText());
                assertThat(message.get("tag").asText()).isEqualTo("node");
                assertThat(message.get("attempt").asInt()).isEqualTo(1);
            }
            assertThat(bodies).as(consumer).hasSize(MESSAGES).doesNotHaveDuplicates();
        }
    }

    private static boolean succeeds(String... command) {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (java.io.IOException notInstalled) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Runs in the client's project and returns standard output. */
    private static String run(int secondsMax, String... command) throws Exception {
        Path out = project.resolve("out.log");
        Path err = project.resolve("err.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(project.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        if (command[0].equals("node")) {
            // The client writes its log below the user's home.
            builder.environment().put("HOME", project.toString());
        }
        Process process = builder.start();
        if (!process.waitFor(secondsMax, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " took longer than " + secondsMax + " s");
        }
        assertThat(process.exitValue())
                .as("%s%n%s%n%s", String.join(" ", command), Files.readString(out), Files.readString(err))
                .isZero();
        return Files.readString(out);
    }
}
