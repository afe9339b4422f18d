package io.argosy.broker.retention;

import java.time.Duration;

/**
 * When old messages go. Shares are of what {@link LogRoom} says.
 *
 * @param room how large the log may become
 * @param segmentBytes the log shrinks by whole segments of this size
 * @param trimShare from here on the oldest messages go, whatever their age; 0.75
 * @param trimHardShare from here on more of them at once; 0.85
 * @param refuseShare from here on messages are refused; 0.90. What is left is for acknowledgements and trims
 * @param ageInterval between looks for messages past their age; 10 min. Shorter trims closer to the retention, and walks
 *     through the queues more often
 */
public record RetentionConfig(
        LogRoom room,
        long segmentBytes,
        double trimShare,
        double trimHardShare,
        double refuseShare,
        Duration ageInterval) {

    public RetentionConfig {
        if (segmentBytes < 1) {
            throw new IllegalArgumentException("segmentBytes " + segmentBytes);
        }
        if (!(0 < trimShare && trimShare < trimHardShare && trimHardShare < refuseShare && refuseShare <= 1)) {
            throw new IllegalArgumentException("shares must ascend between 0 and 1: trim " + trimShare + ", hard "
                    + trimHardShare + ", refuse " + refuseShare);
        }
    }

    public static RetentionConfig of(LogRoom room, long segmentBytes) {
        return new RetentionConfig(room, segmentBytes, 0.75, 0.85, 0.90, Duration.ofMinutes(10));
    }
}
