package io.argosy.wire.route;

/** Kinds of clients by what they make of an Endpoints with several addresses. */
public enum Caller {
    /** Shuffles or sorts the addresses on its own, or is unknown: the same order always. */
    ANY_ORDER,
    /** Tries, or can only use, the first: the leader's saves a hop. */
    FIRST_ADDRESS,
    /** As FIRST_ADDRESS, and needs a scheme in front of the first host: plain lists it takes for a DNS name. */
    NODE;

    /**
     * @param language header x-mq-language
     * @param node the client of Node.js
     */
    public static Caller of(String language, boolean node) {
        if (node) {
            return NODE;
        }
        return switch (language) {
            case "CPP", "DOTNET" -> FIRST_ADDRESS;
            default -> ANY_ORDER;
        };
    }
}
