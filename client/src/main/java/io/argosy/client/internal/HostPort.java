package io.argosy.client.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a server listens.
 *
 * @param host a name, an IPv4 address, or an IPv6 address without brackets
 */
public record HostPort(String host, int port) {

    public static final int DEFAULT_PORT = 8081;

    public HostPort {
        if (host.isBlank()) {
            throw new IllegalArgumentException("an address needs a host");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " of " + host + " is not within 1..65535");
        }
    }

    /** Reads {@code host}, {@code host:port} or {@code [v6]:port}; the port is 8081 if left out. */
    public static HostPort parse(String text) {
        String trimmed = text.trim();
        if (trimmed.startsWith("[")) {
            int end = trimmed.indexOf(']');
            if (end < 0) {
                throw new IllegalArgumentException("'" + trimmed + "' lacks a closing bracket");
            }
            String host = trimmed.substring(1, end);
            String rest = trimmed.substring(end + 1);
            return new HostPort(host, rest.isEmpty() ? DEFAULT_PORT : port(rest.substring(1), trimmed));
        }
        int colon = trimmed.indexOf(':');
        if (colon < 0 || colon != trimmed.lastIndexOf(':')) {
            return new HostPort(trimmed, DEFAULT_PORT);
        }
        return new HostPort(trimmed.substring(0, colon), port(trimmed.substring(colon + 1), trimmed));
    }

    /** Reads addresses separated by commas or semicolons; at least one. */
    public static List<HostPort> parseList(String text) {
        List<HostPort> found = new ArrayList<>();
        for (String part : text.split("[;,]", -1)) {
            if (!part.isBlank()) {
                found.add(parse(part));
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("no endpoint in '" + text + "'; give host:port, several with commas");
        }
        return List.copyOf(found);
    }

    private static int port(String digits, String whole) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + whole + "' is not host:port", e);
        }
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
