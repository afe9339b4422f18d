package io.argosy.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.argosy.broker.Broker;
import io.argosy.broker.BrokerConfig;
import io.argosy.broker.ReplicaAddresses;
import io.argosy.client.ClusterDescription.Group;
import io.argosy.namesrv.Namesrv;
import io.argosy.namesrv.NamesrvConfig;
import io.argosy.server.config.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * What an operator reads who asks for a step that is forbidden: what stands in the way, and what to do next. What depends
 * on a moment (a learner that lags, a change under way) is in {@code ForbiddenTextsTest} of {@code raft/}.
 */
@Timeout(180)
final class RefusedChangesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final Map<Integer, Broker> brokers = new HashMap<>();
    private DevPorts ports = DevPorts.usual();
    private HostPort fourthClient = ports.namesrvAt(0);
    private Path secret = Path.of("");
    private List<HostPort> nameServers = List.of();
    private Namesrv namesrv;

    @BeforeEach
    void start() throws Exception {
        ports = DevPorts.free();
        // The three ports behind a name server's three, which nobody else takes in the block.
        fourthClient = ports.namesrvAt(4);
        secret = Files.writeString(folder.resolve("cluster.secret"), "5".repeat(64));
        NamesrvConfig defaults = NamesrvConfig.local(secret);
        namesrv = Namesrv.start(new NamesrvConfig(
                ports.namesrvAt(0),
                ports.namesrvAt(1),
                ports.namesrvAt(2),
                secret,
                defaults.scanInterval(),
                defaults.expiry()));
        nameServers = List.of(namesrv.registrationAddress());
        for (int id = 1; id <= 3; id++) {
            start(id, ports.addresses());
        }
        broker(1).node().bootstrap().get(30, TimeUnit.SECONDS);
        awaitLeader();
    }

    @AfterEach
    void stop() {
        brokers.values().forEach(Broker::close);
        namesrv.close();
    }

    @Test
    void everyForbiddenStepSaysWhatStandsInTheWayAndWhatToDoNext() throws IOException {
        int leader = awaitLeader();
        int second = leader % 3 + 1;
        int third = second % 3 + 1;
        String nobody = "the group has no replica 9: 'argosy raft status' lists those it has";

        // Unknown ids.
        refused(nobody, "promote", "--replica", "9");
        refused(nobody, "remove", "--replica", "9");
        refused(nobody, "transfer", "--to", "9");
        refused(nobody, "priority", "--replica", "9", "--priority", "1");
        refused("group g1 has no replica 9: 'argosy raft status' lists those it has", "scrub", "--replica", "9");
        refused(nobody, "replace", "--replica", "9", "--with", "4", "--peer", peer(4));
        // A replica in its own place, or in that of another member.
        for (int with : new int[] {third, second}) {
            refused(
                    "replica " + with + " is a member already, and not one that was added at " + peer(with)
                            + ": give the new replica an id that was never used, or remove replica " + third
                            + " with 'argosy raft remove'",
                    "replace",
                    "--replica",
                    "" + third,
                    "--with",
                    "" + with,
                    "--peer",
                    peer(with));
        }
        // Nothing to do.
        refused(
                "replica " + second + " is a voter already: nothing is left to do",
                "promote",
                "--replica",
                "" + second);
        refused("replica " + leader + " leads already: nothing is left to do", "transfer", "--to", "" + leader);
        // Ids and stores in use.
        refused(
                "replica " + second + " is a member already; if its disk is new or was wiped it needs a new id: add it"
                        + " under that one, then remove this one",
                "add",
                "--replica",
                "" + second,
                "--peer",
                peer(second));
        refused(
                "what answers at " + peer(second) + " is replica " + second
                        + ", not 4: give the peer address of replica 4",
                "add",
                "--replica",
                "4",
                "--peer",
                peer(second));
        refused(
                "replica 4 cannot be asked at " + peer(4)
                        + " (nobody listens there): check that it runs, and that this is" + " its peer address",
                "add",
                "--replica",
                "4",
                "--peer",
                peer(4));
        Run noAddress = run("add", "--replica", "4", "--peer", "4");
        assertThat(noAddress.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(noAddress.err()).isEqualTo("argosy: '4' is not host:port" + System.lineSeparator());
        wrong("'0' is not a replica id: 1 to 1023", "promote", "--replica", "0");
        wrong("'5000' is not a replica id: 1 to 1023", "add", "--replica", "5000", "--peer", peer(4));
        wrong(
                "'1024' is not a replica id: 1 to 1023",
                "replace",
                "--replica",
                "1",
                "--with",
                "1024",
                "--peer",
                peer(4));
        wrong("'256' is not a priority: 0 to 255", "priority", "--replica", "1", "--priority", "256");
        wrong("--rate must be positive", "scrub", "--rate", "0");
        wrong("--rate must be positive", "scrub", "--rate", "-1");

        // A learner, then one that is gone.
        start(4, addressesWithFourth());
        String admin = fourthClient.withPort(fourthClient.port() + 2).toString();
        refused(
                admin
                        + " is the admin port of replica 4, and --peer takes its peer port: by default that is one below, "
                        + peer(4),
                "add",
                "--replica",
                "4",
                "--peer",
                admin);
        String otherAdmin =
                requireNonNull(ports.addresses().get(second)).admin().toString();
        refused(
                "what answers at " + otherAdmin + " is replica " + second
                        + ", not 4: give the admin address of replica 4",
                "add",
                "--replica",
                "4",
                "--peer",
                peer(4),
                "--admin",
                otherAdmin);
        String closed = ports.namesrvAt(3).toString();
        refused(
                "replica 4 cannot be asked at --admin " + closed + ": the admin port " + closed
                        + " cannot be reached (connection refused); check that the broker runs",
                "add",
                "--replica",
                "4",
                "--peer",
                peer(4),
                "--admin",
                closed);
        assertThat(broker(leader).node().status().membership().orElseThrow().members())
                .hasSize(3);
        done("add", "--replica", "4", "--peer", peer(4), "--admin", admin);
        refused("replica 4 is a learner, and learners don't lead: promote it first", "transfer", "--to", "4");
        broker(4).close();
        brokers.remove(4);
        await().atMost(PATIENCE)
                .untilAsserted(() -> refused(
                        "replica 4 does not answer the leader: start it, or mend the network between them",
                        "promote",
                        "--replica",
                        "4"));
        // While it waits it says why, and then not again.
        Run waited = run("promote", "--replica", "4", "--wait", "3s");
        assertThat(waited.code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(waited.err())
                .containsOnlyOnce("replica 4 does not answer the leader: start it, or mend the network between them")
                .endsWith("argosy: time is up, and nothing has changed since" + System.lineSeparator());
        done("remove", "--replica", "4");
        refused(
                "replica 4 was removed, and ids are never used again: add a replica with a new id",
                "promote",
                "--replica",
                "4");
        refused(
                "id 4 belonged to a replica that was removed, and ids are never used again: configure the new replica"
                        + " with a new id",
                "add",
                "--replica",
                "4",
                "--peer",
                peer(4));

        // The wrong secret, and no name server.
        Path wrong = Files.writeString(folder.resolve("wrong.secret"), "f".repeat(64));
        Run run = Run.of("raft", "status", "-e", endpoints(), "--secret-file", wrong.toString());
        assertThat(run.code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(run.err())
                .startsWith("argosy: the admin port 127.0.0.1:")
                .contains(" does not accept the cluster secret; use the file that the servers use as 'secretFile'");
        String nowhere = ports.namesrvAt(3).toString();
        run = Run.of("raft", "status", "-e", nowhere, "--secret-file", secret.toString());
        assertThat(run.code()).isEqualTo(ExitCodes.NOT_REACHABLE);
        assertThat(run.err())
                .isEqualTo("argosy: nobody listens at " + nowhere
                        + " (connection refused); check host and port, and that the server runs"
                        + System.lineSeparator());

        // Too few are left, then nobody leads.
        broker(third).close();
        brokers.remove(third);
        await().atMost(PATIENCE)
                .untilAsserted(() -> refused(
                        "replica " + third + " does not answer the leader: start it, or choose another one",
                        "transfer",
                        "--to",
                        "" + third));
        refused(
                "only 1 of the 2 voters that there would be answer, and nothing commits without 2: start the others, or"
                        + " remove those that are gone first",
                "remove",
                "--replica",
                "" + second);
        // Nor is the leader removed, and it goes on leading.
        long term = broker(leader).node().status().term();
        refused(
                "only 1 of the 2 voters that there would be answer, and nothing commits without 2: start the others, or"
                        + " remove those that are gone first",
                "remove",
                "--replica",
                "" + leader);
        // Not even for those who were told that another one leads: what is asked first is a follower then.
        CommonOptions options = new CommonOptions();
        new CommandLine(options)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs("-e", endpoints(), "--secret-file", secret.toString(), "--timeout", "20s");
        try (AdminClient asking = options.admin()) {
            Group group = asking.group(Optional.empty());
            Group stale = new Group(group.name(), group.uuid(), group.term(), Optional.of(second), group.replicas());
            assertThatThrownBy(() -> GroupReplicas.remove(asking, stale, leader))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageStartingWith("only 1 of the 2 voters that there would be answer");
        }
        assertThat(broker(leader).node().status().leading()).isTrue();
        assertThat(broker(leader).node().status().term()).isEqualTo(term);

        // What the leader knows of the one that is gone.
        assertThat(run("status").out()).containsPattern("(?m)^" + third + " .* UNREACHABLE, silent \\d+\\.\\d s$");
        JsonNode members = run("status", "-o", "json").json().get("members");
        for (JsonNode member : members) {
            boolean gone = member.get("replicaId").asInt() == third;
            assertThat(member.get("silent").asBoolean()).isEqualTo(gone);
            assertThat(member.get("caughtUp").asBoolean()).isEqualTo(!gone);
        }
        Run cluster = Run.of("cluster", "status", "-e", endpoints(), "--secret-file", secret.toString());
        assertThat(cluster.code()).isEqualTo(ExitCodes.PARTIAL);
        assertThat(cluster.out())
                .containsPattern(
                        "replica g1/" + third + " is silent: the last answer to its leader is \\d+\\.\\d s old");

        broker(second).close();
        brokers.remove(second);
        await().atMost(PATIENCE).until(() -> run("status").out().contains("leader none"));
        Run status = run("status");
        assertThat(status.code()).isEqualTo(ExitCodes.PARTIAL);
        assertThat(status.out())
                .startsWith("!! no leader: 1 of 3 voters answer, 2 needed; start " + Math.min(second, third) + ", "
                        + Math.max(second, third) + System.lineSeparator());
        Run whole = Run.of("cluster", "status", "-e", endpoints(), "--secret-file", secret.toString());
        assertThat(whole.code()).isEqualTo(ExitCodes.PARTIAL);
        assertThat(whole.out())
                .contains("!! group g1 has no leader: 1 of 3 voters answer, 2 needed; start " + Math.min(second, third)
                        + ", " + Math.max(second, third) + System.lineSeparator());
        for (List<String> what : List.of(List.of("-m", "a"), List.of("--count", "2"))) {
            List<String> produce = new ArrayList<>(List.of("produce", "t", "-e", endpoints(), "--timeout", "3s"));
            produce.addAll(what);
            Run unsent = Run.of(produce.toArray(String[]::new));
            assertThat(unsent.code()).as(unsent.err()).isNotZero();
            assertThat(unsent.err()).contains("'argosy raft status'");
        }
        Run leaderless = Run.of(
                "raft",
                "remove",
                "--replica",
                "" + second,
                "-e",
                endpoints(),
                "--secret-file",
                secret.toString(),
                "--timeout",
                "2s");
        assertThat(leaderless.code()).isEqualTo(ExitCodes.NOT_REACHABLE);
        assertThat(leaderless.err())
                .isEqualTo("argosy: no replica of group g1 leads at the moment: try again in a second; if it stays so,"
                        + " 'argosy cluster status' shows who is missing" + System.lineSeparator());
    }

    @Test
    void theLastVoterStays() {
        int leader = awaitLeader();
        done("remove", "--replica", "" + (leader % 3 + 1));
        done("remove", "--replica", "" + ((leader + 1) % 3 + 1));

        refused(
                "replica " + leader + " is the only voter: promote another one first",
                "remove",
                "--replica",
                "" + leader);
    }

    private void start(int id, SortedMap<Integer, ReplicaAddresses> replicas) {
        HostPort client = requireNonNull(replicas.get(id)).client();
        BrokerConfig config = BrokerConfig.local(
                id, replicas, client.withPort(0), folder.resolve("broker-" + id), secret, nameServers);
        brokers.put(id, Broker.start(config, (exitCode, cause) -> {
            throw new AssertionError("replica " + id + " failed", cause);
        }));
    }

    private Broker broker(int id) {
        return requireNonNull(brokers.get(id));
    }

    private SortedMap<Integer, ReplicaAddresses> addressesWithFourth() {
        SortedMap<Integer, ReplicaAddresses> all = new TreeMap<>(ports.addresses());
        all.put(
                4,
                new ReplicaAddresses(
                        fourthClient,
                        fourthClient.withPort(fourthClient.port() + 1),
                        fourthClient.withPort(fourthClient.port() + 2)));
        return all;
    }

    private String peer(int id) {
        return requireNonNull(addressesWithFourth().get(id)).peer().toString();
    }

    private String endpoints() {
        return ports.namesrvAt(0).toString();
    }

    private int awaitLeader() {
        await().atMost(PATIENCE)
                .until(() -> brokers.values().stream()
                        .anyMatch(broker -> broker.node().status().leading()));
        await().atMost(PATIENCE).until(() -> run("status").out().matches("(?s).*leader \\d.*"));
        return brokers.entrySet().stream()
                .filter(each -> each.getValue().node().status().leading())
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    private void refused(String message, String... command) {
        Run run = run(command);

        assertThat(run.err()).isEqualTo("argosy: " + message + System.lineSeparator());
        assertThat(run.code()).isEqualTo(ExitCodes.REFUSED);
        assertThat(run.out()).isEmpty();
    }

    private void wrong(String message, String... command) {
        Run run = run(command);

        assertThat(run.err()).contains(message);
        assertThat(run.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(run.out()).isEmpty();
    }

    private void done(String... command) {
        Run run = run(command);

        assertThat(run.code()).as(run.err()).isZero();
    }

    private Run run(String... command) {
        List<String> all = new ArrayList<>(List.of("raft"));
        all.addAll(Arrays.asList(command));
        all.addAll(List.of("-e", endpoints(), "--secret-file", secret.toString(), "--timeout", "20s"));
        return Run.of(all.toArray(String[]::new));
    }
}
