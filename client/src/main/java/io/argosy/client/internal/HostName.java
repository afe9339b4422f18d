package io.argosy.client.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** This machine's name, asked once: the resolver may be slow. */
public final class HostName {

    public static final String LOCAL = find();

    private HostName() {}

    private static String find() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
