package io.argosy.raft;

/** A replica's number inside its group: 1 to 1023, chosen by the operator, never reused (R37). */
public record ReplicaId(int value) implements Comparable<ReplicaId> {

    public static final int MAX = 1023;

    public ReplicaId {
        if (value < 1 || value > MAX) {
            throw new IllegalArgumentException("replica id " + value + " is outside 1.." + MAX);
        }
    }

    @Override
    public int compareTo(ReplicaId other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Integer.toString(value);
    }
}
