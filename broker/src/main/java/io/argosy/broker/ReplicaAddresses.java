package io.argosy.broker;

import io.argosy.server.config.HostPort;
import io.argosy.server.config.ValueType;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Where a replica is reached.
 *
 * @param client by clients; published in routes, so it must mean the same everywhere
 * @param peer by the other replicas
 * @param admin by tools and by the other replicas
 */
public record ReplicaAddresses(HostPort client, HostPort peer, HostPort admin) {

    private static final ValueType<Integer> ID = ValueType.integer(1, 1023);

    /** {@code 1.client=host:port,1.peer=host:port,1.admin=host:port,2.client=...}, in a file a map of maps. */
    static final ValueType<SortedMap<Integer, ReplicaAddresses>> MAP = ValueType.of(
            "map",
            "for each replica id (1 to 1023): client, peer and admin = host:port",
            ReplicaAddresses::readAll,
            ReplicaAddresses::writeAll);

    private static SortedMap<Integer, ReplicaAddresses> readAll(String text) {
        SortedMap<Integer, Map<String, HostPort>> partsById = new TreeMap<>();
        for (String part : ValueType.parts(text)) {
            int dot = part.indexOf('.');
            int equals = part.indexOf('=');
            if (dot < 0 || equals < dot) {
                throw new IllegalArgumentException("'" + part + "' is not ID.client=, ID.peer= or ID.admin=host:port");
            }
            String plane = part.substring(dot + 1, equals).strip();
            if (!List.of("client", "peer", "admin").contains(plane)) {
                throw new IllegalArgumentException("'" + plane + "' is none of client, peer and admin");
            }
            Integer id = ID.read(part.substring(0, dot).strip());
            HostPort address = HostPort.parse(part.substring(equals + 1).strip());
            if (partsById.computeIfAbsent(id, i -> new TreeMap<>()).put(plane, address) != null) {
                throw new IllegalArgumentException("'" + id + "." + plane + "' occurs twice");
            }
        }
        SortedMap<Integer, ReplicaAddresses> addresses = new TreeMap<>();
        partsById.forEach((id, parts) -> addresses.put(
                id,
                new ReplicaAddresses(part(id, parts, "client"), part(id, parts, "peer"), part(id, parts, "admin"))));
        return Collections.unmodifiableSortedMap(addresses);
    }

    private static HostPort part(Integer id, Map<String, HostPort> parts, String plane) {
        return Optional.ofNullable(parts.get(plane))
                .orElseThrow(() -> new IllegalArgumentException("replica " + id + " lacks its " + plane + " address"));
    }

    private static String writeAll(SortedMap<Integer, ReplicaAddresses> addresses) {
        return addresses.entrySet().stream()
                .map(e -> e.getKey() + ".client=" + e.getValue().client() + "," + e.getKey() + ".peer="
                        + e.getValue().peer() + "," + e.getKey() + ".admin="
                        + e.getValue().admin())
                .collect(Collectors.joining(","));
    }
}
