package io.argosy.broker.bulk;

import java.time.Duration;

/**
 * Bounds of what producers may have under way here.
 *
 * @param streamBytesMax of one stream before the next batch is read from it; 16 MiB. Too small: queues of one producer
 *     wait for each other
 * @param bytesMax of all streams; beyond it batches are refused as TOO_MANY_REQUESTS; 128 MiB
 * @param holdMax how long a batch waits for a leader; 2.5 s
 */
public record ProduceLimits(long streamBytesMax, long bytesMax, Duration holdMax) {

    public static final ProduceLimits DEFAULT = new ProduceLimits(16L << 20, 128L << 20, Duration.ofMillis(2500));
}
