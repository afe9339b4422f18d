package io.argosy.broker.rpc;

import io.argosy.broker.rpc.Leadership.View;
import io.grpc.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the client port open while this replica can bring calls to a leader. A replica that was without one for five
 * seconds says GOAWAY, so that its clients move to others, and opens the port again when it has one (D7).
 */
public final class ClientListener implements AutoCloseable {

    /** Without a leader before the port is closed; elections take far less. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    /** For calls under way when the port closes; longer than any call is held. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(3);

    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Logger log = LoggerFactory.getLogger(ClientListener.class);

    private final Function<InetSocketAddress, Server> servers;
    private final Leadership leadership;
    private final Runnable endStreams;
    private final Timers timers;

    // Guarded by this: start and close come from outside, the rest from timers.
    private InetSocketAddress address;
    private Optional<Server> open = Optional.empty();
    private final List<Server> closing = new ArrayList<>();
    private long leaderSeenNanos;
    private boolean stopped;

    /**
     * @param servers builds a server for an address, not started; each can be used once
     * @param endStreams ends calls that would not end by themselves when the port closes
     */
    ClientListener(
            InetSocketAddress address,
            Function<InetSocketAddress, Server> servers,
            Leadership leadership,
            Runnable endStreams,
            Timers timers) {
        this.address = address;
        this.servers = servers;
        this.leadership = leadership;
        this.endStreams = endStreams;
        this.timers = timers;
    }

    /** @throws IOException if the port cannot be had */
    public synchronized void start() throws IOException {
        Server server = servers.apply(address).start();
        open = Optional.of(server);
        // Port 0 becomes a real one, and stays the same when the port opens again.
        address = new InetSocketAddress(address.getAddress(), server.getPort());
        leaderSeenNanos = timers.nanoTime();
        leadership.onChange(() -> timers.schedule(0, this::check));
        timers.schedule(CHECK_NANOS, this::tick);
    }

    public synchronized int port() {
        return address.getPort();
    }

    /** Whether clients can connect now. */
    public synchronized boolean isOpen() {
        return open.isPresent();
    }

    /** Closes the port for good: no new connections, GOAWAY on the others, calls under way may finish. */
    @Override
    public synchronized void close() {
        stopped = true;
        shut();
    }

    /** After {@link #close}: waits for the calls under way, not longer than the patience. */
    void awaitDrained(Duration patience) throws InterruptedException {
        List<Server> draining;
        synchronized (this) {
            draining = List.copyOf(closing);
        }
        for (Server server : draining) {
            if (!server.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                log.info("calls are still under way port={} waitedMillis={}", port(), patience.toMillis());
            }
        }
    }

    /** As {@link #close}, and ends what is still under way. */
    synchronized void closeNow() {
        close();
        closing.forEach(Server::shutdownNow);
        closing.clear();
    }

    private void tick() {
        check();
        synchronized (this) {
            if (!stopped) {
                timers.schedule(CHECK_NANOS, this::tick);
            }
        }
    }

    private synchronized void check() {
        if (stopped) {
            return;
        }
        View view = leadership.view();
        long nowNanos = timers.nanoTime();
        if (view.self() || view.leader().isPresent()) {
            leaderSeenNanos = nowNanos;
            if (open.isEmpty()) {
                reopen(view);
            }
        } else if (open.isPresent() && nowNanos - leaderSeenNanos >= PATIENCE.toNanos()) {
            log.warn("client port closed, no leader since seconds={} port={}", PATIENCE.toSeconds(), address.getPort());
            shut();
        }
    }

    private void reopen(View view) {
        try {
            open = Optional.of(servers.apply(address).start());
            log.info("client port open again port={} term={}", address.getPort(), view.term());
        } catch (IOException e) {
            // The old listening socket may take a moment to go; the next tick tries again.
            log.warn("client port cannot be opened port={} cause={}", address.getPort(), e.toString());
        }
    }

    private void shut() {
        open.ifPresent(server -> {
            server.shutdown();
            endStreams.run();
            closing.add(server);
            timers.schedule(DRAIN_NANOS, () -> drained(server));
        });
        open = Optional.empty();
    }

    private synchronized void drained(Server server) {
        server.shutdownNow();
        closing.remove(server);
    }
}
