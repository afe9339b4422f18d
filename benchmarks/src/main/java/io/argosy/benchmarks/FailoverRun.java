package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Kills the leader while one message after the other is sent, each until it is acknowledged; tells the longest silence
 * and, having read everything back, what was lost or stored twice. SIGKILL leaves the page cache alone: this is about
 * availability, not about power.
 */
final class FailoverRun {

    private static final int BODY_BYTES = 32;
    private static final double CALM_SECONDS = 6;
    /** After a fault, acknowledgements must come for so long before it is over. */
    private static final int GOOD_SECONDS = 5;

    private static final double OUTAGE_SECONDS_MAX = 120;
    private static final double REJOIN_SECONDS = 15;
    private static final Duration SILENCE_MAX = Duration.ofSeconds(8);
    private static final double FIRST_MESSAGE_SECONDS_MAX = 60;
    private static final double READ_BACK_SECONDS_MAX = 180;

    private final Bed bed;
    private final AckGaps gaps = new AckGaps();
    private final BitSet acknowledged = new BitSet();
    private final AtomicLong errors = new AtomicLong();
    private volatile boolean over;

    FailoverRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Target target, int kills) throws Exception {
        Control control = bed.control().orElseThrow(() -> new IllegalArgumentException("this needs --control"));
        target.create(bed.driver());
        String topic = target.topic(0);
        List<Double> gapsMillis = new ArrayList<>();
        try (Sender sender = bed.driver().sender()) {
            Thread sending = new Thread(() -> send(sender, topic), "bench-sender");
            sending.setDaemon(true);
            sending.start();
            awaitAcknowledgements(bed.timing().warmUp().toMillis() / 1e3);
            for (int kill = 1; kill <= kills; kill++) {
                awaitAcknowledgements(CALM_SECONDS);
                int leader = bed.driver().leader(topic);
                gaps.forget();
                control.run("kill", Integer.toString(leader));
                awaitAcknowledgements(GOOD_SECONDS);
                double millis = gaps.longestNanos() / 1e6;
                gapsMillis.add(millis);
                bed.say("kill %d: node %d, longest gap %,.0f ms", kill, leader, millis);
                control.run("restart", Integer.toString(leader));
                Pace.seconds(REJOIN_SECONDS);
            }
            over = true;
            sending.join(Duration.ofSeconds((long) OUTAGE_SECONDS_MAX).toMillis());
        }
        Result result = new Result();
        gapsMillis.sort(null);
        result.with("gapMedianMillis", Report.median(gapsMillis).orElse(0));
        result.with("gapMinMillis", gapsMillis.get(0));
        result.with("gapMaxMillis", gapsMillis.get(gapsMillis.size() - 1));
        result.with("kills", kills);
        result.with("errors", errors.doubleValue());
        readBack(result, topic);
        return result;
    }

    private void send(Sender sender, String topic) {
        for (int number = 0; !over; number++) {
            byte[] body = new byte[BODY_BYTES];
            ByteBuffer.wrap(body).putLong(number);
            while (!over && !sent(sender, topic, body)) {
                Pace.seconds(0.005);
            }
            if (over) {
                return;
            }
            gaps.acknowledged(System.nanoTime());
            synchronized (acknowledged) {
                acknowledged.set(number);
            }
        }
    }

    private boolean sent(Sender sender, String topic, byte[] body) {
        try {
            sender.sendAndWait(topic, body);
            return true;
        } catch (Exception e) {
            if (errors.getAndIncrement() == 0) {
                bed.say("first error: %s", e);
            }
            return false;
        }
    }

    /** Until they have come in each of so many seconds in a row. */
    private void awaitAcknowledgements(double seconds) {
        long startNanos = System.nanoTime();
        int good = 0;
        while (good < seconds) {
            long before = gaps.count();
            Pace.seconds(1);
            good = gaps.count() > before ? good + 1 : 0;
            if (System.nanoTime() - startNanos > OUTAGE_SECONDS_MAX * 1e9) {
                throw new IllegalStateException("no acknowledgements for " + OUTAGE_SECONDS_MAX + " s");
            }
        }
    }

    private void readBack(Result result, String topic) throws Exception {
        Map<Long, Integer> seen = new ConcurrentHashMap<>();
        AtomicLong lastNanos = new AtomicLong(System.nanoTime());
        try (Closeable consumer = bed.driver().consumer(topic, true, body -> {
            seen.merge(body.getLong(body.position()), 1, Integer::sum);
            lastNanos.set(System.nanoTime());
        })) {
            bed.say("reading back with %s", consumer.getClass().getSimpleName());
            double silence = 0;
            long startNanos = System.nanoTime();
            while (silence < (seen.isEmpty() ? FIRST_MESSAGE_SECONDS_MAX : SILENCE_MAX.toSeconds())
                    && System.nanoTime() - startNanos < READ_BACK_SECONDS_MAX * 1e9) {
                Pace.seconds(0.5);
                silence = (System.nanoTime() - lastNanos.get()) / 1e9;
            }
        }
        long lost = acknowledged.stream()
                .filter(number -> !seen.containsKey((long) number))
                .count();
        long duplicated = seen.values().stream().filter(times -> times > 1).count();
        result.with("acknowledged", (double) acknowledged.cardinality());
        result.with("lost", (double) lost);
        result.with("duplicated", (double) duplicated);
    }
}
