package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.topic.TopicLimits;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.server.config.ConfigReference;
import io.argosy.server.config.ConfigSources;
import io.argosy.server.config.HostPort;
import io.argosy.server.config.YamlFile;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class BrokerConfigTest {

    private static final Path DOCUMENT = Path.of("../docs/configuration.md");
    private static final String MINIMAL = """
            replica: 2
            secretFile: cluster.secret
            replicas:
              1:
                client: 127.0.0.1:10911
                peer: 127.0.0.1:10912
                admin: 127.0.0.1:10913
              2:
                client: 127.0.0.1:10921
                peer: 127.0.0.1:10922
                admin: 127.0.0.1:10923
            """;

    @Test
    void minimalFileGetsTheDefaultsOfTheComponents() {
        BrokerConfig config = config(MINIMAL);

        assertThat(config.raft()).isEqualTo(BrokerConfig.Raft.DEFAULT);
        assertThat(config.topics()).isEqualTo(BrokerConfig.TopicDefaults.DEFAULT);
        assertThat(config.memory()).isEqualTo(BrokerConfig.Memory.DEFAULT);
        assertThat(config.listen().client()).isEqualTo(new HostPort("127.0.0.1", 10911));
        assertThat(config.advertised().get(1).getAdminPort()).isEqualTo(10923);
        assertThat(config.raft().storage().flush()).isEqualTo(RaftConfig.Flush.FSYNC);
    }

    @Test
    void replicasFitIntoOneVariable() {
        BrokerConfig file = config(MINIMAL);
        String oneLine = ReplicaAddresses.MAP.write(file.replicas());

        BrokerConfig environment = BrokerKeys.configOf(new ConfigSources(
                        Optional.empty(),
                        Map.of("ARGOSY_REPLICAS", oneLine, "ARGOSY_REPLICA", "2", "ARGOSY_SECRET_FILE", "x"),
                        List.of())
                .load(BrokerKeys.ALL));

        assertThat(environment.replicas()).isEqualTo(file.replicas());
    }

    @Test
    void overridesChangeWhereAPeerIsReachedAndNothingElse() {
        BrokerConfig config = config(MINIMAL + "peerAddressOverrides:\n  1: proxy:4711\n");

        assertThat(config.raftConfig().peers())
                .containsEntry(new ReplicaId(1), InetSocketAddress.createUnresolved("proxy", 4711))
                .containsEntry(new ReplicaId(2), InetSocketAddress.createUnresolved("127.0.0.1", 10922));
        assertThat(config.advertised().get(0).getClientPort()).isEqualTo(10911);
    }

    @Test
    void advertisedAddressIsWhatClientsAreTold() {
        BrokerConfig config = config(MINIMAL + "advertisedClientAddress: broker-two.example:443\n");

        assertThat(config.advertised().get(1).getClientHost()).isEqualTo("broker-two.example");
        assertThat(config.listen().client()).isEqualTo(new HostPort("127.0.0.1", 10911));
    }

    @Test
    void replicaThatIsNotAmongTheReplicasIsRefused() {
        assertThatThrownBy(() -> config(MINIMAL.replace("replica: 2", "replica: 7")))
                .hasMessageContaining("broker.yaml:4:3: replicas: replica 7 is not among the replicas [1, 2]");
    }

    @Test
    void replicaWithoutAllItsAddressesIsRefused() {
        assertThatThrownBy(() -> config(MINIMAL.replace("    admin: 127.0.0.1:10923\n", "")))
                .hasMessageContaining("broker.yaml:4:3: replicas: replica 2 lacks its admin address");
    }

    @Test
    void timingsThatContradictEachOtherAreRefusedAtTheirLine() {
        assertThatThrownBy(() -> config(MINIMAL + "raft:\n  electionMin: 100ms\n"))
                .hasMessageContaining("broker.yaml:13:16: raft.electionMin: raft.electionMin must be at least 3 times");
    }

    @Test
    void contradictionsBlameTheKeyThatWasSetAndNotADefault() {
        assertThatThrownBy(() -> config(MINIMAL, "raft.heartbeat=200ms"))
                .hasMessage("flag --raft.heartbeat: raft.heartbeat: raft.electionMin must be at least 3 times"
                        + " raft.heartbeat; there are raft.electionMin=300ms (default), raft.heartbeat=200ms (flag"
                        + " --raft.heartbeat)");
        assertThatThrownBy(() -> config(MINIMAL, "raft.electionMax=100ms"))
                .hasMessageStartingWith("flag --raft.electionMax: raft.electionMax: ");
    }

    @Test
    void topicsHaveLimits() {
        assertThat(TopicLimits.problem(1, Duration.ofMinutes(1))).isEmpty();
        assertThat(TopicLimits.problem(0, Duration.ofMinutes(1))).isPresent();
        assertThat(TopicLimits.problem(65_537, Duration.ofMinutes(1))).isPresent();
        assertThat(TopicLimits.problem(1, Duration.ofSeconds(1)))
                .hasValueSatisfying(text -> assertThat(text).contains("1m"));
    }

    @Test
    void certificateWithoutKeyIsRefused() {
        assertThatThrownBy(() -> config(MINIMAL + "client.tlsCertificate: chain.pem\n"))
                .hasMessageContaining("client.tlsCertificate: client.tlsCertificate and client.tlsKey go together");
    }

    /** Rewritten with {@code -Ddocs.rewrite=true}. */
    @Test
    void everyKeyIsDocumented() throws Exception {
        String document = Files.readString(DOCUMENT);
        String expected = ConfigReference.withSection(document, "broker", ConfigReference.markdown(BrokerKeys.ALL));
        if (Boolean.getBoolean("docs.rewrite")) {
            Files.writeString(DOCUMENT, expected);
        } else {
            assertThat(document).isEqualTo(expected);
        }
    }

    private static BrokerConfig config(String yaml, String... flags) {
        return BrokerKeys.configOf(
                new ConfigSources(Optional.of(YamlFile.parse("broker.yaml", yaml)), Map.of(), List.of(flags))
                        .load(BrokerKeys.ALL));
    }
}
