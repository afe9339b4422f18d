package io.argosy.client.internal;

import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Status;

/** What the protocol's codes mean for a retry. */
public final class StatusCodes {

    private StatusCodes() {}

    public static boolean isSuccess(Code code) {
        return code == Code.OK || code == Code.MULTIPLE_RESULTS;
    }

    /** The server could not now; the same request may succeed later. */
    public static boolean isRetryable(Code code) {
        return switch (code) {
            case TOO_MANY_REQUESTS,
                    HA_NOT_AVAILABLE,
                    PROXY_TIMEOUT,
                    REQUEST_TIMEOUT,
                    MASTER_PERSISTENCE_TIMEOUT,
                    SLAVE_PERSISTENCE_TIMEOUT -> true;
            default -> false;
        };
    }

    /** The server does not know whether the request took effect. */
    public static boolean isUnknownOutcome(Code code) {
        return switch (code) {
            case PROXY_TIMEOUT, REQUEST_TIMEOUT, MASTER_PERSISTENCE_TIMEOUT, SLAVE_PERSISTENCE_TIMEOUT -> true;
            default -> false;
        };
    }

    /** The failure that a status other than success stands for. */
    public static CallFailure failure(Status status, String what) {
        CallFailure.Kind kind = isUnknownOutcome(status.getCode())
                ? CallFailure.Kind.UNKNOWN_OUTCOME
                : isRetryable(status.getCode()) ? CallFailure.Kind.BUSY : CallFailure.Kind.REFUSED;
        String name = status.getCode() == Code.UNRECOGNIZED
                ? "code " + status.getCodeValue()
                : status.getCode().name();
        StringBuilder text = new StringBuilder(what).append(" was refused: ").append(name);
        if (!status.getMessage().isEmpty() && !status.getMessage().equals(name)) {
            text.append(" (").append(status.getMessage()).append(')');
        }
        String remedy = Explain.remedy(status.getCodeValue());
        if (!remedy.isEmpty()) {
            text.append("; ").append(remedy);
        }
        return new CallFailure(kind, status.getCodeValue(), text.toString());
    }
}
