package io.argosy.raft.node;

import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Wakes one thread that waits for work. Raising it costs a system call only while that thread is parked, so that a
 * busy thread is never interrupted to be told of work that it will see anyway.
 */
final class Signal implements Lane.Wake {

    private volatile @Nullable Thread waiter;

    @Override
    public void raise() {
        // The work must be visible before the waiter is looked at: either we see it waiting or it sees the work.
        VarHandle.fullFence();
        Thread parked = waiter;
        if (parked != null) {
            waiter = null;
            LockSupport.unpark(parked);
        }
    }

    /** Body of a thread that does nothing but this lane, to its end. The lane raises this very signal. */
    void run(Lane lane) {
        BooleanSupplier hasWork = lane::hasWork;
        for (long waitNanos = lane.step(); waitNanos != Lane.ENDED; waitNanos = lane.step()) {
            if (waitNanos > 0) {
                await(hasWork, waitNanos);
            }
        }
    }

    /** Returns when there is work, at the latest after the time, and sometimes earlier for no reason. */
    private void await(BooleanSupplier hasWork, long nanos) {
        waiter = Thread.currentThread();
        VarHandle.fullFence();
        if (nanos > 0 && !hasWork.getAsBoolean()) {
            LockSupport.parkNanos(this, nanos);
        }
        waiter = null;
    }
}
