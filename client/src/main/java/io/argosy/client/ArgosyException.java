package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Something the client was asked to do did not happen, or is not known to have happened. The message says what to do. */
public class ArgosyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int code;
    private final boolean retryable;

    ArgosyException(String message, int code, boolean retryable) {
        super(message);
        this.code = code;
        this.retryable = retryable;
    }

    /** The protocol's status code, for instance 40402 for an unknown topic; 0 if no server answered. */
    public final int code() {
        return code;
    }

    /** Whether the same request may succeed later. */
    public final boolean retryable() {
        return retryable;
    }

    /** No server could be reached. Nothing happened. */
    public static final class NotReachable extends ArgosyException {
        private static final long serialVersionUID = 1L;

        NotReachable(String message) {
            super(message, 0, true);
        }

        @Override
        ArgosyException again() {
            return new NotReachable(getMessage());
        }
    }

    /** A server understood the request and refused it; {@link #code()} says why. Nothing happened. */
    public static final class Refused extends ArgosyException {
        private static final long serialVersionUID = 1L;

        Refused(String message, int code) {
            super(message, code, false);
        }

        @Override
        ArgosyException again() {
            return new Refused(getMessage(), code());
        }
    }

    /** The cluster could not serve the request until its time was over. Nothing happened. */
    public static final class Busy extends ArgosyException {
        private static final long serialVersionUID = 1L;

        Busy(String message, int code) {
            super(message, code, true);
        }

        @Override
        ArgosyException again() {
            return new Busy(getMessage(), code());
        }
    }

    /** Time ran out after the request had left: it may or may not have happened. */
    public static final class UnknownOutcome extends ArgosyException {
        private static final long serialVersionUID = 1L;

        UnknownOutcome(String message, int code) {
            super(message, code, true);
        }

        @Override
        ArgosyException again() {
            return new UnknownOutcome(getMessage(), code());
        }
    }

    /** The producer's buffer stayed full: messages are accepted faster than the cluster takes them. Not sent. */
    public static final class BufferFull extends ArgosyException {
        private static final long serialVersionUID = 1L;

        BufferFull(String message) {
            super(message, 0, true);
        }

        @Override
        ArgosyException again() {
            return new BufferFull(getMessage());
        }
    }

    /** The client, producer or consumer was closed. */
    public static final class Closed extends ArgosyException {
        private static final long serialVersionUID = 1L;

        Closed(String message) {
            super(message, 0, false);
        }

        @Override
        ArgosyException again() {
            return new Closed(getMessage());
        }
    }

    static ArgosyException of(CallFailure failure) {
        ArgosyException exception = switch (failure.kind()) {
            case NOT_REACHABLE -> new NotReachable(failure.getMessage());
            case REFUSED -> new Refused(failure.getMessage(), failure.code());
            case BUSY -> new Busy(failure.getMessage(), failure.code());
            case UNKNOWN_OUTCOME -> new UnknownOutcome(failure.getMessage(), failure.code());
            case CLOSED -> new Closed(failure.getMessage());
        };
        return exception;
    }

    /** Whatever a future failed with, as one of ours. */
    static RuntimeException of(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof CallFailure call) {
            return of(call);
        }
        if (cause instanceof ArgosyException known) {
            return known.again();
        }
        return cause instanceof RuntimeException runtime ? runtime : new IllegalStateException(cause);
    }

    /** The same failure with the stack of whoever is told of it: one failure can end many sends. */
    ArgosyException again() {
        return new ArgosyException(getMessage(), code, retryable);
    }

    @Override
    public final String getMessage() {
        String message = super.getMessage();
        return message == null ? "" : message;
    }
}
