package io.argosy.raft;

/** What an entry is to Raft; the code is stored in the log and never changes meaning. */
public enum EntryType {
    /** Opens a leader's term (R15); no payload. */
    NOOP(1),
    /** A {@link Membership}; effective on append (thesis 4.1). */
    CONFIG(2),
    /** Opaque bytes for the {@link StateMachine}. */
    COMMAND(3);

    private final byte code;

    EntryType(int code) {
        this.code = (byte) code;
    }

    public byte code() {
        return code;
    }

    /** @throws IllegalArgumentException if no type has this code */
    public static EntryType ofCode(byte code) {
        for (EntryType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        throw new IllegalArgumentException("unknown entry type " + code);
    }
}
