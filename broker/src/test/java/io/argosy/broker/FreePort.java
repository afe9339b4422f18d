package io.argosy.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for listeners whose addresses must be known before they start. */
final class FreePort {

    private static final int FIRST = 20_000;
    private static final int COUNT = 12_000;

    private FreePort() {}

    /** Below the range that outgoing connections take theirs from: nobody grabs it before the listener does. */
    static int next() {
        UncheckedIOException none = new UncheckedIOException(new IOException("no free port found"));
        for (int i = 0; i < 200; i++) {
            int port = FIRST + ThreadLocalRandom.current().nextInt(COUNT);
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException e) {
                none.addSuppressed(e);
            }
        }
        throw none;
    }
}
