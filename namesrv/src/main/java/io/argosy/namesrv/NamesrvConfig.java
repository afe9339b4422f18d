package io.argosy.namesrv;

import io.argosy.server.config.Config;
import io.argosy.server.config.ConfigKey;
import io.argosy.server.config.HostPort;
import io.argosy.server.config.ValueType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Settings of a name server.
 *
 * @param client where clients connect
 * @param registration where brokers register
 * @param ops metrics and health
 * @param secretFile holds what all processes of the cluster share
 * @param scanInterval between looks for silent brokers
 * @param expiry silence after which a broker is forgotten
 */
public record NamesrvConfig(
        HostPort client, HostPort registration, HostPort ops, Path secretFile, Duration scanInterval, Duration expiry) {

    static final Duration SCAN_INTERVAL_DEFAULT = Duration.ofSeconds(10);
    static final Duration EXPIRY_DEFAULT = Duration.ofMinutes(2);

    private static final ValueType<String> HOST =
            ValueType.text(Pattern.compile("[^\\s/]+"), "an address or name of this machine");
    private static final ValueType<Integer> PORT = ValueType.integer(0, 65535);

    static final ConfigKey<String> CLIENT_HOST = ConfigKey.of(
            "client.host", HOST, "127.0.0.1", "Address to listen on for clients; 0.0.0.0 for all of this machine");
    static final ConfigKey<Integer> CLIENT_PORT =
            ConfigKey.of("client.port", PORT, 8081, "Port for clients; 0 takes any free one");
    static final ConfigKey<String> REGISTRATION_HOST =
            ConfigKey.of("registration.host", HOST, "127.0.0.1", "Address to listen on for brokers");
    static final ConfigKey<Integer> REGISTRATION_PORT =
            ConfigKey.of("registration.port", PORT, 8082, "Port for brokers; 0 takes any free one");
    static final ConfigKey<String> OPS_HOST = ConfigKey.of(
            "ops.host", HOST, "127.0.0.1", "Address for /metrics, /livez and /readyz, which ask nobody who they are");
    static final ConfigKey<Integer> OPS_PORT =
            ConfigKey.of("ops.port", PORT, 8083, "Port for /metrics, /livez and /readyz; 0 takes any free one");
    static final ConfigKey<Path> SECRET_FILE = ConfigKey.required(
            "secretFile",
            ValueType.path(),
            "File with the cluster secret, at least 16 bytes; the same for all processes");
    static final ConfigKey<Duration> SCAN_INTERVAL = ConfigKey.of(
            "routes.scanInterval",
            ValueType.duration(Duration.ofMillis(100), Duration.ofMinutes(10)),
            SCAN_INTERVAL_DEFAULT,
            "Between looks for silent brokers; longer forgets them later");
    static final ConfigKey<Duration> EXPIRY = ConfigKey.of(
            "routes.expiry",
            ValueType.duration(Duration.ofSeconds(3), Duration.ofDays(1)),
            EXPIRY_DEFAULT,
            "Silence after which a broker is forgotten, and with the last one its group's routes; too short loses"
                    + " routes in a pause, too long keeps routes to the dead");

    /** All keys of namesrv.yaml. */
    public static final List<ConfigKey<?>> KEYS = List.of(
            CLIENT_HOST,
            CLIENT_PORT,
            REGISTRATION_HOST,
            REGISTRATION_PORT,
            OPS_HOST,
            OPS_PORT,
            SECRET_FILE,
            SCAN_INTERVAL,
            EXPIRY);

    public static NamesrvConfig of(Config config) {
        return new NamesrvConfig(
                new HostPort(config.get(CLIENT_HOST), config.get(CLIENT_PORT)),
                new HostPort(config.get(REGISTRATION_HOST), config.get(REGISTRATION_PORT)),
                new HostPort(config.get(OPS_HOST), config.get(OPS_PORT)),
                config.get(SECRET_FILE),
                config.get(SCAN_INTERVAL),
                config.get(EXPIRY));
    }

    /** Loopback, free ports, default times; for embedding. */
    public static NamesrvConfig local(Path secretFile) {
        HostPort anyPort = new HostPort("127.0.0.1", 0);
        return new NamesrvConfig(anyPort, anyPort, anyPort, secretFile, SCAN_INTERVAL_DEFAULT, EXPIRY_DEFAULT);
    }
}
