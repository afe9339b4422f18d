package io.argosy.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.server.process.ExitCode;
import io.argosy.server.process.StartException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica whose state rots makes it anew and takes part again; one that forgot its vote is refused. */
final class StateDamageClusterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private static void rot(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            for (long at = 0; at < open.length(); at += 40) {
                open.seek(at);
                int old = open.read();
                open.seek(at);
                open.write(old ^ 0x10);
            }
        }
    }

    private List<Path> stateFiles(int replica, String part) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("broker-" + replica).resolve("state"))) {
            return files.filter(file -> file.toString().contains(part)).toList();
        }
    }

    private static void awaitAppliedAsLeader(LocalCluster cluster, int replica) {
        await().atMost(PATIENCE).until(() -> {
            long applied = cluster.broker(replica).node().status().appliedIndex();
            return cluster.leader()
                    .map(leader ->
                            applied >= cluster.broker(leader).node().status().commitIndex())
                    .orElse(false);
        });
    }

    @Test
    void replicasWhoseStateRotsMakeItAnewAndNothingIsLost() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(folder, 3)) {
            OfficialOrders orders = new OfficialOrders(cluster.endpoints());
            try (Producer producer = orders.producer()) {
                orders.send(producer, 0, 20);
            }

            cluster.stopBroker(1);
            rot(stateFiles(1, "MANIFEST").get(0));
            cluster.startBroker(1);
            awaitAppliedAsLeader(cluster, 1);

            cluster.stopBroker(2);
            for (Path table : stateFiles(2, ".sst")) {
                rot(table);
            }
            cluster.startBroker(2);
            awaitAppliedAsLeader(cluster, 2);

            cluster.awaitLeader();
            cluster.stopBroker(3);
            cluster.awaitLeader();
            assertThat(new HashSet<>(orders.receive(20)))
                    .isEqualTo(IntStream.range(0, 20)
                            .mapToObj(OfficialOrders::text)
                            .collect(Collectors.toSet()));
        }
    }

    @Test
    void replicaThatForgotItsVoteIsRefusedWithTheCommandThatHelps() throws Exception {
        try (LocalCluster cluster = LocalCluster.start(folder, 3)) {
            cluster.stopBroker(2);
            rot(folder.resolve("broker-2").resolve("hardstate"));

            assertThatThrownBy(() -> cluster.startBroker(2))
                    .isInstanceOfSatisfying(
                            StartException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA_FOLDER_REFUSED))
                    .hasMessageContaining("hardstate")
                    .hasMessageContaining("argosy raft replace --replica 2 --with ID --peer HOST:PORT");
        }
    }
}
