package io.argosy.cli;

/** How a command ends. */
final class ExitCodes {

    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_REACHABLE = 3;
    static final int REFUSED = 4;
    static final int PARTIAL = 5;

    private ExitCodes() {}
}
