package io.argosy.wire.auth;

import com.google.protobuf.ByteString;
import java.util.Optional;

/** How far the proof has come on one connection. Confined by its own monitor: calls of one connection may overlap. */
final class ConnectionSession {

    private Optional<Challenge> challenge = Optional.empty();
    private volatile Optional<String> principal = Optional.empty();

    /** What a connection that has begun must answer. */
    record Challenge(ByteString clientNonce, ByteString serverNonce, String principal) {}

    synchronized void begin(Challenge begun) {
        challenge = Optional.of(begun);
    }

    /** A challenge is good for one answer. */
    synchronized Optional<Challenge> takeChallenge() {
        Optional<Challenge> taken = challenge;
        challenge = Optional.empty();
        return taken;
    }

    void trust(String provenPrincipal) {
        principal = Optional.of(provenPrincipal);
    }

    Optional<String> principal() {
        return principal;
    }
}
