package io.argosy.cli;

import io.argosy.client.ArgosyClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that all commands that talk to a cluster have. */
final class CommonOptions extends OutputOptions {

    private static final String ENDPOINTS_DEFAULT = "127.0.0.1:8081";

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
            defaultValue = "10s",
            converter = DurationConverter.class,
            description = "How long to try, such as 500ms, 10s or 2m (default: ${DEFAULT-VALUE})")
    private Duration timeout = Duration.ofSeconds(10);

    @Option(names = "--tls", description = "Encrypt connections to the cluster's client ports")
    private boolean tls;

    String endpoints() {
        if (endpoints != null) {
            return endpoints;
        }
        return Optional.ofNullable(System.getenv("ARGOSY_ENDPOINTS"))
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

    Duration timeout() {
        return timeout;
    }

    ArgosyClient client() {
        try {
            return ArgosyClient.builder()
                    .endpoints(endpoints())
                    .tls(tls)
                    .requestTimeout(timeout.compareTo(Duration.ofSeconds(3)) < 0 ? timeout : Duration.ofSeconds(3))
                    .build();
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, e.getMessage() == null ? "bad endpoints" : e.getMessage());
        }
    }

    AdminClient admin() {
        return AdminClient.open(this);
    }
}
