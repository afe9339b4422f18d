package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Completion;
import io.argosy.benchmarks.Driver.Sender;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Messages on their way to a system, from threads of their own, until it is stopped. */
final class Load {

    private static final int BODIES = 64;
    private static final Duration END_MAX = Duration.ofSeconds(60);

    /**
     * What to send.
     *
     * @param ratePerSecond 0 = as fast as it is acknowledged
     * @param threads that send; with a rate, each has its share of it
     * @param inFlight 1 = the next is sent when the last is acknowledged; 0 = as many as the client takes
     * @param stamped each body begins with the time when it was due
     * @param limit messages in all, 0 = no end
     */
    record Shape(
            Target target,
            int bodyBytes,
            double ratePerSecond,
            int threads,
            int inFlight,
            boolean stamped,
            long limit) {

        static Shape flatOut(Target target, int bodyBytes, int threads, int inFlight) {
            return new Shape(target, bodyBytes, 0, threads, inFlight, false, 0);
        }

        static Shape paced(Target target, int bodyBytes, double ratePerSecond) {
            return new Shape(target, bodyBytes, ratePerSecond, 1, 0, false, 0);
        }

        Shape withStamps() {
            return new Shape(target, bodyBytes, ratePerSecond, threads, inFlight, true, limit);
        }

        Shape withLimit(long messages) {
            return new Shape(target, bodyBytes, ratePerSecond, threads, inFlight, stamped, messages);
        }
    }

    private final Shape shape;
    private final List<Sender> senders;
    private final Counters counters;
    private final byte[][] bodies = new byte[BODIES][];
    private final Optional<Semaphore> room;
    private final AtomicLong next = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;

    private Load(Shape shape, List<Sender> senders, Counters counters) {
        this.shape = shape;
        this.senders = List.copyOf(senders);
        this.counters = counters;
        this.room = shape.inFlight > 1 ? Optional.of(new Semaphore(shape.inFlight)) : Optional.empty();
        Random random = new Random(1);
        for (int i = 0; i < BODIES; i++) {
            bodies[i] = new byte[shape.bodyBytes];
            random.nextBytes(bodies[i]);
        }
    }

    /** Starts sending; the senders stay the caller's. */
    static Load start(Shape shape, List<Sender> senders, Counters counters) {
        Load load = new Load(shape, senders, counters);
        for (int i = 0; i < shape.threads; i++) {
            int number = i;
            Thread thread = new Thread(() -> load.send(number), "bench-sender-" + i);
            thread.setDaemon(true);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    private void send(int thread) {
        Sender sender = senders.get(thread % senders.size());
        try {
            if (shape.ratePerSecond > 0) {
                paced(sender, thread);
            } else if (shape.inFlight == 1) {
                oneByOne(sender);
            } else {
                flatOut(sender);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void flatOut(Sender sender) throws InterruptedException {
        Completion completion = new Completion() {
            @Override
            public void done(int messages, @Nullable Throwable failure) {
                room.ifPresent(permits -> permits.release(messages));
                if (failure == null) {
                    counters.done(messages);
                } else if (!over) {
                    counters.failed(messages, failure);
                }
            }
        };
        for (long number = next.getAndIncrement(); !ended(number); number = next.getAndIncrement()) {
            if (room.isPresent()) {
                room.get().acquire();
            }
            hand(sender, number, body(number, System.nanoTime()), completion);
        }
    }

    private void oneByOne(Sender sender) throws InterruptedException {
        for (long number = next.getAndIncrement(); !ended(number); number = next.getAndIncrement()) {
            long startNanos = System.nanoTime();
            try {
                sender.sendAndWait(shape.target.topic(number), body(number, startNanos));
                counters.doneSince(startNanos);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                if (!over) {
                    counters.failed(1, e);
                }
            }
        }
    }

    /** Sends what is due, however late it is, and counts from when it was due: nobody is forgiven a queue. */
    private void paced(Sender sender, int thread) throws InterruptedException {
        double periodNanos = TimeUnit.SECONDS.toNanos(1) * shape.threads / shape.ratePerSecond;
        long startNanos = System.nanoTime() + (long) (periodNanos * thread / shape.threads);
        for (long i = 0; !over; i++) {
            long dueNanos = startNanos + (long) (i * periodNanos);
            for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            long number = next.getAndIncrement();
            if (ended(number)) {
                return;
            }
            hand(sender, number, body(number, dueNanos), (messages, failure) -> {
                if (failure == null) {
                    counters.doneSince(dueNanos);
                } else if (!over) {
                    counters.failed(messages, failure);
                }
            });
        }
    }

    private void hand(Sender sender, long number, byte[] body, Completion completion) throws InterruptedException {
        try {
            sender.send(shape.target.topic(number), shape.target.queue(number), body, completion);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            // The end interrupts whoever waits for room.
            if (!over) {
                completion.done(1, e);
            }
        }
    }

    private boolean ended(long number) {
        return over || (shape.limit > 0 && number >= shape.limit);
    }

    private byte[] body(long number, long dueNanos) {
        byte[] body = bodies[(int) (number % BODIES)];
        if (!shape.stamped) {
            return body;
        }
        byte[] stamped = body.clone();
        ByteBuffer.wrap(stamped).putLong(dueNanos);
        return stamped;
    }

    /** Waits until the limit was sent and its outcome is known. */
    void awaitLimit() throws Exception {
        for (Thread thread : threads) {
            thread.join();
        }
        for (Sender sender : senders) {
            sender.flush();
        }
    }

    /** Sends no more; what is under way is left to the senders. */
    void stop() {
        over = true;
        for (Thread thread : threads) {
            thread.interrupt();
        }
        long deadlineNanos = System.nanoTime() + END_MAX.toNanos();
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
