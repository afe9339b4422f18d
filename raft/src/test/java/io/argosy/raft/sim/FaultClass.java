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
    PRIORITY,
    /** Logs are trimmed far beyond replicas that lag, in storms: those are brought up by snapshots. */
    SNAPSHOT,
    /** The state refers to the log's bodies: who was brought up by a snapshot fetches those below it. */
    BACKFILL,
    /** The power is lost in the middle of an operation of the disk, whatever it is for: starting, publishing, repairing. */
    BREAK_OFF,
    /** Parts of snapshots and of fetched log come with a flipped bit. */
    GARBLE,
    /** Replicas are added, promoted and removed, the leader too. */
    MEMBERSHIP,
    /** A disk is replaced by an empty one: a stranger with a used name, until another replica takes its place. */
    WIPE,
    /** Sectors that were meant for one place of the log lie in another one. */
    MISDIRECT,
    /** There is no space left, for a while. */
    DISK_FULL,
    /** The group acknowledges before it syncs, and its operators change that; no more than a minority loses power (D3). */
    ASYNC
}
