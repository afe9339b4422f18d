package io.argosy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import picocli.CommandLine;

/** What scripts may rely on: names, exit codes, the shape of JSON, and that errors say what to do. */
final class CliContractTest {

    private static final String NOBODY = "127.0.0.1:1";

    @TempDir
    private Path folder;

    @Test
    void everyCommandHasHelpAndADescription() {
        for (CommandLine command : commands(ArgosyMain.commandLine())) {
            if (command.getCommandSpec().helpCommand()) {
                continue;
            }
            String usage = command.getUsageMessage();

            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(command.getCommandSpec().qualifiedName())
                    .isNotEmpty();
            assertThat(usage).contains("--help");
            assertThat(command.getCommandSpec().options())
                    .allSatisfy(option -> assertThat(option.description())
                            .as(option.longestName())
                            .isNotEmpty());
        }
    }

    @Test
    void everyCommandThatPrintsCanPrintJson() {
        assertThat(commands(ArgosyMain.commandLine()))
                .filteredOn(command -> command.getSubcommands().isEmpty()
                        && !command.getCommandSpec().helpCommand()
                        && !List.of("generate-completion", "dev").contains(command.getCommandName()))
                .isNotEmpty()
                .allSatisfy(command -> assertThat(command.getCommandSpec().findOption("--output"))
                        .as(command.getCommandSpec().qualifiedName())
                        .isNotNull());
    }

    @Test
    void theCommandsAreThese() {
        assertThat(commands(ArgosyMain.commandLine()))
                .extracting(command -> command.getCommandSpec().qualifiedName())
                .contains(
                        "argosy topic create",
                        "argosy topic list",
                        "argosy topic describe",
                        "argosy topic delete",
                        "argosy produce",
                        "argosy consume",
                        "argosy group list",
                        "argosy group describe",
                        "argosy cluster status",
                        "argosy raft bootstrap",
                        "argosy raft recover",
                        "argosy log dump",
                        "argosy dev",
                        "argosy version",
                        "argosy generate-completion");
    }

    @Test
    void versionIsPrintedAsJsonWithKindAndVersion() throws IOException {
        Run run = Run.of("version", "-o", "json");

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(run.code()).isZero();
        assertThat(json.get("kind").asText()).isEqualTo("Version");
        assertThat(json.get("version").asInt()).isEqualTo(1);
        assertThat(json.get("argosy").asText()).isNotEmpty();
    }

    @Test
    void yamlSaysTheSameAsJson() throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(Run.of("version", "-o", "json").out());

        Object yaml = new Load(LoadSettings.builder().build())
                .loadFromString(Run.of("version", "-o", "yaml").out());

