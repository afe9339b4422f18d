package io.argosy.broker.consume;

import io.argosy.proto.v2.Code;

/** A request that is answered with an error; carried by an exception because validation is deep and the way up short. */
final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Code code;

    Refusal(Code code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    Code code() {
        return code;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
