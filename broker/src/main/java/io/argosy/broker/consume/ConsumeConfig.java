package io.argosy.broker.consume;

import java.time.Duration;

/**
 * How consumers are served; per process, in use only while it leads.
 *
 * @param handOutDelay how long hand-outs wait for company before they are replicated; 50 ms. Longer means fewer entries,
 *     and more redelivered messages after a failover
 * @param pollMax longest a receive or pull waits for a message; 20 s
 * @param answerMargin how long before its deadline a waiting call is answered; 500 ms
 * @param autoRenewMax how long a client that renews automatically keeps a message at most; 3 h
 * @param releaseDelay when messages of a client that is gone become visible again; 1 s
 * @param batchMax messages in one answer to clients of others; 32
 * @param ownBatchMax messages in one answer to our client; 1024
 * @param answerBytesMax soft bound of one answer: the message that crosses it is the last; 8 MiB
 * @param spanMax offsets above a queue's base that are handed out at most (D22); 1,048,576
 * @param leasesMax messages of one topic that one group holds at most; 200,000. Each costs about 200 bytes of heap
 * @param parkedPerKeyMax waiting receives of one group in one topic, or pulls of one queue; 1024
 * @param parkedMax waiting calls in all; 100,000
 * @param pendingMax changes that wait to be replicated; above it new requests are refused; 200,000
 * @param busyPatience how long an acknowledgement waits while the log refuses entries; 2.5 s
 * @param start where a group begins in a queue it never read; the earliest message
 */
public record ConsumeConfig(
        Duration handOutDelay,
        Duration pollMax,
        Duration answerMargin,
        Duration autoRenewMax,
        Duration releaseDelay,
        int batchMax,
        int ownBatchMax,
        int answerBytesMax,
        int spanMax,
        int leasesMax,
        int parkedPerKeyMax,
        int parkedMax,
        int pendingMax,
        Duration busyPatience,
        Start start) {

    /** Where a group begins. */
    public enum Start {
        EARLIEST,
        LATEST
    }

    public static final ConsumeConfig DEFAULT = new ConsumeConfig(
            Duration.ofMillis(50),
            Duration.ofSeconds(20),
            Duration.ofMillis(500),
            Duration.ofHours(3),
            Duration.ofSeconds(1),
            32,
            1024,
            8 << 20,
            1 << 20,
            200_000,
            1024,
            100_000,
            200_000,
            Duration.ofMillis(2500),
            Start.EARLIEST);

    ConsumeConfig withLimits(int spanMax, int leasesMax, int parkedPerKeyMax, int parkedMax) {
        return new ConsumeConfig(
                handOutDelay,
                pollMax,
                answerMargin,
                autoRenewMax,
                releaseDelay,
                batchMax,
                ownBatchMax,
                answerBytesMax,
                spanMax,
                leasesMax,
                parkedPerKeyMax,
                parkedMax,
                pendingMax,
                busyPatience,
                start);
    }
}
