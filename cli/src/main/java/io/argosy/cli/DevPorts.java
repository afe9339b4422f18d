package io.argosy.cli;

import io.argosy.broker.ReplicaAddresses;
import io.argosy.server.config.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Ports of a development cluster on loopback.
 *
 * @param namesrv of the name server; registration and health are the two behind it
 * @param replicas of the clients of each replica; peers, admin and health are the three behind it
 */
record DevPorts(int namesrv, List<Integer> replicas) {

    static final int REPLICAS = 3;

    private static final int NAMESRV_DEFAULT = 8081;
    private static final int REPLICA_DEFAULT = 10911;
    private static final int STEP = 10;
    private static final int PORTS_OF_NAMESRV = 3;
    private static final int PORTS_OF_REPLICA = 4;
    private static final String LOOPBACK = "127.0.0.1";
    /** Below the range from which operating systems draw ports for outgoing connections. */
    private static final int SEARCH_FROM = 18081;

    private static final int SEARCH_TO = 32000;

    DevPorts {
        replicas = List.copyOf(replicas);
    }

    /** The ports that tutorials use. */
    static DevPorts usual() {
        return new DevPorts(
                NAMESRV_DEFAULT, List.of(REPLICA_DEFAULT, REPLICA_DEFAULT + STEP, REPLICA_DEFAULT + 2 * STEP));
    }

    static DevPorts from(int base) {
        return new DevPorts(base, List.of(base + STEP, base + 2 * STEP, base + 3 * STEP));
    }

    /** A block of ports that is free now. */
    static DevPorts free() {
        for (int base = SEARCH_FROM; base < SEARCH_TO; base += 5 * STEP) {
            DevPorts ports = from(base);
            if (ports.taken().isEmpty()) {
                return ports;
            }
        }
        throw new CommandFailure(ExitCodes.FAILED, "no free block of ports was found; choose one with --base-port");
    }

    List<Integer> taken() {
        List<Integer> taken = new ArrayList<>();
        collectTaken(namesrv, PORTS_OF_NAMESRV, taken);
        replicas.forEach(port -> collectTaken(port, PORTS_OF_REPLICA, taken));
        return taken;
    }

    static String inWords(List<Integer> taken) {
        String few = taken.stream().limit(3).map(String::valueOf).collect(Collectors.joining(", "));
        return taken.size() == 1
                ? "port " + few + " is taken"
                : "ports " + few + (taken.size() > 3 ? " and " + (taken.size() - 3) + " more" : "") + " are taken";
    }

    private static void collectTaken(int first, int count, List<Integer> taken) {
        for (int port = first; port < first + count; port++) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            } catch (IOException e) {
                taken.add(port);
            }
        }
    }

    HostPort namesrvAt(int offset) {
        return new HostPort(LOOPBACK, namesrv + offset);
    }

    /** By replica id, from 1. */
    SortedMap<Integer, ReplicaAddresses> addresses() {
        SortedMap<Integer, ReplicaAddresses> addresses = new TreeMap<>();
        for (int i = 0; i < replicas.size(); i++) {
            int port = replicas.get(i);
            addresses.put(
                    i + 1,
                    new ReplicaAddresses(
                            new HostPort(LOOPBACK, port),
                            new HostPort(LOOPBACK, port + 1),
                            new HostPort(LOOPBACK, port + 2)));
        }
        return addresses;
    }

    HostPort ops(int replica) {
        return new HostPort(LOOPBACK, replicas.get(replica - 1) + 3);
    }
}
