package io.argosy.wire.auth;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What all processes of one cluster share and nobody else knows. Never printed, never sent. */
public final class ClusterSecret {

    public static final int BYTES_MIN = 16;

    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    private ClusterSecret(byte[] bytes) {
        if (bytes.length < BYTES_MIN) {
            throw new IllegalArgumentException(
                    "cluster secret of " + bytes.length + " bytes, at least " + BYTES_MIN + " are needed");
        }
        this.key = new SecretKeySpec(bytes, ALGORITHM);
    }

    /** @throws IllegalArgumentException if there are fewer than {@link #BYTES_MIN} bytes */
    public static ClusterSecret of(byte[] bytes) {
        return new ClusterSecret(bytes);
    }

    /**
     * Reads the secret from a file; white space at its end is no part of it, because editors and {@code echo} add it.
     *
     * @throws IllegalArgumentException if there are fewer than {@link #BYTES_MIN} bytes
     */
    public static ClusterSecret load(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int length = bytes.length;
        while (length > 0 && Character.isWhitespace(bytes[length - 1])) {
            length--;
        }
        if (length < BYTES_MIN) {
            throw new IllegalArgumentException(
                    "cluster secret in " + file + " has " + length + " bytes, at least " + BYTES_MIN + " are needed");
        }
        return new ClusterSecret(Arrays.copyOf(bytes, length));
    }

    /** HMAC-SHA256 over the role and what both sides contributed; the role keeps a proof from being sent back. */
    ByteString proof(ProofRole role, ByteString clientNonce, ByteString serverNonce, String principal) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(role.label.getBytes(StandardCharsets.US_ASCII));
            mac.update(clientNonce.asReadOnlyByteBuffer());
            mac.update(serverNonce.asReadOnlyByteBuffer());
            return ByteString.copyFrom(mac.doFinal(principal.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM lacks " + ALGORITHM, e);
        }
    }

    /** In constant time, so that a wrong proof does not tell how wrong it is. */
    static boolean same(ByteString expected, ByteString given) {
        return MessageDigest.isEqual(expected.toByteArray(), given.toByteArray());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClusterSecret secret
                && MessageDigest.isEqual(key.getEncoded(), secret.key.getEncoded());
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }

    @Override
    public String toString() {
        return "ClusterSecret(not shown)";
    }

    /** Whose proof it is. */
    enum ProofRole {
        CLIENT("argosy-client"),
        SERVER("argosy-server");

        private final String label;

        ProofRole(String label) {
            this.label = label;
        }
    }
}
