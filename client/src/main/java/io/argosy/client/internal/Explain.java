package io.argosy.client.internal;

import io.grpc.Status;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says in words what went wrong on the way to a server and what to do about it. */
final class Explain {

    private Explain() {}

    /** @param tls whether this client speaks TLS */
    static String transport(HostPort server, Status status, boolean tls) {
        for (Throwable cause = status.getCause(); cause != null; cause = next(cause)) {
            if (cause instanceof UnknownHostException) {
                return "host name '" + server.host() + "' cannot be resolved; check the endpoints for a typing error";
            }
            String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
            if (text.contains("not an ssl/tls record")) {
                return server
                        + " answered in plain text but this client speaks TLS; switch TLS off in the client, or use"
                        + " a port that offers it";
            }
            if (text.contains("unable to find valid certification path") || text.contains("certificate")) {
                return "the certificate of " + server + " is not trusted (" + cause.getMessage()
                        + "); give the client the authority that signed it, or the certificate itself (argosy: --tls-ca FILE),"
                        + " or do without knowing the server (argosy: --tls-insecure)";
            }
            if (text.contains("first received frame was not settings") || text.contains("http/1")) {
                return server + " does not speak the client protocol" + (tls ? "" : " in plain text")
                        + "; the port may belong to another service" + (tls ? "" : " or want TLS");
            }
            if (cause instanceof ConnectException) {
                return "nobody listens at " + server + " (" + connectReason(text)
                        + "); check host and port, and that the server runs";
            }
        }
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> server + " did not answer in time; it may be overloaded, frozen or cut off";
            case UNIMPLEMENTED -> server + " does not know this call; the port may belong to another service";
            default ->
                "the connection to " + server + " failed: " + status.getCode()
                        + (status.getDescription() == null ? "" : ", " + status.getDescription());
        };
    }

    /** The system's words come wrapped in those of the network library, as a number or not. */
    private static String connectReason(String text) {
        if (text.contains("refused") || text.contains("-111")) {
            return "connection refused";
        }
        if (text.contains("no route") || text.contains("-113")) {
            return "no route to the host";
        }
        if (text.contains("unreachable") || text.contains("-101")) {
            return "network unreachable";
        }
        return text.contains("timed out") ? "timed out" : text;
    }

    private static @Nullable Throwable next(Throwable cause) {
        return cause.getCause() == cause ? null : cause.getCause();
    }

    /** What to do about a code of the protocol; empty if its message says all. */
    static String remedy(int code) {
        return switch (code) {
            case 40402 -> "create it with 'argosy topic create <name>', or check the name";
            case 40403 -> "check the name of the consumer group";
            case 40100 -> "check access key and secret key";
            case 40300 -> "ask an administrator for the right on this topic or group";
            case 40013 ->
                "the message's invisible duration has passed or it was delivered again; do not acknowledge it";
            case 41301 -> "send a smaller body; the limit is 4 MiB unless the cluster says otherwise";
            case 41302 -> "give the message at least one byte";
            case 43101 -> "properties, keys and tag together may have 16 KiB and 128 entries";
            case 40002 -> "topic names have 1 to 127 letters, digits, '_', '-', '%' or '|'";
            case 40003 -> "group names have 1 to 120 letters, digits, '_', '-', '%' or '|'";
            case 42900, 50002 -> "the cluster is busy or has no leader; try again later";
            case 50100, 50500 -> "this server version does not offer it";
            default -> "";
        };
    }
}
