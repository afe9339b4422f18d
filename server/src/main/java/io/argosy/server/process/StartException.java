package io.argosy.server.process;

import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** The process cannot start, and the text says why and what to do: no stack trace is needed. */
public final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    public StartException(ExitCode exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /**
     * An address can't be bound.
     *
     * @param what it is for, as in the configuration: {@code client}
     */
    public static StartException cannotListen(String what, Object address, Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return new StartException(
                ExitCode.CANNOT_LISTEN,
                "cannot listen on " + what + " address " + address + ": " + root.getMessage()
                        + "; does this process run already?",
                failure);
    }

    /** A file that the configuration names can't be used. */
    public static StartException badFile(String what, Throwable failure) {
        return new StartException(ExitCode.BAD_CONFIGURATION, "cannot read " + what + ": " + inWords(failure), failure);
    }

    private static String inWords(Throwable failure) {
        if (failure instanceof NoSuchFileException) {
            return failure.getMessage() + ": no such file";
        }
        if (failure instanceof AccessDeniedException) {
            return failure.getMessage() + ": permission denied";
        }
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    public ExitCode exitCode() {
        return exitCode;
    }
}
