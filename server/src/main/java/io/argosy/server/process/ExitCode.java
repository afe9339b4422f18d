package io.argosy.server.process;

/** How a server process ends; documented in docs/configuration.md. After SIGTERM it ends as the
 * JVM does, with 143; a replica that halts itself uses codes of its own. */
public enum ExitCode {
    OK(0),
    /** The start failed for a reason that has no code of its own. */
    START_FAILED(1),
    /** Bad command line or configuration. */
    BAD_CONFIGURATION(2),
    /** An address to listen on is taken or not of this machine. 3 is what the JVM uses when memory runs out. */
    CANNOT_LISTEN(4),
    /** Another process uses the data folder. */
    DATA_FOLDER_IN_USE(5),
    /** The data folder holds something this process must not touch: another replica's or a damaged store. */
    DATA_FOLDER_REFUSED(6);

    private final int value;

    ExitCode(int value) {
        this.value = value;
    }

    public int value() {
        return value;
    }
}
