package io.argosy.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a replica that is to be added is found. */
final class NewReplica {

    @Option(
            names = "--peer",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where it listens for its peers (its client port plus 1 by default)")
    private String peer = "";

    @Option(
            names = "--client",
            paramLabel = "HOST:PORT",
            description = "Where clients reach it (default: the peer port minus 1)")
    private @Nullable String client;

    @Option(names = "--admin", paramLabel = "HOST:PORT", description = "Its admin port (default: the peer port plus 1)")
    private @Nullable String admin;

    String peer() {
        return beside(0);
    }

    String client() {
        return client == null ? beside(-1) : client;
    }

    String admin() {
        return admin == null ? beside(1) : admin;
    }

    /** Empty if nobody named one, and it follows from the peer address. */
    Optional<String> givenAdmin() {
        return Optional.ofNullable(admin);
    }

    /** The port that is so many above the peer port, on the same host. */
    String beside(int ports) {
        int colon = peer.lastIndexOf(':');
        try {
            if (colon > 0) {
                return peer.substring(0, colon) + ":" + (Integer.parseInt(peer.substring(colon + 1)) + ports);
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new CommandFailure(ExitCodes.USAGE, "'" + peer + "' is not host:port");
    }
}
