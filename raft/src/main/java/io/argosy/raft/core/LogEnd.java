package io.argosy.raft.core;

/** Where a log ends; logs are compared by it (Raft paper, section 5.4.1). */
public record LogEnd(long term, long index) {

    /** Of a log that never held anything. */
    public static final LogEnd NONE = new LogEnd(0, 0);

    /** Nobody knows the index; whoever has an entry of a later term has more. */
    public boolean isUnknown() {
        return index == Long.MAX_VALUE;
    }

    boolean isBehind(LogEnd other) {
        return term < other.term || (term == other.term && index < other.index);
    }

    LogEnd orFurther(LogEnd other) {
        return isBehind(other) ? other : this;
    }
}
