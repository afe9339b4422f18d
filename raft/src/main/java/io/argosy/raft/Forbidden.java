package io.argosy.raft;

/**
 * Why a change of membership or a transfer of leadership was not begun. Nothing happened: once the reason is gone the
 * same request may be made again.
 *
 * @param text for an operator: what stands in the way, and what to do about it
 */
public record Forbidden(Reason reason, String text) {

    public enum Reason {
        /** The leader has committed nothing in its term yet (R49); passes within moments. */
        TERM_NOT_OPEN,
        /** A voter has not told this leader yet what it holds (D2); passes within moments. */
        NOT_HEARD_YET,
        /** Another change is not committed yet (R50). */
        CHANGE_UNDER_WAY,
        TRANSFER_UNDER_WAY,
        /** A member has this id. */
        ID_TAKEN,
        /** A member that was removed had this id (R37). */
        ID_RETIRED,
        /** This store is a member under another id. */
        STORE_TAKEN,
        /** What answers at the address is not an empty store, or not the replica that was named. */
        WRONG_STORE,
        UNKNOWN_REPLICA,
        ALREADY_VOTER,
        /** Only voters lead. */
        NOT_A_VOTER,
        ALREADY_LEADER,
        /** It lacks entries that the others have. */
        NOT_CAUGHT_UP,
        /** It lacks bodies below a snapshot, or removing this one could lose the last copy (D2). */
        HOLLOW,
        UNREACHABLE,
        DISK_SLOW,
        LAST_VOTER,
        /** Too few voters of the new membership answer: it could commit nothing, not even its own undoing. */
        QUORUM_AT_RISK,
        /** No voter is fit to lead. */
        NO_SUCCESSOR,
        /** The target of a transfer did not take over. */
        NO_ANSWER,
        TOO_LARGE
    }
}
