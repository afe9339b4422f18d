package io.argosy.client.internal;

import java.util.concurrent.ThreadLocalRandom;

/** Waits between attempts: doubling, capped, half of it random so that many clients do not come back at once. */
final class Backoff {

    static final long FIRST_MILLIS = 10;
    static final long LAST_MILLIS = 200;

    private Backoff() {}

    /** @param round 0 for the first wait */
    static long millis(int round) {
        long full = Math.min(LAST_MILLIS, FIRST_MILLIS << Math.min(round, 10));
        return full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
    }
}
