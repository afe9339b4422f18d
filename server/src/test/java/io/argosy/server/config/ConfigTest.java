package io.argosy.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class ConfigTest {

    private static final ConfigKey<Duration> HEARTBEAT = ConfigKey.of(
            "raft.heartbeat",
            ValueType.duration(Duration.ofMillis(10), Duration.ofSeconds(10)),
            Duration.ofMillis(50),
            "Between heartbeats");
    private static final ConfigKey<Duration> ELECTION_MIN = ConfigKey.of(
            "raft.electionMin",
            ValueType.duration(Duration.ofMillis(50), Duration.ofMinutes(1)),
            Duration.ofMillis(300),
            "Shortest election timeout");
    private static final ConfigKey<Long> CACHE =
            ConfigKey.of("log.cache", ValueType.bytes(1 << 20, 1L << 40), 64L << 20, "Cache");
    private static final ConfigKey<Integer> ID = ConfigKey.required("replica.id", ValueType.integer(1, 1023), "Id");
    private static final ConfigKey<SortedMap<Integer, HostPort>> PEERS = ConfigKey.of(
            "replica.peers",
            ValueType.mapOf(ValueType.integer(1, 1023), ValueType.hostPort()),
            new TreeMap<>(),
            "Peers");
    private static final ConfigKey<List<HostPort>> SERVERS =
            ConfigKey.of("namesrv.servers", ValueType.listOf(ValueType.hostPort()), List.of(), "Name servers");
    private static final ConfigKey<Boolean> AUTO =
            ConfigKey.of("topic.autoCreate", ValueType.bool(), true, "Whether to create unknown topics");
    private static final ConfigKey<TimeUnit> UNIT =
            ConfigKey.of("topic.unit", ValueType.oneOf(TimeUnit.class), TimeUnit.DAYS, "Unit");
    private static final ConfigKey<Optional<Path>> FOLDER =
            ConfigKey.of("data.folder", ValueType.optional(ValueType.path()), Optional.empty(), "Folder");
    private static final ConfigKey<String> NAME = ConfigKey.of(
            "group.name", ValueType.text(Pattern.compile("[a-z0-9]{1,8}"), "1 to 8 letters or digits"), "g1", "Name");
    private static final List<ConfigKey<?>> KEYS =
            List.of(HEARTBEAT, ELECTION_MIN, CACHE, ID, PEERS, SERVERS, AUTO, UNIT, FOLDER, NAME);

    @Test
    void defaultsApplyWhereNothingIsSet() {
        Config config = sources("replica.id: 1").load(KEYS);

        assertThat(config.get(HEARTBEAT)).isEqualTo(Duration.ofMillis(50));
        assertThat(config.get(SERVERS)).isEmpty();
        assertThat(config.get(FOLDER)).isEmpty();
        assertThat(config.origin(HEARTBEAT)).isEqualTo("default");
        assertThat(config.changed()).containsExactly("replica.id=1 (broker.yaml:1:13)");
    }

    @Test
    void everyTypeIsReadFromYaml() {
        Config config = sources("""
                        # a comment
                        raft:
                          heartbeat: 1.5s
                        replica:
                          id: 2
                          peers:
                            1: 127.0.0.1:10912
                            2: broker-two:10922
                            3: "[::1]:10932"
                        log.cache: 256MiB
                        namesrv:
                          servers:
                            - 127.0.0.1:8082
                            - other:8082
                        topic:
                          autoCreate: false
                          unit: hours
                        data:
                          folder: /tmp/x
                        """.replace("256MiB", "256MiB")).load(KEYS);

        assertThat(config.get(HEARTBEAT)).isEqualTo(Duration.ofMillis(1500));
        assertThat(config.get(CACHE)).isEqualTo(256L << 20);
        assertThat(config.get(PEERS))
                .containsEntry(2, new HostPort("broker-two", 10922))
                .containsEntry(3, new HostPort("::1", 10932));
        assertThat(config.get(SERVERS)).containsExactly(new HostPort("127.0.0.1", 8082), new HostPort("other", 8082));
        assertThat(config.get(AUTO)).isFalse();
        assertThat(config.get(UNIT)).isEqualTo(TimeUnit.HOURS);
        assertThat(config.get(FOLDER)).contains(Path.of("/tmp/x"));
    }

    @Test
    void flagWinsOverEnvironmentOverFileOverDefault() {
        ConfigSources file = sources("replica.id: 1\nraft:\n  heartbeat: 60ms\n");
        ConfigSources environment = new ConfigSources(file.file(), Map.of("ARGOSY_RAFT_HEARTBEAT", "70ms"), List.of());

        assertThat(file.load(KEYS).get(HEARTBEAT)).isEqualTo(Duration.ofMillis(60));
        assertThat(environment.load(KEYS).get(HEARTBEAT)).isEqualTo(Duration.ofMillis(70));
        assertThat(environment.load(KEYS).origin(HEARTBEAT)).isEqualTo("ARGOSY_RAFT_HEARTBEAT");
        assertThat(environment
                        .withFlags(List.of("raft.heartbeat=80ms"))
                        .load(KEYS)
                        .get(HEARTBEAT))
                .isEqualTo(Duration.ofMillis(80));
    }

    @Test
    void humpsOfAKeyBecomeUnderscoresOfItsVariable() {
        assertThat(ELECTION_MIN.variable()).isEqualTo("ARGOSY_RAFT_ELECTION_MIN");
    }

    @Test
    void mapsAndListsAreWrittenInOneLineElsewhere() {
        Config config = new ConfigSources(
                        Optional.empty(),
                        Map.of("ARGOSY_REPLICA_ID", "3", "ARGOSY_REPLICA_PEERS", "1=a:1, 2=b:2"),
                        List.of("namesrv.servers=a:8082,b:8082"))
                .load(KEYS);

        assertThat(config.get(PEERS)).hasToString("{1=a:1, 2=b:2}");
        assertThat(config.get(SERVERS)).hasSize(2);
    }

    @Test
    void unknownKeyIsNamedWithItsLineAndTheNearestKey() {
        assertProblems(
                "replica.id: 1\nraft:\n  heartbaet: 60ms\n",
                "broker.yaml:3:3: unknown key 'raft.heartbaet'; did you mean 'raft.heartbeat'?");
    }

    @Test
    void unknownSectionIsAProblemOfItsOwn() {
        assertProblems("replica.id: 1\nzoo:\n  keeper: 1\n", "broker.yaml:2:1: unknown key 'zoo'");
    }

    @Test
    void badValueIsNamedWithItsLineAndTheAllowedRange() {
        assertProblems(
                "replica:\n  id: 1\nraft:\n  heartbeat: 1ms\n",
                "broker.yaml:4:14: raft.heartbeat: '1ms' is out of range (allowed: 10ms to 10s)");
    }

    @Test
    void numberWithoutUnitIsRefused() {
        assertProblems(
                "replica.id: 1\nraft.heartbeat: 50\n",
                "broker.yaml:2:17: raft.heartbeat: '50' lacks a unit: us, ms, s, m, h, d (allowed: 10ms to 10s)");
    }

    @Test
    void missingRequiredKeySaysHowToSetIt() {
        assertProblems(
                "",
                "key 'replica.id' must be set, in the file, as ARGOSY_REPLICA_ID or with --replica.id=... "
                        + "(allowed: 1 to 1023)");
    }

    @Test
    void everyProblemIsReportedAtOnce() {
        ConfigSources sources = new ConfigSources(
                sources("topic:\n  autoCreate: yes\n  unit: weeks\n").file(),
                Map.of("ARGOSY_REPLICA_ID", "4711"),
                List.of("raft.hartbeat=1s", "nonsense"));

        assertThatThrownBy(() -> sources.load(KEYS))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "broker.yaml:2:15: topic.autoCreate: 'yes' is neither true nor false (allowed: true or false)",
                                        "broker.yaml:3:9: topic.unit: 'weeks' is not one of them (allowed: nanoseconds or microseconds"
                                                + " or milliseconds or seconds or minutes or hours or days)",
                                        "ARGOSY_REPLICA_ID: replica.id: '4711' is out of range (allowed: 1 to 1023)",
                                        "flag --raft.hartbeat: unknown key 'raft.hartbeat'; did you mean 'raft.heartbeat'?",
                                        "flag --nonsense: write --key=value"));
    }

    @Test
    void keySetTwiceIsRefused() {
        assertProblems(
                "replica.id: 1\nreplica.id: 2\n",
                "broker.yaml:2:1: key 'replica.id' was already set at broker.yaml:1:1");
    }

    @Test
    void brokenYamlIsNamedWithItsLine() {
        assertThatThrownBy(() -> YamlFile.parse("broker.yaml", "raft:\n\theartbeat: 1s\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("broker.yaml:2:1: not valid YAML: ");
    }

    @Test
    void sectionWhoseKeysAreCommentedOutIsNothing() {
        assertThat(sources("replica.id: 1\nraft:\n#  heartbeat: 60ms\n")
                        .load(KEYS)
                        .get(HEARTBEAT))
                .isEqualTo(Duration.ofMillis(50));
    }

    @Test
    void scalarInPlaceOfASectionIsExplained() {
        assertProblems(
                "replica.id: 1\nraft: 5\n",
                "broker.yaml:2:7: 'raft' is a section; expected 'key: value' lines below it");
    }

    @Test
    void misspeltVariableIsRefusedAndAForeignOneIsNot() {
        Map<String, String> foreign = Map.of("ARGOSY_REPLICA_ID", "1", "ARGOSY_JAVA_OPTS", "-Xmx1g");
        Map<String, String> misspelt = Map.of("ARGOSY_REPLICA_ID", "1", "ARGOSY_RAFT_HARTBEAT", "1s");

        assertThat(new ConfigSources(Optional.empty(), foreign, List.of())
                        .load(KEYS)
                        .get(ID))
                .isEqualTo(1);
        assertThatThrownBy(() -> new ConfigSources(Optional.empty(), misspelt, List.of()).load(KEYS))
                .hasMessage("environment: unknown variable 'ARGOSY_RAFT_HARTBEAT'; did you mean"
                        + " 'ARGOSY_RAFT_HEARTBEAT'?");
    }

    @Test
    void refusalOfAComponentBecomesAProblemOfTheConfiguration() {
        Config config = sources("replica.id: 1\nraft.heartbeat: 60ms\n").load(KEYS);

        assertThatThrownBy(() -> config.build(HEARTBEAT, c -> {
                    throw new IllegalArgumentException("heartbeat above a third of the election timeout");
                }))
                .hasMessage("broker.yaml:2:17: raft.heartbeat: heartbeat above a third of the election timeout");
    }

    @Test
    void valuesAreWrittenAsPeopleWould() {
        ValueType<Duration> duration = ValueType.duration(Duration.ZERO, Duration.ofDays(366));
        ValueType<Long> bytes = ValueType.bytes(0, Long.MAX_VALUE);

        assertThat(List.of(
                        duration.write(Duration.ofDays(3)),
                        duration.write(Duration.ofDays(366)),
                        duration.write(Duration.ofMillis(1500)),
                        duration.write(Duration.ofMinutes(5)),
                        duration.write(Duration.ZERO),
                        bytes.write(1L << 30),
                        bytes.write((1L << 20) + 1),
                        bytes.write(0L)))
                .containsExactly("72h", "366d", "1500ms", "5m", "0s", "1GiB", "1048577B", "0B");
    }

    @Test
    void referenceListsEveryKeyInOrder() {
        assertThat(ConfigReference.markdown(List.of(HEARTBEAT, ID))).isEqualTo("""
                        | key | default | allowed | what it is |
                        | --- | --- | --- | --- |
                        | `raft.heartbeat` | `50ms` | 10ms to 10s | Between heartbeats |
                        | `replica.id` | **required** | 1 to 1023 | Id |
                        """);
    }

    @Test
    void commandLineIsConfigFileAndOverrides() {
        Arguments arguments = Arguments.parse(
                List.of("--config", "broker.yaml", "--raft.heartbeat=60ms", "--set", "replica.id=1", "--check"));

        assertThat(arguments.configFile()).contains(Path.of("broker.yaml"));
        assertThat(arguments.flags()).containsExactly("raft.heartbeat=60ms", "replica.id=1");
        assertThat(arguments.check()).isTrue();
        assertThatThrownBy(() -> Arguments.parse(List.of("start", "--config")))
                .hasMessageContaining("argument 'start' not understood")
                .hasMessageContaining("--config: value missing");
    }

    private static ConfigSources sources(String yaml) {
        return new ConfigSources(Optional.of(YamlFile.parse("broker.yaml", yaml)), Map.of(), List.of());
    }

    private static void assertProblems(String yaml, String... problems) {
        assertThatThrownBy(() -> sources(yaml).load(KEYS))
                .isInstanceOfSatisfying(
                        ConfigException.class, e -> assertThat(e.problems()).containsExactly(problems));
    }
}
