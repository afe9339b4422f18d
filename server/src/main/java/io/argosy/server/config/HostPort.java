package io.argosy.server.config;

import java.net.InetSocketAddress;

/** An address as written: a name is kept as a name, so that it is looked up again with each new connection. */
public record HostPort(String host, int port) {

    public HostPort {
        if (host.isBlank()) {
            throw new IllegalArgumentException("empty host");
        }
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is outside 0..65535");
        }
    }

    /**
     * Reads {@code host:port}; an IPv6 host stands in brackets, as in {@code [::1]:8081}.
     *
     * @throws IllegalArgumentException with a text for people
     */
    public static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0 || colon == text.length() - 1) {
            throw new IllegalArgumentException("'" + text + "' is not host:port");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException("'" + text + "': write an IPv6 host in brackets, [::1]:8081");
        }
        try {
            return new HostPort(host, Integer.parseInt(text.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is not host:port", e);
        }
    }

    /** Looks the name up now; for listeners. */
    public InetSocketAddress resolve() {
        return new InetSocketAddress(host, port);
    }

    public HostPort withPort(int otherPort) {
        return new HostPort(host, otherPort);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
