package io.argosy.server.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was started, to be stopped in the opposite order, also when a start fails half way. A part whose stop fails is
 * logged and does not keep the others from stopping. Not thread-safe but for {@link #close}.
 */
public final class Lifecycle implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

    private final Deque<Part> parts = new ArrayDeque<>();

    /** Starts a whole out of parts; if that fails, the parts that were started are stopped. */
    public static <T> T start(Function<Lifecycle, T> whole) {
        Lifecycle lifecycle = new Lifecycle();
        try {
            return whole.apply(lifecycle);
        } catch (RuntimeException e) {
            lifecycle.close();
            throw e;
        }
    }

    /** @return the part, started */
    public <T extends AutoCloseable> T add(String name, T part) {
        onStop(name, part);
        return part;
    }

    /** Runs before everything that was added earlier is stopped. */
    public synchronized void onStop(String name, AutoCloseable stop) {
        parts.push(new Part(name, stop));
    }

    /** Stops everything that is still running; the second call finds nothing. */
    @Override
    public synchronized void close() {
        while (!parts.isEmpty()) {
            Part part = parts.pop();
            try {
                part.stop().close();
            } catch (Exception e) {
                log.warn("could not stop part={}", part.name(), e);
            }
        }
    }

    private record Part(String name, AutoCloseable stop) {}
}
