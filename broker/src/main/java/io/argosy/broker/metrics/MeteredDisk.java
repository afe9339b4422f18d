package io.argosy.broker.metrics;

import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.ForwardingDisk;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Times fsyncs. */
final class MeteredDisk extends ForwardingDisk {

    private final Timer fsync;
    private final LongSupplier nanoClock;

    MeteredDisk(Disk disk, Timer fsync, LongSupplier nanoClock) {
        super(disk);
        this.fsync = fsync;
        this.nanoClock = nanoClock;
    }

    @Override
    public DiskFile open(Path file, boolean create) throws IOException {
        return new MeteredFile(super.open(file, create));
    }

    private final class MeteredFile extends ForwardingFile {

        MeteredFile(DiskFile file) {
            super(file);
        }

        @Override
        public void force() throws IOException {
            long startNanos = nanoClock.getAsLong();
            super.force();
            fsync.record(nanoClock.getAsLong() - startNanos, TimeUnit.NANOSECONDS);
        }
    }
}
