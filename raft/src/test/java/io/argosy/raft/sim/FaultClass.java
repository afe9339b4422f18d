package io.argosy.raft.sim;

/** Kinds of trouble. Each seed leaves some of them out: with everything on at once, nothing makes progress. */
public enum FaultClass {
    LOSS,
    DUPLICATION,
    PARTITION,
    CLOG,
    STREAM_BREAK,
    KILL,
    POWER_LOSS,
    PAUSE,
    CLOCK,
    DISK_STALL,
    DISK_ERROR,
    BIT_FLIP,
    READ_DELAY,
    APPLY_STALL,
    TRIM,
    RESTART_ALL,
    /** Leadership is handed over on request, again and again. */
    TRANSFER,
    /** Priorities change: entries of type CONFIG among the commands, and leaders that would rather not lead. */
    PRIORITY
}
