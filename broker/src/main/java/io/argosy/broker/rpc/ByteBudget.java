package io.argosy.broker.rpc;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that may be kept at one time, shared by all connections. */
public final class ByteBudget {

    private final long max;
    private final AtomicLong taken = new AtomicLong();

    public ByteBudget(long max) {
        this.max = max;
    }

    /** Takes them all, or none if that would be too many. */
    public boolean take(long bytes) {
        if (taken.addAndGet(bytes) <= max) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    public void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    public long taken() {
        return taken.get();
    }
}
