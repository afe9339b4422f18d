package io.argosy.client.internal;

import io.argosy.client.internal.ClientSettings.AccessKey;
import io.grpc.Metadata;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The headers of one producer or consumer: its id, and a signature if it has an access key. Thread-safe. */
public final class ClientIdentity {

    /** What servers show for this client. */
    public static final String VERSION = "0.1.0";

    private static final Metadata.Key<String> CLIENT_ID = key("x-mq-client-id");
    private static final Metadata.Key<String> LANGUAGE = key("x-mq-language");
    private static final Metadata.Key<String> CLIENT_VERSION = key("x-mq-client-version");
    private static final Metadata.Key<String> PROTOCOL = key("x-mq-protocol");
    private static final Metadata.Key<String> NAMESPACE = key("x-mq-namespace");
    private static final Metadata.Key<String> DATE_TIME = key("x-mq-date-time");
    private static final Metadata.Key<String> SESSION_TOKEN = key("x-mq-session-token");
    private static final Metadata.Key<String> AUTHORIZATION = key("authorization");
    private static final DateTimeFormatter DATE_FORMAT =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    /** Servers allow for hours of difference; signing anew for each call would buy nothing. */
    private static final long SIGNATURE_MILLIS = 60_000;

    private final String clientId;
    private final String namespace;
    private final Optional<AccessKey> accessKey;
    private final InstantSource clock;
    private volatile Signed signed = new Signed("", "", Long.MIN_VALUE / 2);

    public ClientIdentity(String clientId, ClientSettings settings) {
        this.clientId = clientId;
        this.namespace = settings.namespace();
        this.accessKey = settings.accessKey();
        this.clock = settings.clock();
    }

    public String clientId() {
        return clientId;
    }

    public String namespace() {
        return namespace;
    }

    /** Headers for one call; gRPC changes what it is given, so each call needs its own. */
    Metadata headers() {
        Metadata headers = new Metadata();
        headers.put(CLIENT_ID, clientId);
        headers.put(LANGUAGE, "JAVA");
        headers.put(CLIENT_VERSION, VERSION);
        headers.put(PROTOCOL, "v2");
        if (!namespace.isEmpty()) {
            headers.put(NAMESPACE, namespace);
        }
        accessKey.ifPresent(key -> sign(headers, key));
        return headers;
    }

    private void sign(Metadata headers, AccessKey key) {
        Signed current = signed;
        Instant now = clock.instant();
        if (Math.abs(now.toEpochMilli() - current.atMillis) > SIGNATURE_MILLIS) {
            String dateTime = DATE_FORMAT.format(now);
            current = new Signed(dateTime, signature(key.secretKey(), dateTime), now.toEpochMilli());
            signed = current;
        }
        headers.put(DATE_TIME, current.dateTime);
        headers.put(
                AUTHORIZATION,
                "MQv2-HMAC-SHA1 Credential=" + key.accessKey() + ", SignedHeaders=x-mq-date-time, Signature="
                        + current.signature);
        key.sessionToken().ifPresent(token -> headers.put(SESSION_TOKEN, token));
    }

    static String signature(String secretKey, String dateTime) {
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(secretKey.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
            return HexFormat.of().withUpperCase().formatHex(mac.doFinal(dateTime.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM lacks HmacSHA1", e);
        }
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    private record Signed(String dateTime, String signature, long atMillis) {}
}
