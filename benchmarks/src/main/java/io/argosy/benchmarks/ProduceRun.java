package io.argosy.benchmarks;

import io.argosy.benchmarks.Driver.LogWrites;
import io.argosy.benchmarks.Driver.Sender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sends: as fast as it is acknowledged, at a rate, or one by one. */
final class ProduceRun {

    private final Bed bed;

    ProduceRun(Bed bed) {
        this.bed = bed;
    }

    /**
     * @param producers clients to spread the threads over
     * @param diskFolder where to measure, right afterwards, what the disk can do with the writes that were seen
     */
    Result run(Load.Shape shape, int producers, Optional<Path> diskFolder) throws Exception {
        shape.target().create(bed.driver());
        Counters counters = new Counters();
        List<Sender> senders = new ArrayList<>();
        try {
            for (int i = 0; i < producers; i++) {
                senders.add(bed.driver().sender());
            }
            Bed.Measured measured;
            Optional<LogWrites> before;
            Optional<LogWrites> after;
            Load load = Load.start(shape, senders, counters);
            try {
                bed.say("warming up for %d s", bed.timing().warmUp().toSeconds());
                Pace.until(System.nanoTime() + bed.timing().warmUp().toNanos());
                before = bed.driver().logWrites();
                measured = bed.measureWarm(counters);
                after = bed.driver().logWrites();
            } finally {
                load.stop();
            }
            Result result = new Result().with(measured.slices(), shape.bodyBytes());
            if (measured.latencies().getTotalCount() > 0) {
                result.with(measured.latencies());
            }
            result.withMemory(bed.meter().residentMebibytes());
            counters.firstFailure().ifPresent(failure -> bed.say("first failure: %s", failure));
            for (Sender sender : senders) {
                sender.close();
            }
            senders.clear();
            if (before.isPresent() && after.isPresent()) {
                disk(result, before.get(), after.get(), diskFolder);
            }
            return result;
        } finally {
            for (Sender sender : senders) {
                sender.close();
            }
            shape.target().delete(bed.driver());
        }
    }

    private void disk(Result result, LogWrites before, LogWrites after, Optional<Path> folder) throws Exception {
        double messages = after.messages() - before.messages();
        double bytes = after.bytes() - before.bytes();
        double fsyncs = after.fsyncs() - before.fsyncs();
        if (messages <= 0 || bytes <= 0) {
            return;
        }
        result.with("logBytesPerMessage", bytes / messages);
        if (fsyncs <= 0) {
            return;
        }
        result.with("messagesPerFsync", messages / fsyncs);
        if (folder.isPresent()) {
            int batchBytes = (int) Math.min(DiskLimit.BATCH_BYTES_MAX, Math.max(1, bytes / fsyncs));
            bed.say("what the disk can do: three writers, %,d bytes and an fsync at a time", batchBytes);
            DiskLimit.Figures limit = DiskLimit.measure(folder.get(), batchBytes);
            result.with("diskLimitBatchBytes", batchBytes);
            result.with("diskLimitMegabytesPerSecond", limit.writerBytesPerSecond() / 1e6);
            result.with("diskLimitMessagesPerSecond", limit.writerBytesPerSecond() * messages / bytes);
        }
    }
}
