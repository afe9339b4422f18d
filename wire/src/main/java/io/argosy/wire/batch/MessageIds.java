package io.argosy.wire.batch;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Message ids of the official shape: 34 upper-case hex digits of version 1, 6 bytes of origin, 2 bytes of process, 4
 * bytes of seconds since 2021 and 4 bytes of sequence. Where the official clients put the network card's address and
 * the process id, which are the same in many containers, Argosy's have 8 random bytes: the producer.
 */
public final class MessageIds {

    /** Characters of an id. */
    public static final int LENGTH = 34;

    private static final long EPOCH_SECONDS =
            Instant.parse("2021-01-01T00:00:00Z").getEpochSecond();
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

    private MessageIds() {}

    /** The seconds in ids that are made now. */
    public static int seconds(long epochMillis) {
        return (int) (Math.floorDiv(epochMillis, 1000L) - EPOCH_SECONDS);
    }

    /** Writes an id as ASCII. */
    public static void write(long producer, int seconds, int counter, byte[] target, int at) {
        target[at] = '0';
        target[at + 1] = '1';
        hex((int) (producer >>> 32), target, at + 2);
        hex((int) producer, target, at + 10);
        hex(seconds, target, at + 18);
        hex(counter, target, at + 26);
    }

    public static String text(long producer, int seconds, int counter) {
        byte[] digits = new byte[LENGTH];
        write(producer, seconds, counter, digits, 0);
        return new String(digits, StandardCharsets.ISO_8859_1);
    }

    private static void hex(int value, byte[] target, int at) {
        for (int i = 0; i < 8; i++) {
            target[at + i] = HEX[(value >>> (28 - 4 * i)) & 15];
        }
    }
}
