package io.argosy.wire.batch;

/** How the bodies of a batch are compressed. Codes are stored and never change meaning; only NONE is accepted so far. */
public enum BodyCodec {
    NONE(0),
    LZ4(1),
    ZSTD(2);

    private final byte code;

    BodyCodec(int code) {
        this.code = (byte) code;
    }

    public byte code() {
        return code;
    }

    static BodyCodec ofCode(byte code) {
        return values()[code];
    }
}
