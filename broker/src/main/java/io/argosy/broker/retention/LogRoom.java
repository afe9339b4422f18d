package io.argosy.broker.retention;

import io.argosy.raft.storage.Disk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** How large the log may become. Asked again at each look, because others fill the disk as well. */
@FunctionalInterface
public interface LogRoom {

    /** Left to the state store and to whoever else uses the disk. */
    double FREE_SHARE = 0.9;

    /**
     * @param logBytes of the log as it is
     * @return bytes at which the log counts as full
     */
    long logBytesMax(long logBytes);

    static LogRoom fixed(long logBytesMax) {
        return logBytes -> logBytesMax;
    }

    /**
     * What the log has and 90 % of what is free by now. Replicas that share a disk so leave each other room: each sees the
     * space shrink that the others take.
     */
    static LogRoom freeSpace(Disk disk, Path folder) {
        return logBytes -> {
            try {
                return logBytes + (long) (FREE_SHARE * disk.usableBytes(folder));
            } catch (IOException e) {
                throw new UncheckedIOException("cannot tell the free space of " + folder, e);
            }
        };
    }
}
