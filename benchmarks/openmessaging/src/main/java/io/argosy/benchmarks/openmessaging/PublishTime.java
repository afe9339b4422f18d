package io.argosy.benchmarks.openmessaging;

import io.argosy.client.ReceivedMessage;

/** From when on end-to-end latency counts: milliseconds since 1970 by the producer's clock. */
final class PublishTime {

    /** Short, since each message carries it. */
    static final String PROPERTY = "t";

    private static final int RADIX = 36;

    private PublishTime() {}

    static String text(long millis) {
        return Long.toString(millis, RADIX);
    }

    static long millis(ReceivedMessage message) {
        String own = message.properties().get(PROPERTY);
        return own == null ? message.bornAt().toEpochMilli() : Long.parseLong(own, RADIX);
    }
}
