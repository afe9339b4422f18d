package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Finds the peak, then offers a multiple of it, and sorts what happens to it. */
final class OverloadRun {

    private final Bed bed;

    OverloadRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Load.Shape peakShape, Driver impatient, int producers, double factor) throws Exception {
        Target target = peakShape.target();
        target.create(bed.driver());
        double peak = peak(peakShape);
        bed.say("peak %,.0f/s; now %.0f times as much from %d producers", peak, factor, producers);

        LongAdder retryable = new LongAdder();
        LongAdder forGood = new LongAdder();
        Counters counters = new Counters();
        List<Sender> senders = new ArrayList<>();
        for (int i = 0; i < producers; i++) {
            senders.add(sorting(impatient.sender(), impatient, retryable, forGood));
        }
        Load load = Load.start(
                new Load.Shape(target, peakShape.bodyBytes(), peak * factor, producers, 0, false, 0),
                senders,
                counters);
        Bed.Measured measured;
        try {
            measured = bed.measure(counters);
        } finally {
            load.stop();
        }
        Map<String, Double> resident = bed.meter().residentMebibytes();
        for (Sender sender : senders) {
            sender.close();
        }
        Slice total = measured.slices().total();
        Result result = new Result().with(measured.slices(), peakShape.bodyBytes());
        result.with(measured.latencies());
        result.with("peakPerSecond", peak);
        result.with("offeredPerSecond", (total.messages() + total.failures()) / total.seconds());
        result.with("goodputPerSecond", total.rate());
        result.with("goodputShare", total.rate() / peak);
        result.with("refusedRetryable", retryable.doubleValue());
        result.with("refusedForGood", forGood.doubleValue());
        result.withMemory(resident);
        return result.with("residentMaxMiB", resident.isEmpty() ? 0 : Collections.max(resident.values()));
    }

    private double peak(Load.Shape shape) throws Exception {
        Counters counters = new Counters();
        try (Sender sender = bed.driver().sender()) {
            Load load = Load.start(shape, List.of(sender), counters);
            try {
                return bed.measure(counters).slices().total().rate();
            } finally {
                load.stop();
            }
        }
    }

    private Sender sorting(Sender sender, Driver driver, LongAdder retryable, LongAdder forGood) {
        return new Sender() {
            @Override
            public void send(String topic, int queue, byte[] body, Driver.Completion completion) throws Exception {
                sender.send(topic, queue, body, (messages, failure) -> {
                    if (failure != null) {
                        if (driver.retryable(failure)) {
                            retryable.add(messages);
                        } else {
                            if (forGood.sum() == 0) {
                                bed.say("refused for good: %s", failure);
                            }
                            forGood.add(messages);
                        }
                    }
                    completion.done(messages, failure);
                });
            }

            @Override
            public void sendAndWait(String topic, byte[] body) throws Exception {
                sender.sendAndWait(topic, body);
            }

            @Override
            public void flush() throws Exception {
                sender.flush();
            }

            @Override
            public void close() throws java.io.IOException {
                sender.close();
            }
        };
    }
}
