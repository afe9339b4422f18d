package io.argosy.client.internal;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Message ids of the official shape: 34 upper-case hex digits of version 1, 6 bytes of origin, 2 bytes of process, 4
 * bytes of seconds since 2021 and 4 bytes of sequence. Where the official clients put the network card's address and
 * the process id, which are the same in many containers, there are 8 random bytes here. Thread-safe.
 */
public final class MessageIds {

    /** Characters of an id. */
    public static final int LENGTH = 34;

    private static final long EPOCH_SECONDS =
            Instant.parse("2021-01-01T00:00:00Z").getEpochSecond();
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final byte[] prefix = new byte[18];
    private final AtomicInteger sequence;

    public MessageIds(SecureRandom random) {
        byte[] origin = new byte[8];
        random.nextBytes(origin);
        prefix[0] = '0';
        prefix[1] = '1';
        for (int i = 0; i < origin.length; i++) {
            prefix[2 + 2 * i] = HEX[(origin[i] >> 4) & 15];
            prefix[3 + 2 * i] = HEX[origin[i] & 15];
        }
        sequence = new AtomicInteger(random.nextInt());
    }

    /** Writes the next id as ASCII. */
    public void write(byte[] target, int at, long epochMillis) {
        System.arraycopy(prefix, 0, target, at, prefix.length);
        hex((int) (epochMillis / 1000 - EPOCH_SECONDS), target, at + 18);
        hex(sequence.getAndIncrement(), target, at + 26);
    }

    private static void hex(int value, byte[] target, int at) {
        for (int i = 0; i < 8; i++) {
            target[at + i] = HEX[(value >>> (28 - 4 * i)) & 15];
        }
    }
}
