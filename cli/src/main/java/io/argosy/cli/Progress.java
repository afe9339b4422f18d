package io.argosy.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** A line per second on the error stream while something long runs; quiet for what is over sooner. */
final class Progress implements AutoCloseable {

    private final String what;
    private final Consumer<String> say;
    private final LongAdder done = new LongAdder();
    private final long startNanos = System.nanoTime();
    private final CountDownLatch closed = new CountDownLatch(1);

    Progress(String what, Consumer<String> say) {
        this.what = what;
        this.say = say;
        Thread thread = new Thread(this::report, "progress");
        thread.setDaemon(true);
        thread.start();
    }

    void add(long count) {
        done.add(count);
    }

    long count() {
        return done.sum();
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    double perSecond() {
        return count() * 1e9 / Math.max(1, System.nanoTime() - startNanos);
    }

    private void report() {
        try {
            while (!closed.await(1, TimeUnit.SECONDS)) {
                say.accept(String.format(Locale.ROOT, "%,d %s, %,.0f/s", count(), what, perSecond()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