        assertThat(new ObjectMapper().<JsonNode>valueToTree(yaml)).isEqualTo(json);
    }

    @Test
    void wrongUsageEndsWithTwoAndPointsToHelp() {
        for (List<String> args : List.of(
                List.<String>of(),
                List.of("nonsense"),
                List.of("topic"),
                List.of("topic", "create"),
                List.of("produce", "t"),
                List.of("produce", "t", "-m", "a", "--count", "5"),
                List.of("produce", "t", "-m", "a", "--timeout", "soon"),
                List.of("version", "-o", "xml"))) {
            Run run = Run.of(args.toArray(String[]::new));

            assertThat(run.code()).as(args.toString()).isEqualTo(ExitCodes.USAGE);
            assertThat(run.err()).contains("argosy: ").contains("--help");
            assertThat(run.out()).isEmpty();
        }
    }

    @Test
    void nobodyReachableEndsWithThreeAndSaysWhere() throws IOException {
        Path secret = secretFile();
        for (List<String> args : List.of(
                List.of("produce", "t", "-m", "a", "-e", NOBODY, "--timeout", "500ms"),
                List.of("produce", "t", "--count", "3", "-e", NOBODY, "--timeout", "500ms"),
                List.of("consume", "t", "-e", NOBODY, "--timeout", "500ms"),
                List.of("consume", "t", "-g", "g", "-e", NOBODY, "--timeout", "500ms"),
                List.of("cluster", "status", "-e", NOBODY, "--timeout", "500ms"),
                List.of("topic", "list", "-e", NOBODY, "--timeout", "500ms", "--secret-file", secret.toString()),
                List.of("raft", "bootstrap", "--admin", NOBODY, "--secret-file", secret.toString()))) {
            Run run = Run.of(args.toArray(String[]::new));

            assertThat(run.code()).as(args + ": " + run.err()).isEqualTo(ExitCodes.NOT_REACHABLE);
            assertThat(run.err()).contains(NOBODY);
            assertThat(run.out()).doesNotContain("Exception");
            assertThat(run.err()).doesNotContain("Exception");
        }
    }

    @Test
    void optionsThatContradictEachOtherAreRefusedBeforeAnyCall() {
        for (List<String> args : List.of(
                List.of("consume", "t", "-g", "g", "--from", "end"),
                List.of("consume", "t", "-g", "g", "--queue", "1"),
                List.of("topic", "create", "t", "--queues", "0"),
                List.of("topic", "create", "t", "--retention", "0s"),
                List.of("topic", "list", "--tls-ca", "none.pem", "--secret-file", "none"),
                List.of("consume", "t", "--tls-ca", "none.pem"))) {
            Run run = Run.of(args.toArray(String[]::new));

            assertThat(run.code()).as(args + ": " + run.err()).isEqualTo(ExitCodes.USAGE);
            assertThat(run.err()).doesNotContain("Exception");
        }
    }

    @Test
    void endpointsMayStandInFrontOfTheCommand() {
        Run run = Run.of("-e", NOBODY, "consume", "t", "--timeout", "500ms");

        assertThat(run.code()).isEqualTo(ExitCodes.NOT_REACHABLE);
        assertThat(run.err()).contains(NOBODY).contains("connection refused").doesNotContain("finishConnect");
    }

    @Test
    void errorsAreJsonIfResultsAre() throws IOException {
        for (List<String> args : List.of(
                List.of("topic", "list", "-o", "json"),
                List.of("topic", "list", "--output=jsonl"),
                List.of("topic", "nonsense", "-o", "json"))) {
            Run run = Run.of(args.toArray(String[]::new));

            JsonNode json = new ObjectMapper().readTree(run.err());
            assertThat(run.out()).isEmpty();
            assertThat(json.get("kind").asText()).isEqualTo("Error");
            assertThat(json.get("exitCode").asInt()).isEqualTo(run.code());
            assertThat(json.get("message").asText()).isNotEmpty();
        }
    }

    @Test
    void aBadPropertyIsExplainedOnce() {
        Run run = Run.of("produce", "t", "-m", "a", "--property", "novalue");

        assertThat(run.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.err()).contains("--property").doesNotContain("option option");
    }

    @Test
    void adminCommandsWithoutTheSecretSayHowToGiveIt() {
        Run run = Run.of("topic", "list");

        assertThat(run.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.err()).contains("--secret-file");
    }

    @Test
    void aSecretThatIsTooShortIsRefusedBeforeAnyCall() throws IOException {
        Path secret = Files.writeString(folder.resolve("short"), "abc");

        Run run = Run.of("topic", "list", "--secret-file", secret.toString());

        assertThat(run.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.err()).contains("16");
    }

    @Test
    void deletingATopicNeedsYes() {
        Run run = Run.of("topic", "delete", "t");

        assertThat(run.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.err()).contains("--yes");
    }

    @Test
    void completionScriptsAreGenerated() {
        Run run = Run.of("generate-completion");

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("complete -F").contains("argosy");
    }

    @Test
    void durationsAreReadAndWrittenAsPeopleDo() {
        DurationConverter converter = new DurationConverter();

        for (String text : List.of("500ms", "10s", "2m", "72h")) {
            assertThat(DurationConverter.format(converter.convert(text))).isEqualTo(text);
        }
        assertThat(converter.convert("3d")).hasHours(72);
    }

    @Test
    void tablesAlignTheirColumns() {
        String table = Output.table(List.of("NAME", "N"), List.of(List.of("a", "10"), List.of("long name", "5")));

        assertThat(table.lines()).containsExactly("NAME        N", "a          10", "long name   5");
    }

    private Path secretFile() throws IOException {
        return Files.writeString(folder.resolve("secret"), "0123456789abcdef0123456789abcdef");
    }

    private static List<CommandLine> commands(CommandLine root) {
        List<CommandLine> all = new ArrayList<>();
        root.getSubcommands().values().forEach(each -> {
            all.add(each);
            all.addAll(commands(each));
        });
        return all;
    }
}
