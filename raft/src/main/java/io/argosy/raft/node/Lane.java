package io.argosy.raft.node;

/**
 * The work of one thread, a step at a time. A server gives each lane a thread; the simulator steps the same lanes at
 * moments of virtual time. Lanes share nothing but queues and counters that only rise.
 */
interface Lane {

    /** Answer of {@link #step} after the last one. */
    long ENDED = -1;

    /**
     * Does what is due. Never waits for anything but the disk.
     *
     * @return 0 if there may be more to do; else the nanos after which to step again unless there is work before;
     *     {@link #ENDED} if there will be none
     */
    long step();

    /** Whether a step is due before the time that the last one named. Any thread. */
    boolean hasWork();

    /** Tells whoever steps a lane that it has work; costs next to nothing while the lane is busy. */
    @FunctionalInterface
    interface Wake {
        /** Call after the work was made visible. */
        void raise();
    }
}
