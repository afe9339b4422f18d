package io.argosy.broker.registration;

import io.argosy.broker.topic.Topics;
import io.argosy.server.config.HostPort;
import java.time.Duration;
import java.util.List;

/**
 * @param self id of this replica
 * @param nameServers registration addresses; names are looked up with each attempt to connect
 * @param heartbeat between signs of life, and the longest pause before a lost name server is tried again; 1 s
 */
public record RegistrarConfig(int self, Topics.AutoCreate autoCreate, List<HostPort> nameServers, Duration heartbeat) {

    public RegistrarConfig {
        nameServers = List.copyOf(nameServers);
    }
}
