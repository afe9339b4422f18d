package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.Sender;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/** From the time a message was due to its arrival at a consumer in the same process. */
final class EndToEndRun {

    private static final double ATTACH_SECONDS_MAX = 60;

    private final Bed bed;

    EndToEndRun(Bed bed) {
        this.bed = bed;
    }

    Result run(Load.Shape shape) throws Exception {
        Target target = shape.target();
        target.create(bed.driver());
        Counters sent = new Counters();
        Counters received = new Counters();
        Consumer<ByteBuffer> receiver = body -> received.doneSince(body.getLong(body.position()));
        try (Sender sender = bed.driver().sender();
                Closeable consumer = bed.driver().consumer(target.topic(0), false, receiver)) {
            bed.say("consuming with %s", consumer.getClass().getSimpleName());
            Load load = Load.start(shape.withStamps(), List.of(sender), sent);
            try {
                // A group takes seconds to form; what arrived late because of that belongs to the warm-up.
                double deadline = System.nanoTime() + ATTACH_SECONDS_MAX * 1e9;
                while (received.doneCount() == 0 && System.nanoTime() < deadline) {
                    Pace.seconds(0.1);
                }
                Bed.Measured measured = bed.measure(received);
                Result result =
                        new Result().with(measured.slices(), shape.bodyBytes()).with(measured.latencies());
                result.with("failures", (double) sent.failedCount());
                sent.firstFailure().ifPresent(failure -> bed.say("first failure: %s", failure));
                return result.withMemory(bed.meter().residentMebibytes());
            } finally {
                load.stop();
            }
        } finally {
            target.delete(bed.driver());
        }
    }
}
