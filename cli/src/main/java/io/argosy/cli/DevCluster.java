package io.argosy.cli;

import io.argosy.broker.Broker;
import io.argosy.broker.BrokerConfig;
import io.argosy.namesrv.Namesrv;
import io.argosy.namesrv.NamesrvConfig;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.node.FailureHook;
import io.argosy.server.process.ExitCode;
import io.argosy.server.process.Lifecycle;
import io.argosy.server.process.StartException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One name server and three replicas in this process, on loopback; for developers and tests. */
final class DevCluster implements AutoCloseable {

    private static final Duration BIRTH_TIMEOUT = Duration.ofSeconds(30);
    /** Three logs on one disk of a developer's machine: files of the usual size would be mostly empty. */
    private static final RaftConfig.Storage STORAGE =
            new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 64L << 20, RaftConfig.Storage.DEFAULT.maxBytes());

    private static final RaftConfig.Limits LIMITS = new RaftConfig.Limits(
            RaftConfig.Limits.DEFAULT.batchBytesMax(),
            RaftConfig.Limits.DEFAULT.windowBytes(),
            64L << 20,
            16L << 20,
            RaftConfig.Limits.DEFAULT.readerThreads(),
            RaftConfig.Limits.DEFAULT.catchupBytesPerSecond());

    private final Path secretFile;
    private final DevPorts ports;
    private final Lifecycle lifecycle = new Lifecycle();

    private DevCluster(Path secretFile, DevPorts ports) {
        this.secretFile = secretFile;
        this.ports = ports;
    }

    /**
     * Starts everything, and creates the group if the folder is new. Returns before a leader is elected.
     *
     * @throws CommandFailure with what to do about it; nothing is left running
     */
    static DevCluster start(Path folder, DevPorts ports) {
        DevCluster cluster = new DevCluster(secret(folder), ports);
        try {
            cluster.startParts(folder);
            return cluster;
        } catch (StartException e) {
            cluster.close();
            String otherPorts =
                    e.exitCode() == ExitCode.CANNOT_LISTEN ? ", or choose other ports with --base-port" : "";
            throw new CommandFailure(ExitCodes.FAILED, e.getMessage() + otherPorts);
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private void startParts(Path folder) {
        NamesrvConfig defaults = NamesrvConfig.local(secretFile);
        Namesrv namesrv = lifecycle.add(
                "name server",
                Namesrv.start(new NamesrvConfig(
                        ports.namesrvAt(0),
                        ports.namesrvAt(1),
                        ports.namesrvAt(2),
                        secretFile,
                        defaults.scanInterval(),
                        defaults.expiry())));
        List<Broker> brokers = new ArrayList<>();
        for (int replica : ports.addresses().keySet()) {
            BrokerConfig config = BrokerConfig.local(
                            replica,
                            ports.addresses(),
                            ports.ops(replica),
                            folder.resolve("broker-" + replica),
                            secretFile,
                            List.of(namesrv.registrationAddress()))
                    .withRaft(new BrokerConfig.Raft(RaftConfig.Timing.DEFAULT, LIMITS, STORAGE));
            // One replica that breaks ends the process: a cluster that limps on would hide the fault.
            brokers.add(lifecycle.add("broker " + replica, Broker.start(config, FailureHook.HALT)));
        }
        if (brokers.stream()
                .allMatch(broker -> broker.node().status().groupUuid().isEmpty())) {
            create(brokers.get(0));
        }
    }

    private static void create(Broker first) {
        try {
            first.node().bootstrap().get(BIRTH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new CommandFailure(ExitCodes.FAILED, "the broker group could not be created: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCodes.FAILED, "interrupted");
        }
    }

    private static Path secret(Path folder) {
        Path file = folder.resolve("cluster.secret");
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        try {
            Files.createDirectories(folder);
            Files.writeString(file, HexFormat.of().formatHex(bytes), StandardOpenOption.CREATE_NEW);
            if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(
                        file, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
            }
        } catch (FileAlreadyExistsException e) {
            return file; // From an earlier run.
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.FAILED, "cannot write to " + folder + ": " + FileProblem.of(e));
        }
        return file;
    }

    Path secretFile() {
        return secretFile;
    }

    String endpoints() {
        return ports.namesrvAt(0).toString();
    }

    /** Stops in reverse order; each part makes durable what it has. */
    @Override
    public void close() {
        lifecycle.close();
    }
}
