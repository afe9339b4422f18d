package io.argosy.wire.session;

import io.argosy.wire.listener.ClientPort;
import java.time.Duration;
import java.util.List;

/**
 * What the server decides for clients (client-plane 3).
 *
 * @param bodyBytesMax largest message body; 4 MiB. 0 would stop all producers
 * @param sendAttempts of one send, the first included; 3
 * @param sendBackoff before attempt n+1 after TOO_MANY_REQUESTS; 500 ms, at most 4 s, doubled each time. Together with
 *     the time that calls are held it carries a send over about 10 s without a leader
 * @param receiveBatchSize messages in one answer to a push consumer; 32
 * @param longPolling how long a push consumer's receive waits; 20 s, whole seconds
 * @param deliveryAttempts of one message to a push consumer before it counts as dead, the first included; 17
 * @param redeliveryDelays after each failed attempt, the last one repeated
 * @param nodeRedelivery the same for Node, which knows exponential delays alone
 */
public record SettingsPolicy(
        int bodyBytesMax,
        int sendAttempts,
        Exponential sendBackoff,
        int receiveBatchSize,
        Duration longPolling,
        int deliveryAttempts,
        List<Duration> redeliveryDelays,
        Exponential nodeRedelivery) {

    public static final SettingsPolicy DEFAULT = new SettingsPolicy(
            ClientPort.BODY_BYTES_MAX,
            3,
            new Exponential(Duration.ofMillis(500), Duration.ofSeconds(4), 2),
            32,
            Duration.ofSeconds(20),
            17,
            List.of(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(2),
                    Duration.ofMinutes(3),
                    Duration.ofMinutes(4),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(6),
                    Duration.ofMinutes(7),
                    Duration.ofMinutes(8),
                    Duration.ofMinutes(9),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(20),
                    Duration.ofMinutes(30),
                    Duration.ofHours(1),
                    Duration.ofHours(2)),
            new Exponential(Duration.ofSeconds(1), Duration.ofHours(2), 2));

    public SettingsPolicy {
        redeliveryDelays = List.copyOf(redeliveryDelays);
        if (bodyBytesMax <= 0 || sendAttempts <= 0 || receiveBatchSize <= 0 || deliveryAttempts <= 0) {
            throw new IllegalArgumentException("sizes and attempts must be positive");
        }
        if (longPolling.compareTo(Duration.ofSeconds(1)) < 0 || longPolling.toNanosPart() != 0) {
            throw new IllegalArgumentException("long polling " + longPolling + " must be whole seconds");
        }
        if (redeliveryDelays.isEmpty()) {
            throw new IllegalArgumentException("push consumers need a redelivery delay");
        }
    }

    /** initial * multiplier^n, at most max. */
    public record Exponential(Duration initial, Duration max, float multiplier) {}
}
