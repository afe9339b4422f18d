package io.argosy.cli;

import io.argosy.client.ArgosyClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that all commands that talk to a cluster have. */
final class CommonOptions extends OutputOptions {

    private static final String ENDPOINTS_DEFAULT = "127.0.0.1:8081";
    private static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(10);
    private static final Duration ATTEMPT_MAX = Duration.ofSeconds(3);

    @Option(
            names = {"-e", "--endpoints"},
            paramLabel = "HOST:PORT[,...]",
            description = "Name servers or brokers; one that answers is enough (default: $ARGOSY_ENDPOINTS, else "
                    + ENDPOINTS_DEFAULT + ")")
    private @Nullable String endpoints;

    @Option(
            names = "--secret-file",
            paramLabel = "FILE",
            description = "File with the cluster secret, for admin calls (default: $ARGOSY_SECRET_FILE)")
    private @Nullable Path secretFile;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long to try, such as 500ms, 10s or 2m (default: 10s); for consume, stop after so long"
                    + " without a message (default: never)")
    private @Nullable Duration timeout;

    @Option(names = "--tls", description = "Encrypt connections to the cluster's client ports")
    private boolean tls;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description = "PEM file with the authority to trust, or with the server's own certificate; implies --tls")
    private @Nullable Path tlsCa;

    @Option(
            names = "--tls-insecure",
            description = "Take any certificate, such as the one a server makes at its start; implies --tls")
    private boolean tlsInsecure;

    String endpoints() {
        if (endpoints != null) {
            return endpoints;
        }
        return givenInFront()
                .or(() -> Optional.ofNullable(System.getenv("ARGOSY_ENDPOINTS")))
                .filter(text -> !text.isBlank())
                .orElse(ENDPOINTS_DEFAULT);
    }

    Optional<Path> secretFile() {
        if (secretFile != null) {
            return Optional.of(secretFile);
        }
        return Optional.ofNullable(System.getenv("ARGOSY_SECRET_FILE"))
                .filter(text -> !text.isBlank())
                .map(Path::of);
    }

    private Optional<String> givenInFront() {
        return root().userObject() instanceof ArgosyMain main ? main.endpoints() : Optional.empty();
    }

    Duration timeout() {
        return timeout == null ? TIMEOUT_DEFAULT : timeout;
    }

    /** Empty if nobody asked for one. */
    Optional<Duration> givenTimeout() {
        return Optional.ofNullable(timeout);
    }

    ArgosyClient client() {
        if (tlsCa != null && tlsInsecure) {
            throw new CommandFailure(ExitCodes.USAGE, "--tls-ca and --tls-insecure exclude each other");
        }
        if (tlsCa != null && !Files.isReadable(tlsCa)) {
            throw new CommandFailure(ExitCodes.USAGE, "--tls-ca: cannot read " + tlsCa);
        }
        Duration attempt = timeout().compareTo(ATTEMPT_MAX) < 0 ? timeout() : ATTEMPT_MAX;
        try {
            ArgosyClient.Builder builder =
                    ArgosyClient.builder().endpoints(endpoints()).tls(tls).requestTimeout(attempt);
            if (tlsInsecure) {
                builder.tlsToAnybody();
            }
            if (tlsCa != null) {
                builder.trustedCertificates(tlsCa);
            }
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, e.getMessage() == null ? "bad endpoints" : e.getMessage());
        }
    }

    AdminClient admin() {
        return AdminClient.open(this);
    }
}
