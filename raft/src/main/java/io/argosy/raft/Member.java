package io.argosy.raft;

import java.util.UUID;

/**
 * One replica as its group knows it: (id, store UUID), since a wiped or replaced disk is somebody else (R36).
 *
 * @param peerAddress host:port where it listens for its peers, so that those who run already find a new replica; empty
 *     for the founders of a group, whom the configuration names. What a replica's own configuration says rules (D5)
 * @param services what the layers above want to know of the replica; opaque to Raft
 * @param priority the higher one leads if it can; 0 to 255, and {@link #PRIORITY_DEFAULT} unless somebody chose
 */
public record Member(ReplicaId id, UUID storeUuid, String peerAddress, String services, int priority) {

    public static final int PRIORITY_DEFAULT = 100;
    public static final int PRIORITY_MAX = 255;

    public Member {
        if (priority < 0 || priority > PRIORITY_MAX) {
            throw new IllegalArgumentException("priority " + priority + " is outside 0.." + PRIORITY_MAX);
        }
    }

    /** A founder: found by configuration, with the usual priority. */
    public Member(ReplicaId id, UUID storeUuid) {
        this(id, storeUuid, "", "", PRIORITY_DEFAULT);
    }

    public boolean isStore(UUID uuid) {
        return storeUuid.equals(uuid);
    }

    public Member withPriority(int newPriority) {
        return new Member(id, storeUuid, peerAddress, services, newPriority);
    }

    @Override
    public String toString() {
        return id
                + "(" + storeUuid
                + (peerAddress.isEmpty() ? "" : " at " + peerAddress)
                + (priority == PRIORITY_DEFAULT ? "" : " priority " + priority) + ")";
    }
}
