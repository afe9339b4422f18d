package io.argosy.broker.message;

import java.time.Duration;
import java.util.Optional;

/**
 * What only the broker knows about a message it delivers.
 *
 * @param storeTimestampMillis entry time of the entry that holds the message
 * @param receiptHandle absent when the message is pulled by offset
 * @param deliveryAttempt 1 for the first
 * @param invisibleDuration absent when the message is pulled by offset
 */
public record DeliveryFacts(
        int queueId,
        long queueOffset,
        long storeTimestampMillis,
        Optional<String> receiptHandle,
        int deliveryAttempt,
        Optional<Duration> invisibleDuration) {

    /** Of a message pulled by offset. */
    public static DeliveryFacts pulled(int queueId, long queueOffset, long storeTimestampMillis) {
        return new DeliveryFacts(queueId, queueOffset, storeTimestampMillis, Optional.empty(), 1, Optional.empty());
    }
}
