package io.argosy.broker.bulk;

import java.time.Duration;

/**
 * Bounds of Fetch streams.
 *
 * @param answerBytesMax of stored commands in one answer, unless the first is larger; what clients ask for is cut to it.
 *     1 MiB
 * @param requestsMax of one stream that are not answered; those beyond it are refused. 65,536: one per queue that a
 *     client may read
 * @param crowdedBytesMax the same, while too much is under way. 64 KiB
 * @param underWayBytesMax of answers that wait for clients that do not read as fast, over all streams; beyond it answers
 *     are small, so that those who read go on and the others hold little. 64 MiB
 * @param readyBytes of answers that a stream hands to the network ahead; too little leaves gaps, too much is memory per
 *     slow client. 1 MiB
 * @param waitMax a client waits for messages at most this long before it is told that there are none. 30 s
 * @param tailThreads threads that answer from memory. 2
 * @param diskThreads threads that read from the disk, each with room for an answer. 2
 */
public record FetchConfig(
        int answerBytesMax,
        int crowdedBytesMax,
        int requestsMax,
        long underWayBytesMax,
        int readyBytes,
        Duration waitMax,
        int tailThreads,
        int diskThreads) {

    public static final FetchConfig DEFAULT =
            new FetchConfig(1 << 20, 64 << 10, 1 << 16, 64L << 20, 1 << 20, Duration.ofSeconds(30), 2, 2);
}
