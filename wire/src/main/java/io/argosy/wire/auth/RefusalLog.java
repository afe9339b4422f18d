package io.argosy.wire.auth;

import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says who was refused and why, at most once a second: a stranger that knocks in a loop must not fill the disk. */
final class RefusalLog {

    private static final Logger log = LoggerFactory.getLogger(RefusalLog.class);
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier nanoClock;
    private long nextNanos;
    private long suppressed;

    RefusalLog(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.nextNanos = nanoClock.getAsLong();
    }

    /** @param address null when the transport does not tell */
    synchronized void refused(@Nullable SocketAddress address, String reason) {
        long now = nanoClock.getAsLong();
        if (now - nextNanos < 0) {
            suppressed++;
            return;
        }
        log.warn("refused a peer address={} reason={} refusedSinceLastLine={}", address, reason, suppressed);
        nextNanos = now + INTERVAL_NANOS;
        suppressed = 0;
    }
}
