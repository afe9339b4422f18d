package io.argosy.broker.rpc;

import java.time.Duration;

/**
 * Bounds of what waits for the leader or for its answer (client-plane 2, D16).
 *
 * @param holdMax how long a call waits for a leader; 2.5 s. Official clients give a call 3 s
 * @param answerMargin time before the client's deadline at which a call is answered at the latest; 500 ms
 * @param heldBytesMax requests that wait for a leader, all clients together; 32 MiB
 * @param relayedBytesMax requests under way to the leader and not answered, all clients together; 64 MiB
 * @param pauseMin before a call that the leader refused is tried again at the same leader; 10 ms, doubled each time
 * @param pauseMax longest such pause; 40 ms
 */
public record RelayLimits(
        Duration holdMax,
        Duration answerMargin,
        long heldBytesMax,
        long relayedBytesMax,
        Duration pauseMin,
        Duration pauseMax) {

    public static final RelayLimits DEFAULT = new RelayLimits(
            Duration.ofMillis(2500),
            Duration.ofMillis(500),
            32L << 20,
            64L << 20,
            Duration.ofMillis(10),
            Duration.ofMillis(40));
}
