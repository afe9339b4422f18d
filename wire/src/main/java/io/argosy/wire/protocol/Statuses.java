package io.argosy.wire.protocol;

import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Status;

/** Statuses of the client protocol; the text starts with the name of the code, which test suites look for. */
public final class Statuses {

    public static final Status OK = of(Code.OK);

    private Statuses() {}

    public static Status of(Code code) {
        return Status.newBuilder().setCode(code).setMessage(code.name()).build();
    }

    /** @param detail what was wrong and what to do about it */
    public static Status of(Code code, String detail) {
        return Status.newBuilder()
                .setCode(code)
                .setMessage(code.name() + ": " + detail)
                .build();
    }
}
