package io.argosy.wire.grpc;

import io.grpc.Server;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** How a listener ends: no new calls, some time for those under way, then the connections are cut. */
public final class OrderlyStop {

    private OrderlyStop() {}

    /**
     * Returns when the listener has ended, or was told to after the grace.
     *
     * @param grace for calls under way
     */
    public static void stop(Server server, Duration grace) {
        server.shutdown();
        try {
            if (server.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.shutdownNow();
    }
}
