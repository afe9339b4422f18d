package io.argosy.raft;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port nobody listens on, from below the range that the system gives to outgoing connections: one from that range
 * may be taken by any connection before it is used.
 */
public final class FreePort {

    private static final int FIRST = 15_000;
    private static final int LAST = 32_000;

    private FreePort() {}

    public static InetSocketAddress address() {
        IllegalStateException none = new IllegalStateException("no free port between " + FIRST + " and " + LAST);
        for (int i = 0; i < 1000; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
            } catch (IOException e) {
                none.addSuppressed(e);
            }
        }
        throw none;
    }
}
