package io.argosy.client.internal;

/**
 * A call that ended without the answer the caller wanted. Stackless: the place that made the call says more than the
 * network thread that noticed.
 */
public final class CallFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What the caller can do about it. */
    public enum Kind {
        /** No server could be reached; nothing is known to have happened. */
        NOT_REACHABLE,
        /** The server understood and said no; repeating the same request is pointless. */
        REFUSED,
        /** The server said that it cannot right now. */
        BUSY,
        /** Time ran out; the request may have taken effect. */
        UNKNOWN_OUTCOME,
        /** The client was closed. */
        CLOSED
    }

    private final Kind kind;
    private final int code;

    /** @param code of the protocol, 0 if no server answered */
    public CallFailure(Kind kind, int code, String message) {
        super(message, null, false, false);
        this.kind = kind;
        this.code = code;
    }

    public Kind kind() {
        return kind;
    }

    public int code() {
        return code;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
