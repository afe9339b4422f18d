package io.argosy.client.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * What a client is built from.
 *
 * @param accessPoints name servers or brokers, asked in this order; any one that lives is enough
 * @param namespace empty for none
 * @param tls whether connections are encrypted
 * @param trustedCertificates PEM file of the authorities to trust; the JVM's own if empty
 * @param requestTimeout how long one attempt at one replica may take
 * @param clock wall time, for message ids and time stamps
 */
public record ClientSettings(
        List<HostPort> accessPoints,
        String namespace,
        Optional<AccessKey> accessKey,
        boolean tls,
        Optional<Path> trustedCertificates,
        boolean anyCertificate,
        Duration requestTimeout,
        InstantSource clock) {

    public ClientSettings {
        accessPoints = List.copyOf(accessPoints);
    }

    /** Who the client is to servers that ask. */
    public record AccessKey(String accessKey, String secretKey, Optional<String> sessionToken) {

        @Override
        public String toString() {
            return "AccessKey[" + accessKey + "]";
        }
    }
}
