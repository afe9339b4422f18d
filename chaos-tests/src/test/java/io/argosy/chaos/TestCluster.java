package io.argosy.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** A cluster for one test class: free ports, a folder of its own, stopped and deleted at the end. */
final class TestCluster extends Cluster {

    private static final int PORTS_PER_CLUSTER = 100;

    private TestCluster(Path home, Path folder, int basePort, Map<String, String> environment) {
        super(home, folder, basePort, 3, environment);
    }

    static TestCluster start(String name, Map<String, String> environment) {
        Path home = Path.of(required("argosy.home"));
        Path folder = Path.of(required("argosy.work")).resolve(name);
        delete(folder);
        Map<String, String> settings = new HashMap<>(environment);
        settings.put("ARGOSY_JAVA_OPTS", JavaFlags.SERVERS);
        settings.put("JAVA_OPTS", JavaFlags.ARCHIVE);
        TestCluster cluster = new TestCluster(home, folder, freeBasePort(), settings);
        try {
            cluster.start();
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    static TestCluster start(String name) {
        return start(name, Map.of());
    }

    @Override
    public void close() {
        super.close();
        delete(folder());
    }

    private static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalStateException("run through Maven, which sets -D" + property);
        }
        return value;
    }

    private static int freeBasePort() {
        for (int attempt = 0; attempt < 100; attempt++) {
            int base = ThreadLocalRandom.current().nextInt(20_000, 32_000) / PORTS_PER_CLUSTER * PORTS_PER_CLUSTER;
            if (allFree(base)) {
                return base;
            }
        }
        throw new IllegalStateException("no " + PORTS_PER_CLUSTER + " free ports in a row");
    }

    private static boolean allFree(int base) {
        for (int port = base; port < base + PORTS_PER_CLUSTER; port++) {
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                probe.setReuseAddress(true);
            } catch (IOException taken) {
                return false;
            }
        }
        return true;
    }

    static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + folder, e);
        }
    }

    /** What the processes of all clusters are started with. */
    private static final class JavaFlags {

        /** For the command line, which is short-lived anyway. */
        static final String ARCHIVE = archive();

        /** Servers live for seconds here, in which the second compiler costs more than it gives. */
        static final String SERVERS = "-XX:TieredStopAtLevel=1 " + ARCHIVE;

        private static String archive() {
            Path folder = Path.of(required("argosy.work")).resolve("class-archive");
            return ClassArchive.flags(Path.of(required("argosy.home")), folder, freeBasePort());
        }
    }
}
